"""Pictures for the page: as small as they are shown, and carried by the page itself."""

from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO

import pandas as pd
from PIL import Image

from ml.data.exploration.charts import Figure, Grid, Picture, Section, Topic
from ml.data.exploration.snapshot import Snapshot
from ml.data.exploration.wording import counted, percent
from ml.data.store import Store

SIDE = 224
QUALITY = 80
SEED = 0
OF_A_CLASS = 16
MOST_CLASSES = 12
NOT_TOLD = "diagnosis not told"


def thumbnails(store: Store, rows: pd.DataFrame, *, captions: bool = False) -> list[Picture]:
    """Return the pictures of some rows of the manifest, of SIDE pixels a side at most."""
    pictures = []
    for row, jpeg in zip(rows.itertuples(), store.pictures(rows, SIDE), strict=True):
        with Image.open(BytesIO(jpeg)) as picture:
            small = picture.convert("RGB")
            small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        out = BytesIO()
        small.save(out, "JPEG", quality=QUALITY, optimize=True)
        shows = row.diagnosis if isinstance(row.diagnosis, str) else NOT_TOLD
        alt = f"{shows}, {row.source}, {row.image}"
        address = f"data:image/jpeg;base64,{b64encode(out.getvalue()).decode()}"
        pictures.append(
            Picture(
                address,
                alt,
                f"{row.image} · {shows}{' · removed' * row.removed}" if captions else "",
            )
        )
    return pictures


def section(snapshot: Snapshot) -> Section:
    """Return some pictures of each class, the same number of each source where it has them."""
    labelled = snapshot.labelled
    classes = labelled["diagnosis"].fillna(NOT_TOLD)
    counts = classes.value_counts()
    topics = [_examples(snapshot, labelled[classes == name], name) for name in counts.index]
    if len(topics) > MOST_CLASSES:
        topics = topics[:MOST_CLASSES]
    if not topics:
        topics = [Topic("no-class", "No classes", "No picture has a label to learn from.")]
    return Section("pictures-of-classes", "What it looks like", tuple(topics))


def _examples(snapshot: Snapshot, rows: pd.DataFrame, name: str) -> Topic:
    shuffled = rows.sample(frac=1, random_state=SEED)
    turn = shuffled.groupby("source").cumcount()
    chosen = shuffled.loc[turn.sort_values(kind="stable").index[:OF_A_CLASS]]
    chosen = chosen.sort_values("source", kind="stable")
    sources = chosen["source"].value_counts(sort=False)
    share = percent(len(rows) / len(snapshot.labelled))
    says = f"{counted(len(rows), 'picture')}, {share} of those with a label. Here: " + _credit(
        snapshot, list(sources.index)
    )
    figure = Figure("", says, Grid(tuple(thumbnails(snapshot.store, chosen))), wide=True)
    return Topic(f"class-{name.replace(' ', '-')}", name.capitalize(), "", (figure,))


def _credit(snapshot: Snapshot, sources: Sequence[str]) -> str:
    """Return where pictures are from and under which licences."""
    return ", ".join(f"{source} ({snapshot.licences[source]})" for source in sources) + "."
