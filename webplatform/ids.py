"""Identifiers."""

import os
import time
import uuid


def uuid7() -> uuid.UUID:
    """Return a UUID version 7: sortable by time, impossible to guess.

    RFC 9562, section 5.7. Python has its own from 3.14 on.
    """
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10))
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return uuid.UUID(int=value)
