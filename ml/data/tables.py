"""From the CSVs of a collection to rows in our terms; what is wrong is named with its line."""

import csv
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile
from zipfile import Path as ZipPath

from ml.data.presets import PRESETS, SITES, Diagnosis, Labels, Preset, Table

# A folder, or a zip that is read in place: both know `/`, `exists` and `open`.
Root = Path | ZipPath
# What a damaged, encrypted or oddly compressed zip raises besides ``OSError``.
DAMAGED = (BadZipFile, EOFError, RuntimeError, zlib.error)

NOT_KNOWN = {"", "unknown", "na", "nan", "none"}
SEXES = {"male", "female"}
OLDEST = 120
SITE_OF = {theirs: ours for ours, names in SITES.items() for theirs in names}


class SourceError(ValueError):
    """A collection is not what its preset declares."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a table says of one image.

    ``target`` is 1 for a melanoma, 0 for anything else and None in a test set
    without labels; ``age`` is in years. Patient and lesion are None where
    nobody says which it is.
    """

    image: str
    split: str
    patient: str | None
    lesion: str | None
    target: int | None
    diagnosis: Diagnosis | None
    age: float | None
    sex: str | None
    site: str | None


def open_root(source: Path) -> Root:
    """Return a folder, or the top of a zip; raise ``SourceError`` for anything else."""
    if source.is_dir():
        return source
    try:
        return ZipPath(source)
    except (OSError, BadZipFile) as error:
        raise SourceError(
            f"{source}: neither a folder nor a zip that can be read ({error})"
        ) from None


def recognise(root: Root, presets: Sequence[Preset] = PRESETS) -> Preset:
    """Return the preset whose tables, with all their columns, are there."""
    problems = []
    for preset in presets:
        tables = tables_of(root, preset)
        lacking = {table.file: _lacking(root, preset, table) for table in tables}
        if tables and not any(lacking.values()):
            return preset
        problems += [
            f"{file} has no column {', '.join(sorted(columns))} ({preset.name})"
            for file, columns in lacking.items()
            if columns
        ]
    if problems:
        raise SourceError(f"{root}: {'; '.join(problems)}")
    known = ", ".join(f"{preset.tables[0].file} ({preset.name})" for preset in presets)
    raise SourceError(f"{root}: no known layout; looked for {known}")


def tables_of(root: Root, preset: Preset) -> list[Table]:
    """Return those of the preset's tables that are there."""
    return [table for table in preset.tables if (root / table.file).exists()]


def files_of(root: Root, table: Table) -> list[str]:
    """Return the CSVs of a table that are there: its own and those joined to it."""
    return [file for file in (table.file, *table.joined) if (root / file).exists()]


def official_duplicates(root: Root, preset: Preset) -> Iterator[tuple[str, str]]:
    """Yield the pairs of images that the collection itself lists as copies."""
    if preset.duplicates and (root / preset.duplicates).exists():
        for where, values in _lines(root / preset.duplicates):
            if len(values) < 2:
                raise SourceError(f"{where}: not a pair of images")
            first, second, *_ = values.values()
            yield first, second


def rows(root: Root, preset: Preset) -> Iterator[tuple[Table, Row]]:
    """Yield what all tables say, in their order.

    Raises ``SourceError`` with file and line for a row that makes no sense.
    """
    seen: set[str] = set()
    for table in tables_of(root, preset):
        joined = _joined(root, preset, table)
        for where, values in _lines(root / table.file):
            image = (values.get(preset.image) or "").strip()
            # A dot would end the name of the sample in a shard.
            if not image or not image.isprintable() or set("./") & set(image):
                raise SourceError(
                    f"{where}: {image!r} is not the name of an image without folder and extension"
                )
            if image in seen:
                raise SourceError(f"{where}: {image} stands there twice")
            seen.add(image)
            yield table, _row(preset, table, image, joined.get(image, {}) | values, where)


def _row(preset: Preset, table: Table, image: str, values: dict[str, str], where: str) -> Row:
    diagnosis, target = (None, None)
    if table.labels:
        diagnosis, target = _label(table.labels, values, where)
    return Row(
        image=image,
        split=table.split,
        patient=_known(values.get(preset.patient)),
        lesion=_known(values.get(preset.lesion)),
        target=target,
        diagnosis=diagnosis,
        age=_age(values.get(preset.age), where),
        sex=_sex(values.get(preset.sex), where),
        site=_site(values.get(preset.site)),
    )


