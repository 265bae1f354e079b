"""The competition's layout in miniature: one set of JPEGs as files, as DICOM and as TFRecords."""

import struct
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import numpy as np
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, SecondaryCaptureImageStorage

from tests.ml.stores import tiles

HEADER = "image_name,patient_id,sex,age_approx,anatom_site_general_challenge,diagnosis,target"
DIAGNOSES = ("melanoma", "nevus", "unknown", "lentigo NOS")


def jpegs(wide: int = 200) -> dict[str, bytes]:
    """Return pictures by name, wider than high, so that they are cut and encoded again."""
    return {f"ISIC_{i:07}": _jpeg(tile.resize((wide, 150))) for i, tile in enumerate(tiles())}


def write_tables(folder: Path, names: Sequence[str], held_out: int = 4) -> None:
    """Write ``train.csv`` and, for the last few names, ``test.csv``."""
    lines = [HEADER]
    for i, name in enumerate(names[:-held_out]):
        diagnosis = DIAGNOSES[i % 4]
        sex, age, site = ("male", "45.0", "torso") if i % 3 else ("", "", "")
        lines.append(f"{name},IP_{i // 2},{sex},{age},{site},{diagnosis},{int(i % 4 == 0)}")
    (folder / "train.csv").write_text("\n".join(lines) + "\n")
    lines = ["image_name,patient_id,sex,age_approx,anatom_site_general_challenge"]
    lines += [f"{name},IT_{i},female,70.0,head/neck" for i, name in enumerate(names[-held_out:])]
    (folder / "test.csv").write_text("\n".join(lines) + "\n")


def write_files(folder: Path, pictures: Mapping[str, bytes], held_out: int = 4) -> None:
    """Write ``jpeg/train`` and ``jpeg/test``."""
    for part, names in _parts(pictures, held_out):
        (folder / "jpeg" / part).mkdir(parents=True)
        for name in names:
            (folder / "jpeg" / part / f"{name}.jpg").write_bytes(pictures[name])


def write_dicoms(folder: Path, pictures: Mapping[str, bytes], held_out: int = 4) -> None:
    """Write ``train/*.dcm`` and ``test/*.dcm`` around the very JPEGs."""
    for part, names in _parts(pictures, held_out):
        (folder / part).mkdir(parents=True)
        for name in names:
            (folder / part / f"{name}.dcm").write_bytes(dicom(pictures[name]))


def write_tfrecords(folder: Path, pictures: Mapping[str, bytes], held_out: int = 4) -> None:
    """Write two files of training and one of test records, in the tables' order."""
    (folder / "tfrecords").mkdir(parents=True)
    for part, names in _parts(pictures, held_out):
        half = len(names) // 2 if part == "train" else len(names)
        for i, some in enumerate((names[:half], names[half:])):
            examples = [
                example({"image": pictures[name], "image_name": name.encode()}) for name in some
            ]
            if examples:
                content = b"".join(record(one) for one in examples)
                (folder / "tfrecords" / f"{part}{i:02}-{len(some)}.tfrec").write_bytes(content)


def zipped(folder: Path, out: Path, *, deflated: bool = True) -> Path:
    """Return a zip of all that is in a folder."""
    with ZipFile(out, "w", ZIP_DEFLATED if deflated else ZIP_STORED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder))
    return out


def dicom(jpeg: bytes, *, encapsulated: bool = True) -> bytes:
    """Return a DICOM file around a JPEG, or with its pixels as they are."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    meta.TransferSyntaxUID = JPEGBaseline8Bit if encapsulated else ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    with Image.open(BytesIO(jpeg)) as image:
        pixels = np.asarray(image.convert("RGB"))
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = (*pixels.shape[:2], 3)
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation, dataset.PlanarConfiguration = 7, 0, 0
    dataset.PhotometricInterpretation = "YBR_FULL_422" if encapsulated else "RGB"
    dataset.PixelData = encapsulate([jpeg]) if encapsulated else pixels.tobytes()
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def record(data: bytes) -> bytes:
    """Return the frame of a TFRecord; checksums are not looked at, and zero here."""
    return struct.pack("<QI", len(data), 0) + data + struct.pack("<I", 0)


def example(features: Mapping[str, bytes]) -> bytes:
    """Return a ``tf.train.Example``, with a whole number among its features as in the real ones."""
    entries = [
        _field(1, name.encode()) + _field(2, _field(1, _field(1, value)))
        for name, value in features.items()
    ]
    entries.insert(1, _field(1, b"target") + _field(2, _field(3, _field(1, b"\x01"))))
    return _field(1, b"".join(_field(1, entry) for entry in entries))


def _field(number: int, content: bytes) -> bytes:
    length, digits = len(content), bytearray()
    while length > 0x7F:
        digits.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([number << 3 | 2, *digits, length]) + content


def _parts(pictures: Mapping[str, bytes], held_out: int) -> list[tuple[str, list[str]]]:
    names = list(pictures)
    return [("train", names[:-held_out]), ("test", names[-held_out:])]


def _jpeg(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()
