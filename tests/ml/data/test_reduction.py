"""A picture becomes a small square, or is refused with a reason."""

import hashlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from ml.data.reduction import phash, reduce
from ml.preprocess import to_square
from tests.conftest import PHOTOS


def photo(width: int, height: int) -> Image.Image:
    with Image.open(PHOTOS[0]) as image:
        return image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)


def encode(picture: Image.Image, kind: str = "JPEG", **options) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def pixels(jpeg: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(jpeg)), np.float32)


def test_it_knows_the_original():
    file = encode(photo(600, 450))
    reduced = reduce(file, (256, 128))
    assert (reduced.width, reduced.height) == (600, 450)
    assert reduced.sha256 == hashlib.sha256(file).hexdigest()
    assert [pixels(jpeg).shape for jpeg in reduced.jpegs] == [(256, 256, 3), (128, 128, 3)]


@pytest.mark.parametrize("size", [256, 192, 64])
def test_it_is_the_square_that_the_network_sees(size):
    file = encode(photo(3000, 2000), quality=95)
    (jpeg,) = reduce(file, (size,)).jpegs
    seen = to_square(Image.open(BytesIO(file)), size).astype(np.float32)
    assert np.abs(pixels(jpeg) - seen).mean() < 2


def test_a_square_is_kept_byte_by_byte():
    file = encode(photo(200, 200), quality=80)
    reduced = reduce(file, (256, 200, 128))
    assert reduced.jpegs[0] == reduced.jpegs[1] == file
    assert pixels(reduced.jpegs[2]).shape == (128, 128, 3)


def test_what_only_looks_like_a_square_jpeg_is_encoded():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encode(photo(200, 200), exif=exif)
    for file in (turned, encode(photo(200, 200), "PNG"), encode(photo(200, 200).convert("L"))):
        (jpeg,) = reduce(file, (256,)).jpegs
        assert jpeg != file
        assert pixels(jpeg).shape == (200, 200, 3)


def test_it_stands_upright():
    upright = photo(300, 200)
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = encode(upright.transpose(Image.Transpose.ROTATE_90), exif=exif, quality=95)
    one, other = (reduce(f, (128,)).jpegs[0] for f in (encode(upright, quality=95), lying))
    assert np.abs(pixels(one) - pixels(other)).mean() < 3


def test_nothing_is_enlarged():
    for jpeg in reduce(encode(photo(120, 90)), (512, 64)).jpegs[:1]:
        assert pixels(jpeg).shape == (90, 90, 3)


def test_one_file_gives_the_same_bytes_again():
    file = encode(photo(700, 500))
    assert reduce(file, (256, 96)) == reduce(file, (256, 96))


def test_the_hash_survives_scaling_and_encoding_but_not_another_picture():
    whole = photo(800, 600)
    own = reduce(encode(whole), (256,)).phash
    for copy in (encode(whole.resize((400, 300))), encode(whole, quality=30), encode(whole, "PNG")):
        assert (own ^ reduce(copy, (256,)).phash).bit_count() <= 4
    for other in PHOTOS[1:]:
        assert (own ^ reduce(other.read_bytes(), (256,)).phash).bit_count() > 10
    assert phash(Image.new("RGB", (64, 64))) < 1 << 64


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (b"", "not a JPEG, PNG or WebP"),
        (b"GIF89a" + bytes(100), "not a JPEG, PNG or WebP"),
        (encode(photo(200, 150))[:2000], "truncated"),
        (encode(photo(200, 200))[:2000], "truncated"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "."),
        (encode(Image.new("1", (20000, 20000)), "PNG"), "exceeds limit"),
    ],
)
def test_what_is_no_picture_is_refused(file, says):
    with pytest.raises(OSError, match=says):
        reduce(file, (256,))
