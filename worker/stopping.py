"""Put a stop off until the claimed photos are answered.

A process manager that stops a whole process group also signals the pool's
children. One that died with photos in its hands would leave them waiting until
their lease runs out.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_busy = False
_asked = False


def install() -> None:
    """Take over SIGTERM in this process; not before its first task runs.

    The pool sets its own handler after every hook that it offers.
    """
    signal.signal(signal.SIGTERM, _on_sigterm)


def _on_sigterm(*_) -> None:
    global _asked  # noqa: PLW0603  a signal's handler has nowhere else to write
    if not _busy:
        raise SystemExit(0)
    _asked = True


@contextmanager
def put_off() -> Iterator[None]:
    """Finish this block before a SIGTERM ends the process."""
    global _busy, _asked  # noqa: PLW0603
    _busy = True
    try:
        yield
    finally:
        _busy = False
        if _asked:
            _asked = False
            raise SystemExit(0)
