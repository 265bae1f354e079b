"""A competition's data, from Kaggle to a file that is whole or not there.

The official client logs in and says where a file lies. The bytes are received
here, because the client (2.2.4) cannot be left alone with 100 GB: it writes
under the final name from the first byte on; it puts whatever a refused request
for the rest is answered with in the place of what it had; it waits without end
on a connection that has gone silent and asks again at an address that has run
out; and a file that is too long counts as done.

Here bytes go to ``NAME.part``, beside a note of the version that they are of,
and it becomes ``NAME`` when it is as long as Kaggle said and, if it is a zip,
when its directory fits. What does not fit is kept as ``NAME.wrong-1``.
"""

import itertools
import os
import shutil
import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import Request, urlopen
from zipfile import BadZipFile, ZipFile

from ml.data.kaggle import Interrupted, Kaggle, Offer, without_signature

if TYPE_CHECKING:
    from ml.progress import Progress

MEGABYTE = 1_000_000
PIECE = 1 << 20
SILENCE = 60.0  # seconds without a byte after which a connection counts as broken
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds
END_OF_ZIP = 22  # bytes of the record at the end, without its comment
BROKEN_ZIP = (BadZipFile, EOFError, RuntimeError, ValueError, zlib.error)


class Incomplete(Exception):
    """The file is not whole; the message says what is there and why no more."""


@dataclass(frozen=True)
class Fetcher:
    """Files of one competition into one folder.

    After a failure it goes on ``retries`` times, counted anew whenever there is
    more of a file than ever before. ``every_member`` also reads zips to their
    end. ``say`` takes sentences for the person.
    """

    kaggle: Kaggle
    competition: str
    folder: Path
    progress: "Progress"
    say: Callable[[str], None]
    retries: int
    every_member: bool = False

    def fetch(self, file: str | None = None) -> Path:
        """Return the path of a whole and verified file, of which only the missing part was sent.

        Without a ``file`` that is the zip of them all. Raises ``Refused``,
        ``Incomplete``, and ``OSError`` where the folder cannot be written.
        """
        failures = reached = 0
        meter: _Meter | None = None
        while True:
            part = None
            try:
                offer = self.kaggle.offer(self.competition, file)
                target = self.folder / (_name(file, offer) if file else f"{self.competition}.zip")
                if self._is_whole(target, offer):
                    return target
                part = self._to_go_on_with(target, offer)
                meter = meter or _Meter(self.progress, target.name, offer.size)
                _receive(offer, part, self.kaggle.trust, meter)
            except Interrupted as error:
                there = part.stat().st_size if part else reached
                failures = 1 if there > reached else failures + 1
                reached = max(reached, there)
                if failures > self.retries:
                    raise Incomplete(f"{error}; {reached:,} bytes are there") from error
                pause = min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE)
                self.say(f"{error}; {reached:,} bytes are there; trying again in {pause:.0f} s")
                time.sleep(pause)
            else:
                if fault := self._fault(part, target):
                    raise Incomplete(f"it came whole but {fault}; {_set_aside(part, target)}")
                part.replace(target)
                _beside(target, ".part.version").unlink(missing_ok=True)
                return target

    def _is_whole(self, target: Path, offer: Offer) -> bool:
        """Tell whether the file is there; one that is not whole makes way."""
        if not target.exists():
            return False
        size, part = target.stat().st_size, _beside(target, ".part")
        if size < offer.size and not part.exists():
            target.rename(part)
            return False
        fault = f"has {size:,} bytes, not {offer.size:,}"
        if size == offer.size:
            fault = self._fault(target, target)
        if fault:
            self.say(f"{target} {fault}; {_set_aside(target, target)}")
        return not fault

    def _to_go_on_with(self, target: Path, offer: Offer) -> Path:
        """Return the part to continue: of this version and no longer than the file."""
        part, note = _beside(target, ".part"), _beside(target, ".part.version")
        known = note.read_text() if note.exists() else ""
        have = part.stat().st_size if part.exists() else 0
        fault = ""
        if have > offer.size:
            fault = f"has {have:,} bytes, not {offer.size:,}"
        elif have and known and known != offer.version:
            fault = "is of another version of the file"
        if fault:
            self.say(f"{part} {fault}; {_set_aside(part, target)}")
            have = 0
        part.parent.mkdir(parents=True, exist_ok=True)
        missing, free = offer.size - have, shutil.disk_usage(part.parent).free
        if missing > free:
            raise Incomplete(f"{missing:,} bytes are missing, {free:,} free in {part.parent}")
        if known != offer.version:
            note.write_text(offer.version)
        part.touch()
        return part

    def _fault(self, file: Path, target: Path) -> str:
        """Return what is wrong with a file of the right size; empty if nothing is."""
        try:
            if target.suffix == ".zip":
                check_zip(file, self.progress if self.every_member else None)
        except BROKEN_ZIP as error:
            return f"is no sound zip ({error})"
        return ""


