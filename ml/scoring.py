"""Some models' probabilities for a whole test set; what a kill leaves undone is done next time.

On a CPU each process reads pictures and runs the models, with one thread. On a
GPU this process runs them on batches, and the others only read.
"""

import hashlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from io import BytesIO
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from ml import engines
from ml.bundle import Bundle
from ml.data.archives import Location, form_of, locate, read
from ml.data.journal import Busy, Journal
from ml.data.presets import TEST
from ml.data.tables import SourceError, open_root, recognise, rows, tables_of
from ml.data.workers import die_with
from ml.predictor import Predictor
from ml.preprocess import open_picture
from ml.version import code_version

# So many pictures, with eight views each, are a batch for a GPU and a line of the journal.
CHUNK = 8
# So many chunks wait for each process: it never idles, and the memory stays flat.
WAITING = 3
WHOLE = (0.0, 0.0, 1.0, 1.0)

Place = Location | bytes
Chunk = Sequence[tuple[str, Place]]
Squares = dict[int, np.ndarray]
Answer = list[float] | str


@dataclass(frozen=True)
class TestSet:
    """The images of an official test set.

    ``images`` are in the order of the table and ``pictures``, which can be gone
    through once, in the order in which they are read fastest; ``lacking`` says
    why some have none. ``identity`` changes with what is read.
    """

    images: list[str]
    pictures: Iterator[tuple[str, Place]]
    lacking: dict[str, str]
    identity: str


def open_test_set(source: Path, size: int, wanted: Sequence[str] = ()) -> TestSet:
    """Return the test set of a folder, a zip or a store.

    A store gives pictures that serve for ``size`` pixels a side, and of several
    test sets the one with the ``wanted`` images. Raises ``ValueError`` (as are
    ``SourceError`` and ``StoreError``) where there is none or which is not clear.
    """
    if (source / "store.json").is_file():
        return _from_store(source, size, wanted)
    return _from_archive(source)


def _from_archive(source: Path) -> TestSet:
    root = open_root(source)
    preset = recognise(root)
    tables = tuple(table for table in preset.tables if table.split == TEST)
    preset = replace(preset, tables=tables)
    if not tables_of(root, preset):
        raise SourceError(f"{source}: {preset.name} has no table of test images there")
    form = form_of(root, preset)
    images = [row.image for _, row in rows(root, preset)]
    places = {row.image: place for row, place in locate(root, source, preset, form)}
    facts = [str(source.resolve()), preset.key, form]
    facts += [_sha256((root / table.file).read_bytes()) for table in tables_of(root, preset)]
    if source.is_file():
        facts += [str(source.stat().st_size), str(source.stat().st_mtime_ns)]
    return TestSet(
        images,
        ((image, place) for image, place in places.items() if place),
        {image: "missing" for image, place in places.items() if not place},
        json.dumps(facts),
    )


def _from_store(folder: Path, size: int, wanted: Sequence[str]) -> TestSet:
    from ml.data.store import SUMS, Store  # noqa: PLC0415  (a notebook may have no pyarrow)

    store = Store(folder)
    # Not ``images``: what was removed from the store is asked for, too.
    there, lacking = (
        table[table["split"] == TEST] for table in (store.manifest(), store.problems())
    )
    names = [*zip(there["source"], there["image"], strict=True)]
    names += [*zip(lacking["source"], lacking["image"], strict=True)]
    ours = set(wanted)
    sources = {source for source, image in names if not ours or image in ours}
    if len(sources) != 1:
        which = ", ".join(sorted(sources)) or "none"
        raise ValueError(f"{folder}: one test set is needed, here is {which}; --sample chooses")
    there, lacking = (table[table["source"].isin(sources)] for table in (there, lacking))
    pictures = zip(there["image"], store.pictures(there, size), strict=True)
    return TestSet(
        [*there["image"], *lacking["image"]],
        pictures,
        dict(zip(lacking["image"], lacking["reason"], strict=True)),
        json.dumps([_sha256((folder / SUMS).read_bytes()), store.size_for(size), *sources]),
    )


def best_device() -> str:
    """Return a GPU where torch finds one, else the faster engine for a CPU that is installed."""
    if engines.has_gpu():
        return "cuda"
    return "cpu" if find_spec("onnxruntime") else "torch-cpu"


