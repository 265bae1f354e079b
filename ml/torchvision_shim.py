"""Let timm import next to a torch that torchvision was not built for.

The torchvision on PyPI is built against the CUDA build of torch. Next to the
CPU build its library of operators does not load, and ``import torchvision``
fails with "operator torchvision::nms does not exist", because it registers
shapes for operators that nobody declared. timm uses none of these operators;
declaring them is enough. Import this module before timm.
"""

import torch

SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}

# Kept alive for the life of the process: the declarations go when it does.
_library: torch.library.Library | None = None

try:
    import torchvision  # noqa: F401
except RuntimeError as error:
    if "torchvision::" not in str(error):
        raise
    _library = torch.library.Library("torchvision", "DEF")
    for schema in SCHEMAS.values():
        _library.define(schema)
