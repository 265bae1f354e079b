"""How far apart training and serving are in what they say about the same pictures.

Three ways lead from a picture of a store to a calibrated probability: that of
training (pixels decoded once and kept, torch in single precision), that of the
worker, and one between them, which runs torch on the pixels that the worker sees.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ml import bundle as bundles
from ml import engines, evaluation
from ml.data import samples as data
from ml.data.samples import Sample
from ml.data.store import Store
from ml.metrics import auc
from ml.picture_cache import decode
from ml.predictor import Predictor
from ml.preprocess import to_square

BATCH = 16
SEED = 0

# Takes samples, returns the calibrated probability of each.
Way = Callable[[Sequence[Sample]], np.ndarray]


@dataclass(frozen=True)
class Parity:
    """``probabilities`` by way, each of all pictures; ``targets`` is 1 for a melanoma.

    ``held_out`` is whether the bundle's network had been kept from these pictures.
    """

    probabilities: dict[str, np.ndarray]
    targets: np.ndarray
    held_out: bool

    def differences(self, one: str, other: str) -> tuple[float, float]:
        """Return the largest and the mean difference of two ways."""
        apart = np.abs(self.probabilities[one] - self.probabilities[other])
        return float(apart.max()), float(apart.mean())

    def auc(self, way: str) -> float | None:
        """Return the AUC of a way, where there are both classes."""
        if not 0 < self.targets.sum() < len(self.targets):
            return None
        return auc(self.targets, self.probabilities[way]).value


TRAINING = "training's pixels, torch fp32"
BETWEEN = "worker's pixels, torch fp32"
ONE_VIEW = "one view, as training scores"
ONE_VIEW_ONNX = "one view, ONNX Runtime"
PAIRS = ((TRAINING, BETWEEN), (ONE_VIEW, ONE_VIEW_ONNX))


def worker(device: str) -> str:
    """Return what the worker's way on a device is called."""
    return f"worker on {device}, " + ("ONNX Runtime" if device == "cpu" else "torch bf16")


def devices() -> list[str]:
    """Return what a worker may run on here; it takes the first by itself."""
    return ["cuda", "cpu"] if engines.has_gpu() else ["cpu"]


def measure_parity(store: Store, folder: Path, most: int, cache: Path) -> Parity:
    """Ask all ways about up to ``most`` pictures of the test fold.

    Raises ``StoreError`` where no folds are frozen, ``BundleError`` for a bundle
    that is not whole, ``ValueError`` where the test fold is empty.
    """
    bundle = bundles.read(folder)
    test = bundle.facts["folds"]["test"]
    samples = [one for one in data.read(store, bundle.size) if one.fold == test]
    if not samples:
        raise ValueError(f"no picture of the store is in the test fold, {test}")
    chosen = np.random.default_rng(SEED).permutation(len(samples))[:most]
    samples = [samples[i] for i in sorted(chosen)]
    return Parity(
        {name: way(samples) for name, way in _ways(bundle, cache).items()},
        np.array([one.target for one in samples]),
        bundle.facts["folds"]["sha256"] == store.folds_sha256(),
    )


def _ways(bundle: bundles.Bundle, cache: Path) -> dict[str, Way]:
    torch = engines.choose(bundle, "torch-cpu")
    one_view = engines.OnnxEngine(bundle.folder / bundles.ONNX)

    def kept(samples: Sequence[Sample]) -> np.ndarray:
        return decode([one.picture for one in samples], bundle.size, cache)

    def seen(samples: Sequence[Sample]) -> np.ndarray:
        opened = (Image.open(one.picture.open()) for one in samples)
        return np.stack([to_square(image, bundle.size) for image in opened])

    def through(engine: engines.Engine, look: Callable[[Sequence[Sample]], np.ndarray]) -> Way:
        def way(samples: Sequence[Sample]) -> np.ndarray:
            pixels = look(samples)
            parts = [
                engine(np.array(pixels[start : start + BATCH]))[0]
                for start in range(0, len(pixels), BATCH)
            ]
            return bundle.calibration.probability(np.concatenate(parts))

        return way

    ways = {
        TRAINING: through(torch, kept),
        BETWEEN: through(torch, seen),
        ONE_VIEW: lambda samples: bundle.calibration.probability(_scores(bundle, samples)),
        ONE_VIEW_ONNX: through(one_view, seen),
    }
    return ways | {worker(device): _as_the_worker(bundle, device) for device in devices()}


def _as_the_worker(bundle: bundles.Bundle, device: str) -> Way:
    predictor = Predictor.load(bundle.folder, device)

    def way(samples: Sequence[Sample]) -> np.ndarray:
        answers = []
        for start in range(0, len(samples), BATCH):
            images = [Image.open(one.picture.open()) for one in samples[start : start + BATCH]]
            answers += [answer.probability for answer in predictor.predict_batch(images)]
        return np.array(answers)

    return way


def _scores(bundle: bundles.Bundle, samples: Sequence[Sample]) -> np.ndarray:
    """Return the logits that training itself gives to pictures held out."""
    from ml.network import Network

    facts = bundle.facts
    network = Network.load(
        facts["architecture"], facts["input"]["normalisation"], bundle.folder / bundles.WEIGHTS
    )
    return evaluation.score(network, samples, bundle.size, lambda _: None)
