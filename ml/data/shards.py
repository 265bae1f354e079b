"""Shards: tar files in WebDataset's naming, written so that they can be cut back and gone on with.

A picture is the member ``SOURCE/IMAGE.SIZE.jpg``; all that stands before the
first dot of the file's name is one sample. Nothing in a shard depends on when,
where or in how many attempts it was written.
"""

import os
import tarfile
from collections.abc import Sequence
from pathlib import Path

END = bytes(2 * tarfile.BLOCKSIZE)


def name_of(number: int) -> str:
    """Return the name of the n-th shard."""
    return f"shard-{number:05d}.tar"


class ShardWriter:
    """Appends pictures to shards of at most ``max_bytes`` and ``max_images``.

    A shard that is still written to ends in ``.part``.
    """

    def __init__(
        self,
        folder: Path,
        max_bytes: int,
        max_images: int,
        *,
        number: int = 0,
        end: int = 0,
        images: int = 0,
    ) -> None:
        """Go on behind byte ``end`` of shard ``number``, which holds ``images`` so far.

        Raises ``OSError`` where that shard is gone.
        """
        self.folder, self.max_bytes, self.max_images = folder, max_bytes, max_images
        if self._finished(number).exists():
            self._finished(number).replace(self._partial(number))
        self._open(number, end, images)

    def add(self, names: Sequence[str], contents: Sequence[bytes]) -> tuple[int, list[int]]:
        """Write the members of one image; return the shard's number and their offsets."""
        members = [
            (_header(name, len(content)), content, _padding(len(content)))
            for name, content in zip(names, contents, strict=True)
        ]
        end = self.end + sum(len(part) for member in members for part in member) + len(END)
        if self.images and (end > self.max_bytes or self.images >= self.max_images):
            self.finish()
            self._open(self.number + 1, 0, 0)
        offsets = []
        for header, content, padding in members:
            offsets.append(self.end + len(header))
            self.end += self._file.write(header + content + padding)
        self.images += 1
        return self.number, offsets

    def commit(self) -> None:
        """Return once all that was added is on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def finish(self) -> None:
        """End the shard that is written to."""
        self._file.write(END)
        self.commit()
        self._file.close()
        self._partial(self.number).replace(self._finished(self.number))

    def close(self) -> None:
        """Leave the shard as it is, to go on another time."""
        self._file.close()

    def _open(self, number: int, end: int, images: int) -> None:
        self.number, self.end, self.images = number, end, images
        self._file = self._partial(number).open("r+b" if end else "wb")
        self._file.truncate(end)
        self._file.seek(end)

    def _finished(self, number: int) -> Path:
        return self.folder / name_of(number)

    def _partial(self, number: int) -> Path:
        return self.folder / (name_of(number) + ".part")


def _header(name: str, length: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = length
    return member.tobuf(tarfile.GNU_FORMAT)


def _padding(length: int) -> bytes:
    return bytes(-length % tarfile.BLOCKSIZE)
