"""Write a network's weights as safetensors, and its computation as an ONNX graph.

The weights are rounded to half precision once and lie in the safetensors file alone: the
graph refers to them there by ONNX's "external data", and computes with them in single
precision. So all engines compute with the same numbers, which are stored once.
"""

import copy
import json
import warnings
from pathlib import Path

import onnx
import onnxscript.optimizer
import torch
from onnx import ModelProto, TensorProto, helper

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


def write_onnx(network: Network, size: int, file: Path, weights: Path) -> None:
    """Write the graph from ``pixels`` (``uint8[n, size, size, 3]``) to the three outputs.

    ``weights`` are what ``write_safetensors`` wrote of the same network into the same folder.
    """
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
            # It would merge normalisations into convolutions, and so make other weights of
            # them. ONNX Runtime does that anyway when it loads the graph.
            optimize=False,
        )
    if program is None:
        raise RuntimeError("the exporter gave no program")
    onnxscript.optimizer.fold_constants(program.model)
    onnxscript.optimizer.remove_unused_nodes(program.model)
    model = program.model_proto
    _refer(model, weights)
    onnx.save(model, file)
    onnx.checker.check_model(file)  # by its name, because it looks for the weights beside it


def _refer(model: ModelProto, weights: Path) -> None:
    """Replace each tensor that lies in the safetensors file by a reference to it there."""
    with weights.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        header = json.loads(opened.read(length))
    tensors, casts = [], []
    for tensor in model.graph.initializer:
        name = tensor.name.removeprefix("net.")
        if name not in header:
            tensors.append(tensor)
            continue
        begin, end = header[name]["data_offsets"]
        place = {"location": weights.name, "offset": 8 + length + begin, "length": end - begin}
        half = TensorProto(
            name=f"{tensor.name}.half",
            dims=tensor.dims,
            data_type=TensorProto.FLOAT16,
            data_location=TensorProto.EXTERNAL,
        )
        for key, value in place.items():
            half.external_data.add(key=key, value=str(value))
        tensors.append(half)
        casts.append(helper.make_node("Cast", [half.name], [tensor.name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(tensors)
    model.graph.node.extend(nodes)
