"""Where the pictures of a collection are, and their bytes.

A zip is read in place by its central directory and never unpacked; TFRecords
are gone through once for the names in them and then read where they lie.
"""

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO
from zipfile import ZipFile

from ml.data import tfrecord
from ml.data.presets import Form, Preset
from ml.data.tables import DAMAGED, Root, Row, SourceError, rows, tables_of


@dataclass(frozen=True, slots=True)
class Location:
    """Where the bytes of one picture are; small, and fit to be sent to another process.

    ``offset`` is that of a record within ``file``, for TFRecords.
    """

    source: Path
    file: str
    form: Form
    offset: int = 0


def locate(
    root: Root, source: Path, preset: Preset, form: Form | None = None
) -> Iterator[tuple[Row, Location | None]]:
    """Yield every image of the tables, in their order, and where its picture is.

    ``form`` chooses among several that are there; by default the first one
    found of plain files, DICOM and TFRecord. Raises ``SourceError`` as ``rows``
    does, or where no picture is there at all.
    """
    form = form or form_of(root, preset)
    if form == Form.TFRECORD:
        yield from _in_records(root, source, preset)
    else:
        yield from _in_files(root, source, preset, form)


def form_of(root: Root, preset: Preset) -> Form:
    """Return how the pictures are held: the first form of which there are any."""
    tables = tables_of(root, preset)
    folders = {
        Form.FILES: [folder for table in tables for folder in table.files],
        Form.DICOM: [folder for table in tables for folder in table.dicom],
    }
    for form, places in folders.items():
        if any(_holds_any(root, place) for place in places):
            return form
    if any(_matching(root, pattern) for table in tables for pattern in table.tfrecord):
        return Form.TFRECORD
    places = [place for table in tables for place in (*table.files, *table.dicom, *table.tfrecord)]
    raise SourceError(f"{root}: no pictures ({preset.name}); looked for {', '.join(places)}")


def read(location: Location) -> bytes:
    """Return the file of a picture, whatever holds it.

    Raises ``OSError`` for one that is gone or cannot be read.
    """
    source, file = location.source, location.file
    try:
        if location.form == Form.TFRECORD:
            example = tfrecord.record_at(_stream(source, file), location.offset)
            return tfrecord.features(example)["image"]
        with _open(source, file) as content:
            data = content.read()
    except (*DAMAGED, KeyError, ValueError) as error:
        raise OSError(f"cannot be read from {source.name}: {error}") from error
    if location.form == Form.DICOM:
        from ml.data import dicom  # noqa: PLC0415  (most collections need no pydicom)

        return dicom.picture(data)
    return data


def _in_files(
    root: Root, source: Path, preset: Preset, form: Form
) -> Iterator[tuple[Row, Location | None]]:
    """Yield the images in the order of the tables, with the first place that has their picture."""
    names: dict[str, set[str]] = {}
    for table, row in rows(root, preset):
        location = None
        for pattern in table.files if form == Form.FILES else table.dicom:
            folder, _, name = pattern.rpartition("/")
            if folder not in names:  # to list a folder once is faster than to ask for each file
                names[folder] = _names(root, folder)
            if name.format(row.image) in names[folder]:
                location = Location(source, pattern.format(row.image), form)
                break
        yield row, location


def _in_records(root: Root, source: Path, preset: Preset) -> Iterator[tuple[Row, Location | None]]:
    """Yield the images in the order of the records, which alone can be read fast from a zip."""
    places = dict(_records(root, preset))
    by_image = {row.image: row for _, row in rows(root, preset)}
    for image, (file, offset) in places.items():
        if image not in by_image:
            raise SourceError(f"{root / file}: no table has a row for {image}")
        yield by_image.pop(image), Location(source, file, Form.TFRECORD, offset)
    for row in by_image.values():
        yield row, None


def _records(root: Root, preset: Preset) -> Iterator[tuple[str, tuple[str, int]]]:
    """Yield the name of each image in the TFRecords, with its file and offset."""
    for table in tables_of(root, preset):
        for pattern in table.tfrecord:
            for file in _matching(root, pattern):
                try:
                    with (root / file).open("rb") as content:
                        for offset, example in tfrecord.records(content):
                            name = tfrecord.features(example)["image_name"].decode()
                            yield name, (file, offset)
                except (*DAMAGED, KeyError, ValueError) as error:
                    raise SourceError(f"{root / file}: {error}") from error


def _matching(root: Root, pattern: str) -> list[str]:
    """Return the files that fit a pattern, in the order of their names."""
    folder, _, name = pattern.rpartition("/")
    return sorted(f"{folder}/{found}" for found in fnmatch.filter(_names(root, folder), name))


def _holds_any(root: Root, pattern: str) -> bool:
    """Tell whether any picture could be at such a place."""
    folder, _, name = pattern.rpartition("/")
    return any(found.endswith(name.rpartition("}")[2]) for found in _names(root, folder))


def _names(root: Root, folder: str) -> set[str]:
    """Return what is in a folder; nothing where there is no such folder."""
    where = root / folder if folder else root
    return {entry.name for entry in where.iterdir()} if where.is_dir() else set()


def _open(source: Path, file: str) -> IO[bytes]:
    if source.is_dir():
        return (source / file).open("rb")
    return _zip(source).open(file)


# Opened once in each process: to read a zip's directory takes a while, and to go
# forward in a compressed file costs less than to begin again.
@lru_cache(maxsize=4)
def _zip(source: Path) -> ZipFile:
    return ZipFile(source)


@lru_cache(maxsize=4)
def _stream(source: Path, file: str) -> IO[bytes]:
    return _open(source, file)