@dataclass(frozen=True)
class Panel:
    """The bundles that answer, and on which device; fit to be sent to another process."""

    bundles: tuple[Bundle, ...]
    device: str

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sides of the pictures that the models want, in pixels."""
        return tuple(sorted({bundle.size for bundle in self.bundles}))

    @property
    def batches(self) -> bool:
        """Whether one process runs the models, on batches."""
        return self.device.startswith("cuda")

    def load(self) -> list[Predictor]:
        """Return the models."""
        return [Predictor(bundle, engines.choose(bundle, self.device)) for bundle in self.bundles]


def open_journal(out: Path, test: TestSet, panel: Panel) -> Journal:
    """Return the journal of just this work; other models or another source have another one.

    Raises ``Busy`` where another process does the same.
    """
    models = [bundle.info.bundle_sha256 for bundle in panel.bundles]
    facts = json.dumps([test.identity, models, panel.device, code_version()])
    try:
        return Journal(out.with_name(f"{out.name}.{_sha256(facts.encode())[:12]}.journal"))
    except Busy:
        raise Busy(f"another submit is writing {out}") from None


def score(
    test: TestSet,
    panel: Panel,
    journal: Journal,
    processes: int,
    tick: Callable[[int], object] = lambda n: None,
) -> dict[str, Answer]:
    """Return each image's probabilities, one by each bundle, or why there are none.

    ``tick`` is called with the images done since. A chunk with a picture that
    cannot be read is not noted as done: the next time it may be better.
    """
    found: dict[str, Answer] = {}
    for entry in journal:
        found |= entry
    done = set(found)
    tick(len(done))
    chunks = iter(lambda: list(islice(test.pictures, CHUNK)), [])
    undone = (chunk for chunk in chunks if any(image not in done for image, _ in chunk))
    for chunk, answers in _answered(undone, panel, processes):
        entry = {image: answer for (image, _), answer in zip(chunk, answers, strict=True)}
        if not any(isinstance(answer, str) for answer in answers):
            journal.append([entry])
        found |= entry
        tick(len(entry.keys() - done))
    return test.lacking | found


def _answered(
    chunks: Iterable[Chunk], panel: Panel, processes: int
) -> Iterator[tuple[Chunk, list[Answer]]]:
    models = panel.load() if panel.batches else []
    with ProcessPoolExecutor(
        # A process of its own kind, because a fork copies threads' locks too.
        processes,
        get_context("spawn"),
        initializer=_begin,
        initargs=(os.getpid(), panel),
    ) as pool:
        work = partial(_read_all if panel.batches else _read_and_answer, panel.sizes)
        waiting: deque[tuple[Chunk, Future]] = deque()

        def first() -> tuple[Chunk, list[Answer]]:
            chunk, future = waiting.popleft()
            return chunk, _answer(models, future.result()) if models else future.result()

        for chunk in chunks:
            waiting.append((chunk, pool.submit(work, [place for _, place in chunk])))
            if len(waiting) > processes * WAITING:
                yield first()
        while waiting:
            yield first()


def _answer(models: Sequence[Predictor], pictures: Sequence[Squares | str]) -> list[Answer]:
    """Return the models' probabilities for a batch, of which some pictures may be none."""
    good = [picture for picture in pictures if not isinstance(picture, str)]
    columns = []
    for model in models if good else ():
        pixels = np.stack([picture[model.size] for picture in good])
        columns.append(model.predict_pixels(pixels, [WHOLE] * len(good)))
    answers = ([one.probability for one in row] for row in zip(*columns, strict=True))
    return [picture if isinstance(picture, str) else next(answers) for picture in pictures]


# What follows runs in the other processes.

_models: list[Predictor] = []


def _begin(parent: int, panel: Panel) -> None:
    die_with(parent)
    if panel.device == "torch-cpu":
        import torch  # noqa: PLC0415  (others have none)

        torch.set_num_threads(1)
    if not panel.batches:
        _models.extend(panel.load())


def _read_all(sizes: Sequence[int], places: Sequence[Place]) -> list[Squares | str]:
    return [_read(place, sizes) for place in places]


def _read_and_answer(sizes: Sequence[int], places: Sequence[Place]) -> list[Answer]:
    # One by one: on a CPU a batch brings nothing but memory.
    return [_answer(_models, [_read(place, sizes)])[0] for place in places]


def _read(place: Place, sizes: Sequence[int]) -> Squares | str:
    """Return a picture in each size, or what is wrong with it."""
    try:
        data = place if isinstance(place, bytes) else read(place)
        # Opened anew for each, because a JPEG is decoded no larger than a size needs.
        return {size: open_picture(BytesIO(data), size) for size in sizes}
    except Exception as error:  # readers raise whatever a broken file trips them over
        return f"cannot be read: {error}"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
