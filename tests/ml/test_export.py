"""The graph and its weights, which are stored once."""

import copy
from pathlib import Path

import numpy as np
import pytest

from ml.engines import OnnxEngine
from ml.preprocess import open_picture
from tests.conftest import PHOTOS

pytestmark = pytest.mark.training

SIZE = 64


@pytest.fixture(scope="module", params=["mobilenetv2_100", "resnet18"])
def network(request):
    import torch

    from ml import export
    from ml.network import Network

    torch.manual_seed(0)
    network = Network(request.param, "inception").eval()
    # Untrained statistics would hide how the normalisations are computed.
    for name, tensor in network.net.state_dict().items():
        if name.endswith(("running_mean", "running_var")):
            tensor.uniform_(0.5, 1.5)
    export.round_to_half(network)
    return network


@pytest.fixture
def folder(network, tmp_path) -> Path:
    from ml import export

    export.write_safetensors(network, tmp_path / "model.safetensors")
    export.write_onnx(network, SIZE, tmp_path / "model.onnx", tmp_path / "model.safetensors")
    return tmp_path


def test_the_graph_computes_what_the_network_does(network, folder):
    import torch

    pixels = np.stack([open_picture(photo, SIZE) for photo in PHOTOS[:3]])
    with torch.no_grad():
        expected = [part.numpy() for part in network(torch.from_numpy(pixels))]
    for ours, theirs in zip(OnnxEngine(folder / "model.onnx")(pixels), expected, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-3 * float(np.abs(theirs).max()))


def test_the_graph_has_no_weights_but_those_beside_it(network, folder):
    import torch

    from ml import export

    assert (folder / "model.onnx").stat().st_size < 1e6
    engine = OnnxEngine(folder / "model.onnx")
    pixels = open_picture(PHOTOS[0], SIZE)[None]
    before = engine(pixels)[0]

    changed = copy.deepcopy(network)
    with torch.no_grad():
        changed.net.get_classifier().bias += 1
    export.write_safetensors(changed, folder / "model.safetensors")
    after = OnnxEngine(folder / "model.onnx")(pixels)[0]
    assert after == pytest.approx(before + 1, abs=1e-2)


def test_a_graph_whose_weights_are_gone_does_not_load(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(Exception, match=r"model\.safetensors"):
        OnnxEngine(folder / "model.onnx")
