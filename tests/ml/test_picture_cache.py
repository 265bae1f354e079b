"""Pictures are decoded once, and again only when something has changed."""

import os

import numpy as np
import pytest

from ml.picture_cache import decode
from ml.preprocess import open_picture
from tests.ml.made_up import made_up_picture


@pytest.fixture
def pictures(tmp_path):
    chance = np.random.default_rng(0)
    paths = [tmp_path / f"{i}.jpg" for i in range(3)]
    for path in paths:
        made_up_picture(chance).save(path)
    return paths


def test_pixels_are_kept_in_the_order_of_the_paths(pictures, tmp_path):
    pixels = decode(pictures[::-1], 32, tmp_path / "cache")
    assert pixels.shape == (3, 32, 32, 3)
    for row, path in zip(pixels, pictures[::-1], strict=True):
        assert (row == open_picture(path, 32)).all()


def test_nothing_is_decoded_twice(pictures, tmp_path):
    ticks: list[None] = []
    for _ in range(2):
        decode(pictures, 32, tmp_path / "cache", lambda: ticks.append(None))
    assert len(ticks) == 3


def test_a_change_of_size_selection_or_picture_makes_another_file(pictures, tmp_path):
    cache = tmp_path / "cache"
    decode(pictures, 32, cache)
    decode(pictures, 48, cache)
    decode(pictures[:2], 32, cache)
    decode(pictures[::-1], 32, cache)
    made_up_picture(np.random.default_rng(9)).save(pictures[1])
    os.utime(pictures[1], (1, 1))
    changed = decode(pictures, 32, cache)
    assert len(list(cache.glob("*.npy"))) == 5
    assert (changed[1] == open_picture(pictures[1], 32)).all()


def test_a_broken_picture_leaves_nothing_that_passes_for_whole(pictures, tmp_path):
    pictures[2].write_bytes(b"no picture")
    with pytest.raises(OSError, match=r"2\.jpg"):
        decode(pictures, 32, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*.npy"))
