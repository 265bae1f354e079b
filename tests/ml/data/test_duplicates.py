"""Copies are found however they were made; pictures of other things are not taken for copies."""

from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageEnhance

from ml.data import duplicates
from ml.data.reduction import reduce
from tests.conftest import PHOTOS
from tests.ml.stores import ingest, patients, tiles, write_collection

pytestmark = pytest.mark.training


def encode(picture: Image.Image, quality: int) -> bytes:
    out = BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def scaled(picture: Image.Image, factor: float) -> Image.Image:
    return picture.resize((round(picture.width * factor), round(picture.height * factor)))


COPIES = {
    "half the size": lambda p: encode(scaled(p, 0.5), 80),
    "a quarter of the size": lambda p: encode(scaled(p, 0.25), 80),
    "twice the size": lambda p: encode(scaled(p, 2), 90),
    "a quality of 30": lambda p: encode(p, 30),
    "brighter": lambda p: encode(ImageEnhance.Brightness(p).enhance(1.15), 90),
    "without colour": lambda p: encode(p.convert("L").convert("RGB"), 90),
}


def hash_and_detail(file: bytes) -> tuple[np.uint64, np.ndarray]:
    reduced = reduce(file, (256,))
    return np.uint64(reduced.phash), duplicates.detail(Image.open(BytesIO(reduced.jpegs[0])))


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_is_found(kind):
    for photo in PHOTOS:
        with Image.open(photo) as image:
            picture = image.convert("RGB")
        hash_a, detail_a = hash_and_detail(encode(picture, 92))
        hash_b, detail_b = hash_and_detail(COPIES[kind](picture))
        assert np.bitwise_count(hash_a ^ hash_b) <= duplicates.MAX_DISTANCE
        assert detail_a @ detail_b >= duplicates.MIN_SIMILARITY


def test_pictures_of_other_things_are_no_copies():
    details = np.array([hash_and_detail(encode(tile, 92))[1] for tile in tiles()])
    similarities = (details @ details.T)[np.triu_indices(len(details), 1)]
    assert similarities.max() < duplicates.MIN_SIMILARITY


def test_candidates_are_those_of_a_plain_double_loop():
    chance = np.random.default_rng(0)
    hashes = chance.integers(0, 2**63, 700, np.uint64)
    hashes[600:] = hashes[:100] ^ (np.uint64(1) << chance.integers(0, 63, 100, np.uint64))
    expected = {
        (a, b, int(hashes[a] ^ hashes[b]).bit_count())
        for a in range(700)
        for b in range(a + 1, 700)
        if int(hashes[a] ^ hashes[b]).bit_count() <= duplicates.MAX_DISTANCE
    }
    assert len(expected) >= 100
    assert {tuple(row) for row in duplicates.candidates(hashes).tolist()} == expected


def test_a_store_names_its_copies(tmp_path):
    rows = patients()
    rows.append(({"image": "copy", "target": 0, "patient": "Q"}, rows[3][1].resize((90, 90))))
    rows.append(({"image": "same", "target": 0, "patient": "R"}, rows[5][1]))
    store = ingest(tmp_path / "store", write_collection(tmp_path / "set", rows))
    images = store.images()
    seen: list[int] = []
    found = duplicates.find(store, images, seen.append)
    names = [{images["image"][pair.a], images["image"][pair.b]} for pair in found.itertuples()]
    assert names == [{"i3", "copy"}, {"i5", "same"}]
    assert found["exact"].tolist() == [False, True]
    assert sum(seen) >= 4


def test_copies_of_copies_are_one_cluster():
    pairs = pd.DataFrame({"a": [0, 3], "b": [3, 5]})
    cluster = duplicates.clusters(6, pairs)
    assert cluster[0] == cluster[3] == cluster[5]
    assert len(set(cluster)) == 4


def test_a_plain_picture_is_no_copy_of_another():
    assert not duplicates.detail(Image.new("RGB", (64, 64), "white")).any()
