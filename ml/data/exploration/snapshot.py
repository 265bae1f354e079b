"""What the page looks at: the tables of a store, read once, with the sources by name."""

from dataclasses import dataclass
from typing import Self

import pandas as pd

from ml.data import folds
from ml.data.store import Store

# Of each source there is a plot side by side; more than so many nobody compares.
MOST_SOURCES = 6


@dataclass(frozen=True)
class Snapshot:
    """The tables of a store, with the name of its source in each row's ``source``.

    ``manifest`` has all pictures and a column ``removed``; ``images`` those
    that cleaning has left; ``labelled`` those of them that one may learn from.
    The labels of an official test set are not looked at.
    """

    store: Store
    licences: dict[str, str]
    manifest: pd.DataFrame
    images: pd.DataFrame
    labelled: pd.DataFrame
    problems: pd.DataFrame
    removed: pd.DataFrame

    @classmethod
    def of(cls, store: Store) -> Self:
        """Read a store; raise ``StoreError`` or ``OSError`` where that cannot be."""
        declared = store.settings["sources"]
        names = {source["key"]: source["name"] for source in declared}
        manifest, removed, problems = (
            table.assign(source=table["source"].map(names).astype(object))
            for table in (store.manifest(), store.removed(), store.problems())
        )
        removed["kept_source"] = removed["kept_source"].map(names)
        gone = pd.MultiIndex.from_frame(removed[["source", "image"]])
        manifest["removed"] = pd.MultiIndex.from_frame(manifest[["source", "image"]]).isin(gone)
        images = manifest[~manifest["removed"]].reset_index(drop=True)
        return cls(
            store,
            {source["name"]: source["licence"] for source in declared},
            manifest,
            images,
            folds.labelled(images),
            problems,
            removed,
        )

    @property
    def sources(self) -> list[str]:
        """The names of the sources, in the order in which they were ingested."""
        return list(self.licences)

    def largest(self, most: int = MOST_SOURCES) -> list[str]:
        """Return the sources of the most pictures, in the order in which they were ingested."""
        counts = self.images["source"].value_counts()
        largest = set(counts.index[:most])
        return [source for source in self.sources if source in largest]
