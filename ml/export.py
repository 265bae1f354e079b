"""Write a network's weights as safetensors and ONNX, both in half precision.

The weights are rounded to half precision once, and both files hold the rounded
numbers: half the size, and every engine computes (in single precision) with the
very same weights.
"""

import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file

from ml.network import Network

# Smaller tensors are not worth a node of their own.
_LARGE = 1024


def round_to_half(network: Network) -> None:
    """Round every weight to the nearest number that half precision can hold."""
    with torch.no_grad():
        for tensor in network.net.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(tensor.half().float())


def write_safetensors(network: Network, file: Path) -> None:
    """Write the weights of the timm model."""
    weights = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in network.net.state_dict().items()
    }
    save_file(weights, file, metadata={"format": "pt"})


def write_onnx(network: Network, size: int, file: Path) -> None:
    """Write the network from ``pixels`` (``uint8[n, size, size, 3]``) to its three outputs."""
    # Two pictures, because an exporter takes a dimension of one for a constant.
    pixels = torch.zeros(2, size, size, 3, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network.eval(),
            (pixels,),
            dynamo=True,
            optimize=False,  # merged weights would no longer be the rounded ones
            input_names=["pixels"],
            output_names=["logit", "embedding", "feature_map"],
            dynamic_shapes={"pixels": {0: torch.export.Dim.DYNAMIC}},
            verbose=False,
        )
    if program is None:
        raise RuntimeError("the exporter gave no program")
    model = program.model_proto
    _store_in_half(model)
    onnx.checker.check_model(model)
    onnx.save(model, file)


def _store_in_half(model: onnx.ModelProto) -> None:
    """Keep large weights in half precision, widened when the model is loaded."""
    graph = model.graph
    kept, widened = [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _LARGE:
            kept.append(tensor)
            continue
        stored = numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}.half")
        kept.append(stored)
        widened.append(helper.make_node("Cast", [stored.name], [tensor.name], to=TensorProto.FLOAT))
    nodes = [*widened, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
