"""From the file of a picture to the small pictures of a store, and what is known of it.

Runs in many processes at once, so it imports little.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from ml.preprocess import FORMATS, orientation, to_square

QUALITY = 95
# A JPEG is decoded at half, a quarter or an eighth of its size where that leaves at
# least this many pixels for each one wanted, in either direction. Against a full
# decode this costs at most as much as the JPEG that is written next (38 dB and
# more on 26 real photographs) and takes a fifth of the time at 24 megapixels.
DRAFT_FACTOR = 1.5

HASH_SIDE = 8
THUMBNAIL = 32
HASHED_FROM = 2 * THUMBNAIL
# The lowest frequencies of a discrete cosine transform of THUMBNAIL values.
COSINES = np.cos(
    np.pi / THUMBNAIL * np.outer(np.arange(HASH_SIDE), np.arange(THUMBNAIL) + 0.5)
).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Reduced:
    """A picture as a store keeps it.

    ``width`` and ``height`` are those of the original in pixels, ``sha256`` that
    of its file, ``jpegs`` the squares in the order of the sizes asked for.
    """

    width: int
    height: int
    sha256: str
    phash: int
    jpegs: tuple[bytes, ...]


def reduce(file: bytes, sizes: Sequence[int]) -> Reduced:
    """Return the centre square of a picture in each of ``sizes``, in pixels a side.

    Nothing is enlarged: a smaller picture keeps its size. A JPEG that is just
    the square wanted is kept as it is, because to encode it again could only
    lose. Raises ``OSError`` for what is no picture, or a broken one.
    """
    try:
        with Image.open(BytesIO(file), formats=FORMATS) as image:
            width, height = image.size
            side = min(width, height)
            kept = _is_square_already(image)
            encoded = [size for size in sizes if not (kept and side <= size)]
            largest = min(side, max(encoded, default=HASHED_FROM))
            picture = Image.fromarray(to_square(image, largest, DRAFT_FACTOR))
    except UnidentifiedImageError:
        raise OSError("not a JPEG, PNG or WebP picture") from None
    except (Image.DecompressionBombError, ValueError, SyntaxError) as error:
        raise OSError(str(error)) from error
    return Reduced(
        width,
        height,
        hashlib.sha256(file).hexdigest(),
        phash(picture),
        tuple(_jpeg(picture, size) if size in encoded else file for size in sizes),
    )


def phash(picture: Image.Image) -> int:
    """Return the perceptual hash of a square picture: 64 bits that survive scaling and re-encoding.

    The signs, against their median, of the lowest frequencies of the brightness
    (Zauner 2010, as in the library imagehash, which takes three times as long).
    """
    small = picture.convert("L").resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    frequencies = COSINES @ np.asarray(small, np.float32) @ COSINES.T
    bits = frequencies > np.median(frequencies)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _is_square_already(image: Image.Image) -> bool:
    return (
        image.format == "JPEG"
        and image.mode == "RGB"
        and image.width == image.height
        and orientation(image) == 1
    )


def _jpeg(square: Image.Image, size: int) -> bytes:
    if size < square.width:
        square = square.resize((size, size), Image.Resampling.BICUBIC)
    out = BytesIO()
    square.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
