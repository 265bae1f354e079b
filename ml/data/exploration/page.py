"""The page: its sections in order, in one file that loads nothing."""

from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ml.atomic import write_text
from ml.data.exploration import (
    contents,
    copies,
    gaps,
    outcomes,
    people,
    pictures,
    shortcuts,
)
from ml.data.exploration.charts import Section
from ml.data.exploration.snapshot import Snapshot
from ml.data.store import Store, StoreError

HERE = Path(__file__).parent

Tick = Callable[[int], None]


def write(store: Store, out: Path, start: Callable[[str, int], None], tick: Tick) -> None:
    """Write what is to be seen in a store as HTML.

    ``start`` is called with the name and the length of each longer piece of
    work, ``tick`` with what is done of it since. Raises ``StoreError`` and
    ``OSError`` where the store cannot be read or the page not be written.
    """
    snapshot = Snapshot.of(store)
    if snapshot.manifest.empty:
        raise StoreError(f"{store.folder} holds no picture")
    write_text(out, render(snapshot, list(sections(snapshot, start, tick))))


def sections(snapshot: Snapshot, start: Callable[[str, int], None], tick: Tick) -> list[Section]:
    """Return all that the page shows, in order."""
    start("copies", len(snapshot.manifest))
    found = copies.found(snapshot, tick)
    start("colours", shortcuts.to_measure(snapshot))
    sizes, colours, melanomas = shortcuts.topics(snapshot, tick)
    misleading = (
        gaps.missing(snapshot),
        sizes,
        colours,
        melanomas,
        gaps.unequal_follow_up(snapshot),
        found,
        copies.removed(snapshot),
    )
    return [
        contents.section(snapshot),
        people.section(snapshot),
        outcomes.section(snapshot),
        Section("misleading", "Where it misleads", misleading),
        pictures.section(snapshot),
    ]


def render(snapshot: Snapshot, parts: list[Section]) -> str:
    """Return the page as HTML."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    leads = [topic for part in parts for topic in part.topics if topic.lead]
    return environment.get_template("report.html").render(
        sections=parts,
        leads=leads,
        licences=snapshot.licences,
        sources=snapshot.sources,
        pictures=len(snapshot.images),
        style=(HERE / "report.css").read_text("utf-8"),
    )
