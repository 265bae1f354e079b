"""Pictures are decoded once, and again only when something has changed."""

import os
from io import BytesIO

import numpy as np
import pytest

from ml.data.samples import Picture
from ml.picture_cache import decode
from ml.preprocess import open_picture
from tests.ml.made_up import made_up_picture


@pytest.fixture
def pictures(tmp_path):
    """Return three pictures that lie one behind the other in a file."""
    return write(tmp_path / "shard", [made_up_picture(np.random.default_rng(i)) for i in range(3)])


def write(shard, images) -> list[Picture]:
    pictures, content = [], b""
    for image in images:
        jpeg = BytesIO()
        image.save(jpeg, "JPEG")
        pictures.append(Picture(shard, len(content), len(jpeg.getvalue())))
        content += jpeg.getvalue()
    shard.write_bytes(content)
    return pictures


def test_pixels_are_kept_in_the_order_of_the_pictures(pictures, tmp_path):
    pixels = decode(pictures[::-1], 32, tmp_path / "cache")
    assert pixels.shape == (3, 32, 32, 3)
    for row, picture in zip(pixels, pictures[::-1], strict=True):
        assert (row == open_picture(picture.open(), 32)).all()


def test_nothing_is_decoded_twice(pictures, tmp_path):
    ticks: list[None] = []
    for _ in range(2):
        decode(pictures, 32, tmp_path / "cache", lambda: ticks.append(None))
    assert len(ticks) == 3


def test_a_change_of_size_selection_or_shard_makes_another_file(pictures, tmp_path):
    cache = tmp_path / "cache"
    decode(pictures, 32, cache)
    decode(pictures, 48, cache)
    decode(pictures[:2], 32, cache)
    decode(pictures[::-1], 32, cache)
    changed = write(
        tmp_path / "shard", [made_up_picture(np.random.default_rng(i)) for i in range(5, 8)]
    )
    os.utime(tmp_path / "shard", (1, 1))
    pixels = decode(changed, 32, cache)
    assert len(list(cache.glob("*.npy"))) == 5
    assert (pixels[1] == open_picture(changed[1].open(), 32)).all()


def test_a_broken_picture_leaves_nothing_that_passes_for_whole(pictures, tmp_path):
    content = pictures[2].shard.read_bytes()
    pictures[2].shard.write_bytes(content[: pictures[2].offset] + b"no picture")
    with pytest.raises(OSError, match="cannot identify"):
        decode(pictures, 32, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*.npy"))
