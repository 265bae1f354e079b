"""Turn whatever was uploaded into a clean JPEG, or say why not.

Pure: bytes in, bytes out, nothing stored. What leaves here has been decoded
and drawn anew, so that neither metadata (where the photo was taken, with which
phone) nor anything hidden in the file gets any further.
"""

import hashlib
import io
import threading
from dataclasses import dataclass
from typing import Protocol

import pi_heif
from PIL import ExifTags, Image, ImageCms

from webplatform.errors import UserError

pi_heif.register_heif_opener(thumbnails=False)

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 50_000_000
MIN_SIDE = 64
MAX_SIDE = 16_384
THUMBNAIL_SIDE = 480
# What many phones write, a JPEG with a second picture behind it (MPO), is opened
# as a JPEG.
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")

# Decoding a large photo takes some 500 MB for a moment.
_decoding = threading.BoundedSemaphore(2)


class PhotoRefused(UserError):
    """The upload is not a photo that can be judged."""


class NotAnImage(PhotoRefused):
    """The bytes are no picture of any kind."""

    code = "not_an_image"
    message = "This file is not a picture. Please choose a photo (JPEG, PNG, WebP or HEIC)."


class UnsupportedKind(PhotoRefused):
    """A picture or document of a kind that is not accepted."""

    code = "unsupported_kind"
    status = 415
    message = "This kind of file is not supported. Please use a JPEG, PNG, WebP or HEIC photo."


class BrokenImage(PhotoRefused):
    """A picture that cannot be decoded to its end."""

    code = "broken_image"
    message = "This picture is damaged and cannot be opened. Please take or send it again."


class AnimatedImage(PhotoRefused):
    """A picture that moves."""

    code = "animated_image"
    message = "This picture is animated. Please choose a still photo."


class TooManyBytes(PhotoRefused):
    """A file above the limit."""

    code = "too_many_bytes"
    status = 413
    message = "This file is larger than 20 MB. Please choose a smaller photo."


class TooManyPixels(PhotoRefused):
    """A picture above the limit, as its header says."""

    code = "too_many_pixels"
    status = 413
    message = "This picture has more than 50 megapixels or a very long side. Please shrink it."


class TooSmall(PhotoRefused):
    """A picture with too little in it to judge."""

    code = "too_small"
    message = "This picture is too small to judge. It needs at least 64 pixels on each side."


class Readable(Protocol):
    """Any file open for reading bytes."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes."""


@dataclass(frozen=True)
class CleanPhoto:
    """A photo fit to be stored: ``image`` and ``thumbnail`` are JPEG files."""

    image: bytes
    thumbnail: bytes
    width: int
    height: int
    upload_sha256: str


def sanitise(upload: Readable) -> CleanPhoto:
    """Return the clean photo, or raise the ``PhotoRefused`` that names the fault."""
    data = upload.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise TooManyBytes
    picture = _open(data)
    _check_header(picture)
    with _decoding:
        upright = _draw_anew(picture)
        thumbnail = upright.copy()
        thumbnail.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        return CleanPhoto(
            image=_jpeg(upright, quality=95),
            thumbnail=_jpeg(thumbnail, quality=85),
            width=upright.width,
            height=upright.height,
            upload_sha256=hashlib.sha256(data).hexdigest(),
        )


# How files begin that people do upload in place of a photo.
_OTHER_KINDS = (b"GIF8", b"BM", b"II*\0", b"MM\0*", b"%PDF", b"<svg", b"<?xml", b"8BPS", b"PK\3\4")


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise TooManyPixels from error
    except Image.UnidentifiedImageError as error:
        if data.startswith(_OTHER_KINDS) or data[4:12] in (b"ftypavif", b"ftypavis"):
            raise UnsupportedKind from error
        if data.startswith((b"\xff\xd8", b"\x89PNG", b"RIFF")) or data[4:8] == b"ftyp":
            raise BrokenImage from error
        raise NotAnImage from error
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        raise BrokenImage from error


def _check_header(picture: Image.Image) -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise TooManyPixels
    if min(width, height) < MIN_SIDE:
        raise TooSmall
    # HEIC and MPO files may hold further still pictures beside the main one.
    if picture.format in {"PNG", "WEBP"} and getattr(picture, "n_frames", 1) > 1:
        raise AnimatedImage


def _draw_anew(picture: Image.Image) -> Image.Image:
    """Decode, turn upright, convert to sRGB and copy the bare pixels."""
    try:
        picture.load()
        profile = picture.info.get("icc_profile")
        pixels = _to_srgb(_to_rgb(_upright(picture)), profile)
    except Exception as error:
        # Pillow's readers raise whatever a broken file makes them trip over.
        raise BrokenImage from error
    # A new picture has no metadata; a converted one may have kept some.
    clean = Image.new("RGB", pixels.size)
    clean.paste(pixels)
    return clean


# What undoes each EXIF orientation. Pillow's own function also rewrites the
# EXIF, and fails where some other entry in it is odd.
_UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _upright(picture: Image.Image) -> Image.Image:
    try:
        orientation = picture.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # an unreadable EXIF is no reason to refuse a good photo
        return picture
    turn = _UNDO.get(orientation) if isinstance(orientation, int) else None
    return picture if turn is None else picture.transpose(turn)


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):
        # 16 bits a pixel; plain conversion would clip to white.
        picture = picture.point(lambda value: value / 256).convert("L")
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        background = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(background, picture)
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Apply the camera's colour profile, which is about to be dropped."""
    if not profile:
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != "RGB":
            return picture
        converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture  # a broken profile is no reason to refuse a good photo
    return converted or picture


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, subsampling=0 if quality >= 95 else -1)
    return out.getvalue()
