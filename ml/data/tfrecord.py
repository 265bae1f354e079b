"""TFRecord files, read without TensorFlow.

A file is a row of records: length (8 bytes), its checksum (4), the data, its
checksum (4). The data is a ``tf.train.Example``, a protocol buffer with a map
from a feature's name to a list of byte strings, floats or integers; we need the
byte strings alone.
Source: https://www.tensorflow.org/tutorials/load_data/tfrecord and example.proto.
"""

from collections.abc import Iterator
from typing import IO

# Checksums are not verified: CRC-32C would need one more library, and a picture
# that was damaged is found when it is decoded.
FRAME = 12
TRAILER = 4
LENGTH_DELIMITED = 2
LARGEST_SHIFT = 63
# No record of a picture is larger; what says so is not a TFRecord.
LARGEST = 1 << 30


def records(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the offset and the data of each record.

    Raises ``ValueError`` for a file that is cut short or is no TFRecord.
    """
    offset = 0
    while frame := file.read(FRAME):
        length = int.from_bytes(frame[:8], "little")
        if len(frame) < FRAME or length > LARGEST:
            raise ValueError(f"no TFRecord from byte {offset} on")
        data = file.read(length)
        if len(data) < length or len(file.read(TRAILER)) < TRAILER:
            raise ValueError(f"cut short in the record at byte {offset}")
        yield offset, data
        offset += FRAME + length + TRAILER


def record_at(file: IO[bytes], offset: int) -> bytes:
    """Return the data of the record at an offset."""
    file.seek(offset)
    length = int.from_bytes(file.read(FRAME)[:8], "little")
    return file.read(length)


def features(example: bytes) -> dict[str, bytes]:
    """Return the first byte string of each feature that holds any.

    Raises ``ValueError`` for data that is no ``tf.train.Example``.
    """
    found = {}
    for number, whole in _fields(memoryview(example)):
        if number != 1:  # Example.features
            continue
        for _, entry in _fields(whole):  # Features.feature, a map
            pair = dict(_fields(entry))  # 1: the key, 2: the Feature
            values = dict(_fields(pair[2])).get(1) if {1, 2} <= pair.keys() else None
            if values is not None:  # Feature.bytes_list
                found[bytes(pair[1]).decode()] = next(
                    (bytes(value) for _, value in _fields(values)), b""
                )
    return found


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield number and content of the length-delimited fields of a message."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        if key & 7 != LENGTH_DELIMITED:
            raise ValueError("no tf.train.Example")
        length, at = _varint(message, at)
        if at + length > len(message):
            raise ValueError("a tf.train.Example that is cut short")
        yield key >> 3, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Return a number in base 128, least significant digit first, and where it ends."""
    value = shift = 0
    while at < len(message) and shift <= LARGEST_SHIFT:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7
    raise ValueError("no tf.train.Example, or one that is cut short")