def check_zip(file: Path, progress: "Progress | None" = None) -> None:
    """Raise one of ``BROKEN_ZIP`` unless its directory and its length agree.

    With a ``progress`` also read every member and compare its checksum.
    """
    with ZipFile(file) as archive, file.open("rb") as content:
        members = sorted(archive.infolist(), key=lambda member: member.header_offset)
        # Python also finds members behind bytes that do not belong, by moving all offsets.
        if not members or members[0].header_offset != 0:
            raise BadZipFile("it does not begin where its directory says")
        content.seek(-END_OF_ZIP - len(archive.comment), os.SEEK_END)
        if content.read(4) != b"PK\5\6":
            raise BadZipFile("it goes on after its end")
        for member in (members[0], members[-1]):
            archive.open(member).close()
        if progress is None:
            return
        meter = _Meter(progress, "checking", sum(member.file_size for member in members))
        read = 0
        for member in members:
            with archive.open(member) as stream:
                while piece := stream.read(PIECE):
                    read += len(piece)
                    meter.show(read)


def _receive(offer: Offer, part: Path, trust: ssl.SSLContext, meter: "_Meter") -> None:
    have = part.stat().st_size
    meter.show(have)
    # Written by position, so that a second process at the same file does no harm.
    with part.open("r+b") as file:
        for position, piece in _pieces(offer, have, trust):
            if position < have:
                file.truncate(position)
            file.seek(position)
            file.write(piece)
            meter.show(position + len(piece))
        file.flush()
        os.fsync(file.fileno())
    if part.stat().st_size < offer.size:
        raise Interrupted("the connection ended too early")


def _pieces(offer: Offer, have: int, trust: ssl.SSLContext) -> Iterator[tuple[int, bytes]]:
    """Yield where each piece begins and its bytes, from ``have`` on.

    From a server that cannot go on in the middle they begin at 0.
    """
    if have == offer.size:
        return
    request = Request(offer.address, headers={"Range": f"bytes={have}-"})  # noqa: S310 (Kaggle's)
    rest = f"bytes {have}-{offer.size - 1}/{offer.size}"
    try:
        with urlopen(request, timeout=SILENCE, context=trust) as answer:  # noqa: S310
            partial = answer.status == 206
            if partial and answer.headers["Content-Range"] != rest:
                raise Interrupted(f"asked for {rest}, sent {answer.headers['Content-Range']}")
            position = have if partial else 0
            while piece := answer.read1(min(PIECE, offer.size - position)):
                yield position, piece
                position += len(piece)
    except (OSError, HTTPException) as error:
        raise Interrupted(without_signature(error)) from error


class _Meter:
    """A bar in megabytes that is told positions in bytes."""

    def __init__(self, progress: "Progress", name: str, size: int) -> None:
        self._progress = progress
        self._shown = 0
        progress.start(f"{name}, MB", -(-size // MEGABYTE))

    def show(self, position: int) -> None:
        megabytes = -(-position // MEGABYTE)
        self._progress.advance(megabytes - self._shown)
        self._shown = megabytes


def _name(file: str, offer: Offer) -> str:
    """Return the name to store a file under: large ones come packed, train.csv as train.csv.zip."""
    packed = urlsplit(offer.address).path.endswith(".zip") and not file.endswith(".zip")
    return f"{file}.zip" if packed else file


def _beside(target: Path, ending: str) -> Path:
    return target.with_name(target.name + ending)


def _set_aside(file: Path, target: Path) -> str:
    """Rename a file, never onto another one, and return a clause about it."""
    names = (_beside(target, f".wrong-{count}") for count in itertools.count(1))
    aside = next(name for name in names if not name.exists())
    file.rename(aside)
    return f"set aside as {aside.name}"
