"""What a bundle refuses: other things, disguised lesions, bad photos, good pictures.

The good pictures are those of a run's test fold, from the store that it was
trained on; neither may be copied into this repository. The photographs are
scikit-image's samples: the gate has learnt from no photograph but of skin.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ml import bundle as bundles
from ml import refusal_figures, runs, strangers
from ml.bundling import Scored
from ml.data import samples as data
from ml.data.samples import Sample
from ml.data.store import Store
from ml.engines import choose
from ml.preprocess import to_square
from ml.progress import Progress

# Of each source at most so many good pictures: ten answers a second on one core.
EACH = 500
CROPS = 4
# Those that come with the package; the others would be downloaded. "cat" is
# the same picture as "chelsea".
PHOTOGRAPHS = (
    "astronaut",
    "brick",
    "camera",
    "cell",
    "chelsea",
    "clock",
    "coffee",
    "coins",
    "colorwheel",
    "grass",
    "gravel",
    "horse",
    "hubble_deep_field",
    "immunohistochemistry",
    "logo",
    "microaneurysms",
    "moon",
    "page",
    "retina",
    "rocket",
    "text",
)
FACES = 20


@dataclass(frozen=True)
class Refused:
    """The figures, as ``refusal_figures`` makes them, and the numbers of pictures."""

    good: dict[str, int]
    strangers: dict[str, int]
    gate: dict[str, Any]
    quality: dict[str, Any]


def measure_gate(folder: Path, run: Path, store: Path | None) -> Refused:
    """Return what the bundle in ``folder`` refuses.

    ``run`` names the pictures that were held out; ``store`` is where they lie now,
    if not where the run says.
    """
    bundle = bundles.read(folder)
    if bundle.quality is None:
        raise SystemExit("the bundle has no quality limits")
    engine = choose(bundle, "cpu")
    samples = _held_out(run, store or Path(runs.read_facts(run)["store"]), bundle)
    with Progress() as progress:
        progress.start("good pictures", len(samples))
        scored = Scored(engine, samples, bundle.size, progress)
    good, sources = scored.good(), scored.sources
    pictures = strangers.gather(good.some(refusal_figures.DISGUISED), bundle.size)
    pictures += photographs(bundle.size)
    examined = refusal_figures.Examined(engine, pictures)
    return Refused(
        _counts(sources),
        _counts(examined.kinds),
        refusal_figures.of_gate(bundle.gate, good.group, examined),
        refusal_figures.of_quality(
            bundle.quality,
            good.measures,
            sources,
            good.some(refusal_figures.DEGRADED),
        ),
    )


def photographs(size: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yield scikit-image's photographs and drawings, whole and in crops, by name."""
    from skimage import data as sample_images

    chance = np.random.default_rng(0)
    for name in PHOTOGRAPHS:
        image = Image.fromarray(_as_bytes(getattr(sample_images, name)())).convert("RGB")
        yield f"photo: {name}", to_square(image, size)
        for _ in range(CROPS):
            side = int(min(image.size) * chance.uniform(0.3, 0.9))
            left = int(chance.integers(0, image.width - side + 1))
            top = int(chance.integers(0, image.height - side + 1))
            crop = image.crop((left, top, left + side, top + side))
            yield f"photo: {name}", to_square(crop, size)
    for face in sample_images.lfw_subset()[:FACES]:
        yield "photo: faces", to_square(Image.fromarray(_as_bytes(face)), size)


def _as_bytes(pixels: np.ndarray) -> np.ndarray:
    if pixels.dtype == np.uint8:
        return pixels
    return (255 * pixels.astype(np.float64) / pixels.max()).astype(np.uint8)


def _held_out(run: Path, store: Path, bundle: bundles.Bundle) -> list[Sample]:
    """Return at most ``EACH`` pictures of each source of the test fold."""
    with (run / runs.SCORES).open(newline="") as file:
        chosen = {
            (row["source"], row["image"])
            for row in csv.DictReader(file)
            if int(row["fold"]) == bundle.facts["folds"]["test"]
        }
    found: dict[str, list[Sample]] = {}
    for sample in data.read(Store(store), bundle.size):
        if (sample.source, sample.image) in chosen:
            found.setdefault(sample.source, []).append(sample)
    chance = np.random.default_rng(0)
    return [
        samples[row]
        for samples in found.values()
        for row in sorted(chance.permutation(len(samples))[:EACH])
    ]


def _counts(names: np.ndarray) -> dict[str, int]:
    return {str(name): int((names == name).sum()) for name in dict.fromkeys(names.tolist())}
