"""The one way from a picture to the pixels that the network sees.

The training cache, the evaluation and the predictor all call ``to_square``, so
that they cannot differ.
"""

from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image
from PIL.JpegImagePlugin import JpegImageFile

FORMATS = ("JPEG", "PNG", "WEBP")

# A JPEG may be decoded at 1/2, 1/4 or 1/8 of its size for a fraction of the
# time. At four times the wanted size and more, the network hardly notices.
DRAFT_FACTOR = 4

# The same two-step reduction for what still is much too large afterwards.
REDUCING_GAP = 3.0

# What undoes each EXIF orientation, and from which on they swap width and height.
UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
LIES_ON_ITS_SIDE = 5


def centre_square(width: int, height: int) -> tuple[float, float, float, float]:
    """Return the largest centred square of a picture, in pixels.

    The order is left, top, right, bottom, as Pillow's ``box``.
    """
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def seen_box(image: Image.Image) -> tuple[float, float, float, float]:
    """Return the same square as fractions of the upright picture's width and height.

    Reads the header only. Ask before ``to_square``, which may leave the picture
    at a reduced size.
    """
    width, height = image.size
    if orientation(image) >= LIES_ON_ITS_SIDE:
        width, height = height, width
    left, top, right, bottom = centre_square(width, height)
    return left / width, top / height, right / width, bottom / height


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 (upright) where there is none that can be read."""
    try:
        found = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # what an odd EXIF raises is anybody's guess, and no fault of the picture
        found = None
    return found if found in UNDO else 1


def upright(image: Image.Image) -> Image.Image:
    """Return the picture as a person sees it, after its EXIF orientation."""
    turn = UNDO.get(orientation(image))
    return image if turn is None else image.transpose(turn)


def to_square(image: Image.Image, size: int, draft_factor: float = DRAFT_FACTOR) -> np.ndarray:
    """Return the centre square of a picture as ``uint8[size, size, 3]`` in RGB.

    A JPEG that Pillow has opened but not yet decoded is decoded at a reduced
    size, at least ``draft_factor`` times the one wanted; the caller's object is
    then of that reduced size. Raises ``OSError`` when the picture cannot be
    decoded.
    """
    if isinstance(image, JpegImageFile):
        # Does nothing where the picture has been decoded already.
        image.draft("RGB", (round(size * draft_factor), round(size * draft_factor)))
    picture = flatten(upright(image))
    square = picture.resize(
        (size, size),
        Image.Resampling.BICUBIC,
        box=centre_square(*picture.size),
        reducing_gap=REDUCING_GAP,
    )
    return np.asarray(square)


def flatten(image: Image.Image) -> Image.Image:
    """Return a picture in RGB; what is transparent becomes white."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def open_picture(file: Path | str | BinaryIO, size: int) -> np.ndarray:
    """Return ``to_square`` of a JPEG, PNG or WebP file.

    Raises ``OSError`` (and its child ``PIL.UnidentifiedImageError``) for a file
    that is missing, of another format, or broken.
    """
    with Image.open(file, formats=FORMATS) as image:
        return to_square(image, size)
