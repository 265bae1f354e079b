"""Write a network's weights as safetensors and as an ONNX graph.

The weights are rounded to half precision once and stored so as safetensors. The
ONNX graph is made from the rounded weights, with every normalisation merged into
the convolution before it, in single precision: all engines compute the same.
"""

import copy
import warnings
from pathlib import Path

import onnx
import torch

from ml.network import Network, save_weights


def round_to_half(network: Network) -> None:
    """Round every weight to the nearest number that half precision can hold."""
    with torch.no_grad():
        for tensor in network.net.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(tensor.half().float())


def write_safetensors(network: Network, file: Path) -> None:
    """Write the weights of the timm model."""
    save_weights(copy.deepcopy(network.net).half(), file)


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
            input_names=["pixels"],
            output_names=["logit", "texture", "feature_map"],
            dynamic_shapes={"pixels": {0: torch.export.Dim.DYNAMIC}},
            verbose=False,
        )
    if program is None:
        raise RuntimeError("the exporter gave no program")
    onnx.checker.check_model(program.model_proto)
    onnx.save(program.model_proto, file)
