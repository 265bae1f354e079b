"""Pictures decoded once, so that an epoch reads pixels and not JPEG."""

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ml.data.samples import Picture
from ml.preprocess import open_picture


def decode(
    pictures: Sequence[Picture], size: int, folder: Path, tick: Callable[[], None] = lambda: None
) -> np.ndarray:
    """Return all pictures as ``uint8[len(pictures), size, size, 3]``, mapped from disk.

    The file is kept in ``folder`` under a name made of what is in it, and made
    once; ``tick`` is called after each picture. Raises ``OSError`` for a
    picture that cannot be read.
    """
    shape = (len(pictures), size, size, 3)
    folder.mkdir(parents=True, exist_ok=True)
    finished = folder / f"{key(pictures, size)}.npy"
    if not finished.exists():
        partial = finished.with_suffix(f".{os.getpid()}.part")
        pixels = np.lib.format.open_memmap(partial, "w+", np.uint8, shape)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            squares = pool.map(lambda picture: open_picture(picture.open(), size), pictures)
            for i, square in enumerate(squares):
                pixels[i] = square
                tick()
        pixels.flush()
        partial.replace(finished)
    return np.load(finished, mmap_mode="r")


def key(pictures: Sequence[Picture], size: int) -> str:
    """Return a name that changes when a picture is added, replaced or resized."""
    digest = hashlib.sha256(str(size).encode())
    for shard in sorted({picture.shard for picture in pictures}):
        facts = shard.stat()
        digest.update(f"{shard.resolve()}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    for picture in pictures:
        digest.update(f"{picture.shard.name}\0{picture.offset}\n".encode())
    return digest.hexdigest()[:20]
