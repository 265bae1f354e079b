"""How fast ``ingest`` is against the straightforward way and against bare decoding and encoding.

Three contestants make 256-pixel squares of the same files with as many
processes. The straightforward way decodes a picture whole, reduces and saves
it. The bare one uses the calls that ``ingest`` uses for its pixels and nothing
else: no table, no hashes, no store.
"""

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path

from PIL import Image

from ml.data.reduction import DRAFT_FACTOR, QUALITY
from ml.preprocess import centre_square, to_square
from tests.conftest import PHOTOS

SIZE = 256
ROUNDS = 3
CHUNK = 16


@dataclass(frozen=True)
class Round:
    """Images per second."""

    ingest: float
    straightforward: float
    bare: float


def write_collection(folder: Path, width: int, height: int, count: int) -> list[Path]:
    """Write real photographs, scaled to a size, under as many names as wanted."""
    folder.mkdir(parents=True)
    originals = []
    for photo in PHOTOS:
        with Image.open(photo) as image:
            scaled = image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
        originals.append(BytesIO())
        scaled.save(originals[-1], "JPEG", quality=90)
    files = [folder / f"i{number}.jpg" for number in range(count)]
    for file, original in zip(files, itertools.cycle(originals), strict=False):
        file.write_bytes(original.getvalue())
    rows = (f"{file.stem},{number % 2}\n" for number, file in enumerate(files))
    (folder / "labels.csv").write_text("image,target\n" + "".join(rows))
    return files


def measure_ingestion(folder: Path, width: int, height: int, count: int) -> list[Round]:
    """Return a few rounds in which all contestants did the same, one after the other."""
    files = write_collection(folder / "set", width, height, count)
    processes = os.cpu_count() or 1
    rounds = []
    for number in range(ROUNDS):
        seconds = [
            _timed(lambda n=number: _ingest(folder / "set", folder / f"store-{n}", processes)),
            _timed(lambda: _all(straightforward, files, processes)),
            _timed(lambda: _all(bare, files, processes)),
        ]
        rounds.append(Round(*(count / one for one in seconds)))
    return rounds


def peak_memory(folder: Path, count: int) -> float:
    """Return the most megabytes that an ingestion of so many pictures holds, workers included."""
    write_collection(folder / "set", 600, 450, count)
    command = [sys.executable, "-m", "ml", "ingest", str(folder / "set"), "--out"]
    most = 0.0
    with subprocess.Popen(
        [*command, str(folder / "store")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            most = max(most, _resident(process.pid))
            time.sleep(0.02)
    assert process.returncode == 0
    return most


def straightforward(file: Path) -> int:
    """Decode a picture whole, cut and reduce it, save it; return the bytes."""
    out = BytesIO()
    with Image.open(file) as image:
        picture = image.convert("RGB")
    box = centre_square(*picture.size)
    square = picture.resize((SIZE, SIZE), Image.Resampling.BICUBIC, box=box)
    square.save(out, "JPEG", quality=QUALITY)
    return len(out.getvalue())


def bare(file: Path) -> int:
    """Decode at a reduced size, reduce and encode as ``ingest`` does; return the bytes."""
    out = BytesIO()
    with Image.open(file) as image:
        square = Image.fromarray(to_square(image, SIZE, DRAFT_FACTOR))
    square.save(out, "JPEG", quality=QUALITY)
    return len(out.getvalue())


def _ingest(source: Path, out: Path, processes: int) -> None:
    from ml.data.ingestion import Settings, ingest, open_source

    ingest([open_source(source)], out, Settings((SIZE,)), processes)


def _all(work: Callable[[Path], int], files: Sequence[Path], processes: int) -> None:
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        assert all(pool.map(work, files, chunksize=CHUNK))


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _resident(parent: int) -> float:
    """Return the memory of a process and its children in megabytes (Linux)."""
    total = 0.0
    for process in [str(parent), *_children(parent)]:
        try:
            status = Path(f"/proc/{process}/status").read_text()
        except OSError:
            continue
        total += sum(
            int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS")
        )
    return total


def _children(parent: int) -> list[str]:
    found = []
    for task in Path(f"/proc/{parent}/task").glob("*/children"):
        try:
            found += task.read_text().split()
        except OSError:
            continue
    return found
