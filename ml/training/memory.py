"""Keep memory that a step has freed for the next one."""

import ctypes
import sys

# Of ``mallopt`` in glibc's <malloc.h>.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
LARGEST = 1 << 30


def keep_freed_memory() -> bool:
    """Tell the C library not to hand large blocks back to the system; return whether it obeys.

    Each step on a CPU needs the same blocks of many megabytes. By default each is
    mapped anew and cleared by the system page by page, which costs a sixth of the
    CPU time. Does nothing where the C library is not glibc, and changes no result.
    """
    if not sys.platform.startswith("linux"):
        return False
    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    return bool(tune and tune(MMAP_THRESHOLD, LARGEST) and tune(TRIM_THRESHOLD, LARGEST))
