"""What runs the network, and what the activation map is made of."""

import numpy as np
import pytest

from ml import bundle as bundles
from ml import engines
from ml.preprocess import open_picture
from tests.conftest import PHOTOS


@pytest.fixture(scope="module")
def shipped() -> bundles.Bundle:
    return bundles.read(bundles.DEFAULT)


def seen(size: int) -> np.ndarray:
    return np.stack([open_picture(photo, size) for photo in PHOTOS])


def bias(bundle: bundles.Bundle) -> float:
    from safetensors.numpy import load_file

    return float(load_file(bundle.folder / bundles.WEIGHTS)[f"{bundle.facts['head']}.bias"][0])


@pytest.mark.parametrize("device", ["cpu", pytest.param("torch-cpu", marks=pytest.mark.training)])
def test_the_map_is_exact_its_mean_and_the_bias_are_the_logit(shipped, device):
    logits, textures, maps = engines.choose(shipped, device)(seen(shipped.size))
    evidence = np.einsum("c,nchw->nhw", shipped.head, maps)
    assert evidence.mean(axis=(1, 2)) + bias(shipped) == pytest.approx(logits, abs=1e-3)
    assert logits.dtype == textures.dtype == maps.dtype == np.float32


@pytest.mark.training
def test_the_files_hold_the_same_weights(shipped):
    pixels = seen(shipped.size)
    onnx, torch = (engines.choose(shipped, device)(pixels) for device in ("cpu", "torch-cpu"))
    assert onnx[0] == pytest.approx(torch[0], abs=1e-3)
    assert onnx[1] == pytest.approx(torch[1], abs=1e-3)
    assert onnx[1] == pytest.approx(torch[1], abs=1e-3)
    one, other = (shipped.calibration.probability(raw[0]) for raw in (onnx, torch))
    assert one == pytest.approx(other, abs=1e-4)


@pytest.mark.training
def test_training_and_serving_see_the_same_pixels(shipped, tmp_path):
    from PIL import Image

    from ml.data.samples import Picture
    from ml.picture_cache import decode
    from ml.predictor import Predictor

    pictures = [Picture(photo, 0, photo.stat().st_size) for photo in PHOTOS]
    trained_on = np.array(decode(pictures, shipped.size, tmp_path))
    assert (trained_on == seen(shipped.size)).all()
    predictor = Predictor(shipped, engines.choose(shipped, "cpu"))
    images = [Image.open(photo) for photo in PHOTOS]
    served = [one.probability for one in predictor.predict_batch(images)]
    logits, _, _ = engines.choose(shipped, "cpu")(trained_on)
    assert served == pytest.approx(shipped.calibration.probability(logits))


@pytest.mark.parametrize("device", ["tpu", "cudax", "", "CPU"])
def test_an_unknown_device_is_refused(shipped, device):
    with pytest.raises(ValueError, match="unknown device"):
        engines.choose(shipped, device)


def test_auto_is_the_cpu_where_there_is_no_gpu(shipped, monkeypatch):
    monkeypatch.setattr(engines, "has_gpu", lambda: False)
    chosen = engines.choose(shipped)
    assert isinstance(chosen, engines.AllViews)
    assert isinstance(chosen._engine, engines.OnnxEngine)
