"""From a picture to pixels."""

import io

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from ml.preprocess import centre_square, open_picture, seen_box, to_square
from tests.conftest import PHOTOS


def saved(image: Image.Image, kind: str = "JPEG", **options) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, kind, **options)
    file.seek(0)
    return file


def halves(width: int, height: int) -> Image.Image:
    """Red above, blue below."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (0, height // 2, width, height))
    return image


@pytest.mark.parametrize(
    ("size", "box"),
    [((40, 40), (0, 0, 40, 40)), ((60, 40), (10, 0, 50, 40)), ((41, 60), (0, 9.5, 41, 50.5))],
)
def test_the_centre_square(size, box):
    assert centre_square(*size) == box


def test_the_square_is_the_middle_of_the_picture():
    image = Image.new("RGB", (300, 100), "black")
    image.paste("white", (100, 0, 200, 100))
    pixels = to_square(image, 32)
    assert pixels.shape == (32, 32, 3)
    assert pixels.dtype == np.uint8
    assert pixels[:, 2:-2].min() > 240


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1", "I;16"])
def test_every_mode_becomes_rgb(mode):
    assert to_square(Image.new(mode, (50, 40)), 16).shape == (16, 16, 3)


def test_what_is_transparent_becomes_white():
    assert to_square(Image.new("RGBA", (50, 40), (0, 0, 0, 0)), 16).min() == 255


def test_orientation_is_applied_to_pixels_and_box():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise: the top goes to the right
    image = Image.open(saved(halves(120, 60), exif=exif))
    assert seen_box(image) == (0, 0.25, 1, 0.75)
    pixels = to_square(image, 32).astype(int)
    assert (pixels[:, -4:, 0] > pixels[:, -4:, 2]).all()
    assert (pixels[:, :4, 2] > pixels[:, :4, 0]).all()


@pytest.mark.parametrize("photo", PHOTOS, ids=lambda photo: photo.stem)
def test_a_jpeg_decoded_at_a_reduced_size_looks_the_same(photo):
    with Image.open(photo) as image:
        large = image.resize((image.width * 4, image.height * 4), Image.Resampling.BICUBIC)
    file = saved(large, quality=95)
    reduced = to_square(Image.open(file), 64).astype(int)
    decoded = Image.open(file)
    decoded.load()
    assert np.abs(reduced - to_square(decoded, 64)).mean() < 1


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_other_formats_are_refused(kind):
    with pytest.raises(UnidentifiedImageError):
        open_picture(saved(halves(20, 20), kind), 16)


def test_a_broken_picture_raises_oserror():
    data = saved(halves(200, 200)).getvalue()
    with pytest.raises(OSError, match="truncated"):
        open_picture(io.BytesIO(data[: len(data) // 2]), 16)
