"""What an upload may be, and what is left of it."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms
from PIL.ExifTags import GPSTAGS, TAGS

from tests.conftest import PHOTOS, picture_file
from webplatform.photos import sanitise as module
from webplatform.photos.sanitise import sanitise


def clean(data: bytes) -> Image.Image:
    """Sanitise bytes and open the result."""
    return Image.open(io.BytesIO(sanitise(io.BytesIO(data)).image))


def refusal(data: bytes) -> str:
    """Return the code with which bytes are refused."""
    with pytest.raises(module.PhotoRefused) as refused:
        sanitise(io.BytesIO(data))
    return refused.value.code


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that says it is large and holds nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + crc

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
def test_real_photos_are_accepted_almost_unchanged(path):
    original = Image.open(path).convert("RGB")
    stored = clean(path.read_bytes())
    assert (stored.format, stored.mode, stored.size) == ("JPEG", "RGB", original.size)
    difference = Image.new("RGB", stored.size)
    difference.paste(stored)
    worst = max(
        abs(a - b)
        for a, b in zip(
            original.resize((8, 8)).tobytes(), difference.resize((8, 8)).tobytes(), strict=True
        )
    )
    assert worst <= 3


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA"), ("WEBP", "RGB")])
def test_kinds(kind, mode):
    assert clean(picture_file(kind, mode=mode)).size == (200, 150)


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "CMYK"])
def test_other_colour_modes(mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert clean(picture_file(kind, mode=mode)).mode == "RGB"


def test_16_bit_pictures_keep_their_tones():
    ramp = Image.new("I;16", (256, 64))
    ramp.putdata([column * 256 for _ in range(64) for column in range(256)])
    out = io.BytesIO()
    ramp.save(out, "PNG")
    tones = clean(out.getvalue()).convert("L")
    assert abs(tones.getpixel((128, 32)) - 128) <= 3


def test_transparency_becomes_white():
    out = io.BytesIO()
    Image.new("RGBA", (100, 100), (0, 0, 0, 0)).save(out, "PNG")
    assert clean(out.getvalue()).getpixel((50, 50)) == (255, 255, 255)


def test_heic_is_read_and_its_metadata_dropped():
    data = (Path(__file__).parents[1] / "fixtures" / "kinds" / "mole.heic").read_bytes()
    assert b"Secret Phone" in data
    picture = clean(data)
    assert (picture.format, picture.size) == ("JPEG", (320, 240))
    assert not picture.getexif()
    reference = Image.open(PHOTOS[0]).convert("RGB").resize((8, 6))
    for ours, theirs in zip(picture.resize((8, 6)).tobytes(), reference.tobytes(), strict=True):
        assert abs(ours - theirs) <= 12


def test_broken_heic():
    assert refusal(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100) == "broken_image"


def test_phone_jpegs_with_a_second_picture_are_still_photos():
    out = io.BytesIO()
    first, second = Image.new("RGB", (200, 100), "red"), Image.new("RGB", (200, 100), "blue")
    first.save(out, "MPO", save_all=True, append_images=[second])
    red, _, blue = clean(out.getvalue()).getpixel((100, 50))
    assert red > 200
    assert blue < 50


def test_metadata_is_gone():
    exif = Image.Exif()
    exif[TAGS_BY_NAME["Make"]] = "Secret Phone"
    exif.get_ifd(0x8825).update({GPS_BY_NAME["GPSLatitude"]: (52.0, 31.0, 12.0)})
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = picture_file(exif=exif, icc_profile=profile, comment=b"secret comment")
    assert b"Secret Phone" in data
    stored = sanitise(io.BytesIO(data))
    for file in (stored.image, stored.thumbnail):
        picture = Image.open(io.BytesIO(file))
        assert not picture.getexif()
        assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert b"ecret" not in file
        assert b"Exif" not in file


TAGS_BY_NAME = {name: tag for tag, name in TAGS.items()}
GPS_BY_NAME = {name: tag for tag, name in GPSTAGS.items()}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(orientation):
    upright = Image.new("RGB", (120, 80), "white")
    upright.paste((255, 0, 0), (0, 0, 40, 40))  # the red corner belongs to the upper left
    undo = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    stored = upright
    for step in undo.get(orientation, []):
        stored = stored.transpose(step)
    exif = Image.Exif()
    exif[TAGS_BY_NAME["Orientation"]] = orientation
    out = io.BytesIO()
    stored.save(out, "JPEG", quality=95, exif=exif)
    result = clean(out.getvalue())
    assert result.size == (120, 80)
    red, green, _ = result.getpixel((15, 15))
    assert red > 200
    assert green < 60


def test_thumbnail_is_small():
    stored = sanitise(io.BytesIO(picture_file(size=(2000, 1000))))
    assert Image.open(io.BytesIO(stored.thumbnail)).size == (480, 240)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_an_image"),
        (b"hello, this is a letter", "not_an_image"),
        (b"<html><script>alert(1)</script></html>", "not_an_image"),
        (b"%PDF-1.7 ...", "unsupported_kind"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_kind"),
        (picture_file("GIF"), "unsupported_kind"),
        (picture_file("BMP"), "unsupported_kind"),
        (picture_file("TIFF"), "unsupported_kind"),
        (picture_file("AVIF"), "unsupported_kind"),
        (picture_file(size=(63, 500)), "too_small"),
        (b"\xff\xd8\xff\xe0 not much of a JPEG", "broken_image"),
        (picture_file("PNG")[:200], "broken_image"),
        (picture_file(quality=95)[:1500], "broken_image"),
        (png_header(10_000, 5_001), "too_many_pixels"),
        (png_header(60_000, 60_000), "too_many_pixels"),
        (b"\0" * (20 * 1024 * 1024 + 1), "too_many_bytes"),
    ],
)
def test_refusals(data, code):
    assert refusal(data) == code


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animations_are_refused(kind):
    frames = [Image.new("RGB", (100, 100), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:])
    assert refusal(out.getvalue()) == "animated_image"


def test_pixels_are_counted_before_they_are_decoded(monkeypatch):
    monkeypatch.setattr(
        module, "_draw_anew", lambda picture: pytest.fail("the picture was decoded")
    )
    assert refusal(picture_file("PNG", size=(8000, 6300))) == "too_many_pixels"


def test_every_truncation_is_refused_or_accepted_but_never_a_bug(photo_file):
    for kind in ("JPEG", "PNG", "WEBP"):
        whole = picture_file(kind)
        for end in range(0, len(whole), max(1, len(whole) // 40)):
            try:
                sanitise(io.BytesIO(whole[:end]))
            except module.PhotoRefused:
                continue


def test_every_refusal_explains_itself():
    kinds = module.PhotoRefused.__subclasses__()
    assert len({kind.code for kind in kinds}) == len(kinds) == 7
    for kind in kinds:
        assert kind.message.endswith(".")
        assert 400 <= kind.status < 500


def test_an_odd_entry_in_the_exif_is_no_reason_to_refuse():
    turned = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    resolution_in_letters = struct.pack("<HHI4s", 0x011A, 2, 4, b"72")
    entries = struct.pack("<H", 2) + turned + resolution_in_letters + bytes(4)
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + entries
    assert clean(picture_file(exif=exif)).size == (150, 200)


@pytest.mark.parametrize("size", [(64, 62_000), (70_000, 64)])
def test_very_long_pictures_are_refused(size):
    assert refusal(picture_file("PNG", size=size)) == "too_many_pixels"
