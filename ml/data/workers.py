"""What runs in the processes that reduce pictures; they start fast because this imports little."""

import os
import signal
import threading
import time
from collections.abc import Sequence

from ml.data.archives import Location, read
from ml.data.reduction import Reduced, reduce


def reduce_some(places: Sequence[Location | None], sizes: tuple[int, ...]) -> list[Reduced | str]:
    """Return the small pictures at each place, or why there are none."""
    results: list[Reduced | str] = []
    for place in places:
        if place is None:
            results.append("missing")
            continue
        try:
            results.append(reduce(read(place), sizes))
        except OSError as error:
            results.append(f"broken: {error}")
    return results


def die_with(parent: int) -> None:
    """Let this process end when its parent was killed, which nobody else would tell it.

    Ctrl-C, which a terminal sends to all processes, ends it without a word.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
