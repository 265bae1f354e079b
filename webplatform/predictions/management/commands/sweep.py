"""``manage.py sweep``: make lost messages and lost workers boring."""

import logging
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections

from webplatform.photos.services import remove_orphans
from webplatform.predictions import queue

log = logging.getLogger("sweep")

ORPHANS_EVERY_S = 3600
# Touched after every turn that went well, for a supervisor to look at.
STAMP = Path(tempfile.gettempdir()) / "naevus-sweep"


class Command(BaseCommand):
    """Sweeps once, or for ever with ``--every``."""

    help = (
        "Queue the predictions of lost workers again, wake workers for photos that nobody "
        "heard of, and delete files that no photo owns."
    )

    def add_arguments(self, parser) -> None:
        """Declare the options."""
        parser.add_argument("--every", type=float, metavar="SECONDS", help="sweep for ever")

    def handle(self, *args, every: float | None, **options) -> None:
        """Run the sweep."""
        next_orphans = 0.0
        while True:
            try:
                close_old_connections()
                swept = queue.sweep()
                if any((swept.requeued, swept.given_up, swept.unheard)):
                    log.info("%s", swept)
                if time.monotonic() >= next_orphans:
                    if removed := remove_orphans():
                        log.info("removed %d files without a photo", removed)
                    next_orphans = time.monotonic() + ORPHANS_EVERY_S
                with suppress(OSError):
                    STAMP.touch()
            except (DatabaseError, OSError):
                if every is None:
                    raise
                log.exception("database or storage do not answer; the next sweep tries again")
            if every is None:
                return
            time.sleep(every)
