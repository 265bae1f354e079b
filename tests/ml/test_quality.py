"""Which photos are too bad to be judged, and what they are told."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from ml import bundle as bundles
from ml import quality
from ml.contracts import Outcome, Refusal
from ml.degradation import blur, expose, shrink
from ml.predictor import Predictor
from ml.preprocess import open_picture
from ml.quality import Limits, Measures
from tests.conftest import PHOTOS


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.load(device="cpu")


@pytest.fixture
def photo(predictor) -> np.ndarray:
    return open_picture(PHOTOS[0], predictor.size)


def refusal(predictor: Predictor, pixels: np.ndarray) -> Refusal | None:
    (prediction,) = predictor.predict_batch([Image.fromarray(pixels)])
    assert (prediction.outcome is Outcome.CANNOT_ASSESS) == (prediction.refusal is not None)
    return prediction.refusal


@pytest.mark.parametrize("file", PHOTOS, ids=lambda file: file.stem)
def test_a_good_photo_passes(predictor, file):
    assert refusal(predictor, open_picture(file, predictor.size)) is None


@pytest.mark.parametrize("file", PHOTOS, ids=lambda file: file.stem)
def test_a_bad_photo_is_told_what_is_wrong_with_it(predictor, file):
    photo = open_picture(file, predictor.size)
    chance = np.random.default_rng(0)
    assert refusal(predictor, blur(photo, 4)) is Refusal.BLURRED
    assert refusal(predictor, expose(photo, 0.25)) is Refusal.TOO_DARK
    assert refusal(predictor, expose(photo, 2.5)) is Refusal.TOO_BRIGHT
    measures = quality.measure(shrink(photo, 0.08, chance)[None])
    limits = bundles.read(bundles.DEFAULT).quality
    assert limits.beyond(measures)[Refusal.LESION_TOO_SMALL][0]


def test_a_spot_that_is_far_away_on_the_same_skin_is_too_small(predictor, photo):
    """Only where the picture still looks like skin is the size of a spot the reason."""
    bundle = bundles.read(bundles.DEFAULT)
    faulty = bundle.quality.beyond(quality.measure(photo[None]))
    assert not any(found[0] for found in faulty.values())
    nearly = Limits(0.0, 0.0, 1.0, float(quality.measure(photo[None]).spot[0]) + 1)
    strict = Predictor(_with(bundle, nearly), predictor._engine)
    assert refusal(strict, photo) is Refusal.LESION_TOO_SMALL


def _with(bundle: bundles.Bundle, limits: Limits | None) -> bundles.Bundle:
    from dataclasses import replace

    return replace(bundle, quality=limits)


def test_a_bundle_without_limits_judges_a_dark_photo(predictor, photo, tmp_path):
    folder = shutil.copytree(bundles.DEFAULT, tmp_path / "bundle")
    facts = json.loads((folder / bundles.FACTS).read_text())
    del facts["quality"]
    (folder / bundles.FACTS).write_text(json.dumps(facts))
    assert bundles.read(folder).quality is None
    found = refusal(Predictor.load(folder, device="cpu"), expose(photo, 0.25))
    assert found in (None, Refusal.OUT_OF_DOMAIN)


def test_blur_is_measured_whatever_the_contrast_and_the_light(photo):
    faint = (photo * 0.5 + 60).astype(np.uint8)
    measures = quality.measure(np.stack([photo, faint, blur(photo, 1), blur(photo, 3)]))
    sharp, as_sharp, soft, softer = measures.sharpness
    assert as_sharp == pytest.approx(sharp, rel=0.1)
    assert sharp > soft > softer


def test_exposure_is_measured_in_levels_and_shares():
    half = np.full((96, 96, 3), 100, np.uint8)
    half[:, 48:, 0] = 255
    measures = quality.measure(half[None])
    assert measures.clipped[0] == pytest.approx(0.5, abs=0.02)
    assert quality.measure(np.full((1, 96, 96, 3), 77, np.uint8)).brightness[0] == 77


def test_a_spot_counts_by_its_size_and_its_darkness():
    rows, columns = np.mgrid[-1:1:96j, -1:1:96j]

    def spot(radius: float, level: int) -> np.ndarray:
        picture = np.full((96, 96, 3), 200, np.uint8)
        picture[np.hypot(rows, columns) < radius] = level
        return picture

    small, large, faint, none = quality.measure(
        np.stack([spot(0.2, 100), spot(0.4, 100), spot(0.2, 150), spot(0, 0)])
    ).spot
    # The disc that is looked at has a radius of 0.9.
    assert small == pytest.approx(100 * (0.2 / 0.9) ** 2, rel=0.1)
    assert large == pytest.approx(4 * small, rel=0.1)
    assert faint == pytest.approx(small / 2, rel=0.1)
    assert none == 0


def test_no_limit_refuses_more_of_any_source_than_asked():
    chance = np.random.default_rng(0)
    sources = np.repeat(["large", "small"], [4000, 400])
    shift = (sources == "small") * 0.5
    good = Measures(
        chance.normal(1 + shift, 0.1),
        chance.normal(180 - 100 * shift, 5),
        chance.random(4400) * (1 + shift),
        chance.normal(20 - 10 * shift, 2),
    )
    limits = quality.fit(good, sources)
    for fault, refused in limits.beyond(good).items():
        for source in ("large", "small"):
            assert refused[sources == source].mean() <= quality.REFUSED, fault
    assert limits.beyond(good)[Refusal.TOO_BRIGHT].any()


def test_the_limit_for_darkness_leaves_room_for_dark_skin():
    bright = Measures(*(np.full(100, value) for value in (1.0, 200.0, 0.0, 20.0)))
    assert quality.fit(bright, np.repeat("one", 100)).brightness == quality.DARKEST_LIMIT


def test_a_spot_shrinks_amid_skin_of_its_own_colour(photo):
    chance = np.random.default_rng(0)
    far = shrink(photo, 0.25, chance)
    assert far.shape == photo.shape
    grey = photo.mean(axis=2)
    skin = np.median(photo[grey >= np.median(grey)], axis=0)
    assert far[:20].mean(axis=(0, 1)) == pytest.approx(skin, abs=2)