def _label(labels: Labels, values: dict[str, str], where: str) -> tuple[Diagnosis, int]:
    """Return the diagnosis and whether it is a melanoma (1 or 0)."""
    diagnosis = None
    if labels.diagnosis:
        named = values[labels.diagnosis]
        if named not in labels.values:
            raise SourceError(
                f"{where}: {labels.diagnosis} is {named!r}, which is no label we know"
            )
        diagnosis = labels.values[named]
    if labels.one_hot:
        marked = [name for name in labels.one_hot if _zero_or_one(name, values[name], where)]
        if len(marked) > 1 or not (marked or labels.otherwise):
            raise SourceError(f"{where}: {' and '.join(marked) or 'none of its classes'} marked")
        diagnosis = labels.one_hot[marked[0]] if marked else labels.otherwise
    if labels.target is None:
        assert diagnosis is not None  # noqa: S101  (a preset without labels has none of the three)
        return diagnosis, int(diagnosis == Diagnosis.MELANOMA)
    target = _zero_or_one(labels.target, values[labels.target], where)
    if diagnosis is None:
        diagnosis = Diagnosis.MELANOMA if target else Diagnosis.UNKNOWN
    if target != (diagnosis == Diagnosis.MELANOMA):
        raise SourceError(f"{where}: {labels.target} is {target}, but the diagnosis {diagnosis}")
    return diagnosis, target


def _zero_or_one(column: str, value: str, where: str) -> int:
    if value not in {"0", "1", "0.0", "1.0"}:
        raise SourceError(f"{where}: {column} is {value!r}, which is no label we know")
    return int(float(value))


def _known(value: str | None) -> str | None:
    value = (value or "").strip()
    return None if value.lower() in NOT_KNOWN else value


def _age(value: str | None, where: str) -> float | None:
    if (known := _known(value)) is None:
        return None
    try:
        age = float(known.removesuffix("+"))  # "85+"
    except ValueError:
        age = -1
    if not 0 <= age <= OLDEST:
        raise SourceError(f"{where}: {value!r} is no age in years")
    return age


def _sex(value: str | None, where: str) -> str | None:
    if (known := _known(value)) is None:
        return None
    if known.lower() not in SEXES:
        raise SourceError(f"{where}: {value!r} is none of {', '.join(sorted(SEXES))}, unknown")
    return known.lower()


def _site(value: str | None) -> str | None:
    """Return the part of the body in our terms, or as it stands where we do not know it."""
    known = _known(value)
    return SITE_OF.get(known.lower(), known) if known else None


def _joined(root: Root, preset: Preset, table: Table) -> dict[str, dict[str, str]]:
    """Return the further columns of each image, out of the tables beside."""
    found: dict[str, dict[str, str]] = {}
    for file in files_of(root, table)[1:]:
        for _, values in _lines(root / file):
            found.setdefault(values.get(preset.image, ""), {}).update(values)
    return found


def _lacking(root: Root, preset: Preset, table: Table) -> set[str]:
    """Return the columns that neither the table nor those joined to it have."""
    header: set[str] = set()
    for file in files_of(root, table):
        header |= _header(root / file)
    labels = table.labels.columns if table.labels else set()
    return {preset.image, *preset.required, *labels} - header


def _header(file: Root) -> set[str]:
    try:
        # Text that is no UTF-8 is refused with its line when all rows are read.
        with file.open("r", encoding="utf-8-sig", errors="replace", newline="") as lines:
            return set(next(csv.reader(lines), ()))
    except (csv.Error, *DAMAGED) as error:
        raise SourceError(f"{file}, line 1: {error}") from None


def _lines(file: Root) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield where a row stands, for people, and its values by column."""
    with file.open("r", encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        try:
            header = next(reader, [])
            if twice := {name for name in header if name and header.count(name) > 1}:
                raise SourceError(f"{file}, line 1: two columns {', '.join(sorted(twice))}")
            for values in reader:
                where = f"{file}, line {reader.line_num}"
                if not values:
                    continue
                if len(values) != len(header):
                    raise SourceError(
                        f"{where}: {len(values)} values under {len(header)} column names"
                    )
                if any("\0" in value for value in values):
                    raise SourceError(f"{where}: a NUL byte, which is no text")
                yield where, dict(zip(header, values, strict=True))
        except (csv.Error, UnicodeDecodeError, *DAMAGED) as error:
            raise SourceError(f"{file}, after line {reader.line_num}: {error}") from None
