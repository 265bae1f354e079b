"""Training, torch and ONNX Runtime say the same of a picture, and see it as the bundle says.

The pixels are held against a transform that is written down here once more, in
Pillow's own words: were both training and serving changed alike, the shipped
network would no longer see what it has learnt from.
"""

from io import BytesIO

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from ml import bundle as bundles
from ml import engines, evaluation, preprocess
from ml.data.samples import Picture, Sample
from ml.picture_cache import decode
from ml.predictor import Predictor
from tests.conftest import PHOTOS
from tests.ml.made_up import made_up_picture

pytestmark = pytest.mark.training

# Between probabilities, in single precision.
TOLERANCE = 1e-4

# From smaller than the network's view to so large that JPEG is decoded reduced.
SIZES = [(150, 120), (192, 192), (257, 190), (600, 450), (450, 600), (1024, 767), (1900, 1425)]
UPSIDE_DOWN_AND_MIRRORED, ON_ITS_SIDE = 4, 6


def reference(file: BytesIO, size: int) -> np.ndarray:
    """Return the picture as the bundle describes it: upright, its largest centred square, bicubic.

    A JPEG is decoded at no less than four times the size, and what is more than
    three times too large is averaged in whole pixels first.
    """
    with Image.open(file) as image:
        image.draft("RGB", (4 * size, 4 * size))
        picture = ImageOps.exif_transpose(image)
        if picture.mode != "RGB":
            white = Image.new("RGBA", picture.size, "white")
            picture = Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")
        width, height = picture.size
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
        square = picture.resize((size, size), Image.Resampling.BICUBIC, box, reducing_gap=3.0)
    return np.asarray(square)


def encoded(picture: Image.Image, kind: str = "JPEG", **options) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def turned(picture: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return encoded(picture, exif=exif)


@pytest.fixture(scope="module")
def files() -> list[bytes]:
    """Return real photos as they are and at several sizes, and made-up pictures of all forms."""
    found = [photo.read_bytes() for photo in PHOTOS]
    for photo, size in zip(PHOTOS * 2, SIZES, strict=False):
        with Image.open(photo) as image:
            found.append(encoded(image.convert("RGB").resize(size, Image.Resampling.BICUBIC)))
    chance = np.random.default_rng(0)
    spots = [made_up_picture(chance, size).crop((0, 0, size, size - 9)) for size in (90, 300, 700)]
    found += [encoded(spot, quality=90) for spot in spots]
    with Image.open(PHOTOS[0]) as image:
        found += [turned(image, how) for how in (UPSIDE_DOWN_AND_MIRRORED, ON_ITS_SIDE)]
    seen_through = spots[1].convert("RGBA")
    seen_through.putalpha(Image.linear_gradient("L").resize(seen_through.size))
    forms = {"PNG": seen_through, "WEBP": spots[2]}
    found += [encoded(picture, kind) for kind, picture in forms.items()]
    return [*found, encoded(spots[2].convert("L"))]


@pytest.fixture(scope="module")
def shipped() -> bundles.Bundle:
    return bundles.read(bundles.DEFAULT)


@pytest.fixture(scope="module")
def one_view(shipped) -> engines.Engine:
    return engines.OnnxEngine(shipped.folder / bundles.ONNX)


@pytest.fixture(scope="module")
def expected(files, shipped) -> np.ndarray:
    """Return the pixels that the network has to see, ``uint8[n, size, size, 3]``."""
    return np.stack([reference(BytesIO(file), shipped.size) for file in files])


def probability(bundle: bundles.Bundle, engine: engines.Engine, pixels: np.ndarray) -> np.ndarray:
    return bundle.calibration.probability(engine(pixels)[0])


def stored(files: list[bytes], folder) -> list[Picture]:
    """Return the files one behind the other, as a shard has them."""
    shard = folder / "shard"
    shard.write_bytes(b"".join(files))
    ends = np.cumsum([len(file) for file in files]).tolist()
    return [
        Picture(shard, end - len(file), len(file)) for file, end in zip(files, ends, strict=True)
    ]


def served(files: list[bytes]) -> list[float]:
    """Return what the worker answers, by the engine that it takes on a CPU."""
    predictor = Predictor.load(bundles.DEFAULT, "cpu")
    images = [Image.open(BytesIO(file)) for file in files]
    return [answer.probability for answer in predictor.predict_batch(images)]


def test_the_bundle_describes_the_transform_that_is_written_down_here(shipped):
    described = {name: shipped.facts["input"][name] for name in ("crop", "resampling", "views")}
    assert described == {"crop": "largest centred square", "resampling": "bicubic", "views": 8}


def test_training_torch_and_onnx_agree(files, shipped, expected, tmp_path):
    learnt_from = np.array(decode(stored(files, tmp_path), shipped.size, tmp_path))
    assert (learnt_from == expected).all()
    trained = probability(shipped, engines.choose(shipped, "torch-cpu"), learnt_from)
    assert len(files) > 20
    assert np.ptp(trained) > 0.2  # pictures that all look alike would show nothing
    assert served(files) == pytest.approx(trained, abs=TOLERANCE)


def test_the_scores_of_training_are_those_of_the_file_that_serves(
    files, shipped, expected, one_view, tmp_path
):
    from ml.network import Network

    facts = shipped.facts
    network = Network.load(
        facts["architecture"], facts["input"]["normalisation"], shipped.folder / bundles.WEIGHTS
    )
    samples = [Sample("", "", "", 0, "", 0, picture) for picture in stored(files, tmp_path)]
    logits = evaluation.score(network, samples, shipped.size, lambda _: None)
    ours = shipped.calibration.probability(logits)
    assert ours == pytest.approx(probability(shipped, one_view, expected), abs=TOLERANCE)


def another_filter(monkeypatch):
    resize = Image.Image.resize
    monkeypatch.setattr(
        Image.Image,
        "resize",
        lambda image, size, _, **options: resize(image, size, Image.Resampling.LANCZOS, **options),
    )


def a_pixel_aside(monkeypatch):
    monkeypatch.setattr(
        preprocess, "centre_square", lambda w, h: (0, 0, min(w, h) - 1, min(w, h) - 1)
    )


def not_turned(monkeypatch):
    monkeypatch.setattr(preprocess, "upright", lambda image: image)


def another_draft(monkeypatch):
    monkeypatch.setattr(preprocess.to_square, "__defaults__", (1,))


def another_gap(monkeypatch):
    monkeypatch.setattr(preprocess, "REDUCING_GAP", 1.0)


def on_black(monkeypatch):
    monkeypatch.setattr(preprocess, "flatten", lambda image: image.convert("RGB"))


# One view only: the mean over all eight does not change when a picture is turned.
@pytest.mark.parametrize(
    "change", [another_filter, a_pixel_aside, not_turned, another_draft, another_gap, on_black]
)
def test_any_other_transform_changes_what_is_said(
    files, shipped, expected, one_view, monkeypatch, change
):
    change(monkeypatch)
    seen = np.stack([preprocess.open_picture(BytesIO(file), shipped.size) for file in files])
    other = (seen != expected).any(axis=(1, 2, 3))
    before, after = (probability(shipped, one_view, part[other]) for part in (expected, seen))
    assert np.abs(after - before).max() > 2 * TOLERANCE
