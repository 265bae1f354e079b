"""The page of ``explore``: whole, self-contained, true to the store, and there for any store."""

import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from ml.__main__ import main
from ml.data.exploration import probes
from ml.data.exploration.wording import counted, listed, percent
from tests.ml.data import competition
from tests.ml.stores import ingest, patients, tiles, write_collection

pytestmark = pytest.mark.training

HOSTILE = '"><script>alert(1)</script>'


def explored(store) -> str:
    """Return the page of a store."""
    out = store.folder.parent / "report.html"
    assert main(["explore", str(store.folder), "--out", str(out)]) == 0
    return out.read_text("utf-8")


def text(page: str) -> str:
    """Return the words of a page."""
    words = re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", words.replace("\N{NO-BREAK SPACE}", " "))


class Tags(HTMLParser):
    """All tags of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two collections of different sizes and shares of melanomas, cleaned of a copy and split."""
    folder = tmp_path_factory.mktemp("explored")
    people = {"age": 30, "sex": "female", "site": HOSTILE}
    first = [({**row, **people, "age": 30 + i}, t) for i, (row, t) in enumerate(patients())]
    first.append(({**first[4][0], "image": "twin", "patient": "R"}, first[4][1].resize((90, 90))))
    second = [
        ({**row, "target": int(i % 2 == 0), "patient": f"Q{i}"}, t.rotate(180).resize((200, 150)))
        for i, (row, t) in enumerate(patients("j"))
    ]
    sources = [write_collection(folder / n, rows) for n, rows in (("one", first), ("two", second))]
    store = ingest(folder / "store", *sources)
    assert main(["clean", str(store.folder)]) == 0
    assert main(["folds", str(store.folder), "--folds", "3"]) == 0
    return store


@pytest.fixture(scope="module")
def page(store):
    return explored(store)


def test_nothing_is_loaded_from_elsewhere(page):
    tags = Tags(page).found
    assert not {"script", "link", "iframe", "object", "base"} & {tag for tag, _ in tags}
    assert not re.search(r"@import|url\(|https?://", page)
    for _, attributes in tags:
        for name in ("src", "href"):
            assert attributes.get(name, "#").startswith(("#", "data:image/jpeg;base64,"))


def test_every_picture_and_drawing_has_a_text(page):
    tags = Tags(page).found
    pictures = [attributes for tag, attributes in tags if tag == "img"]
    drawings = [attributes for tag, attributes in tags if tag == "svg"]
    assert len(pictures) > 20
    assert len(drawings) > 10
    assert all(picture["alt"] for picture in pictures)
    assert all(drawing["role"] == "img" and drawing["aria-label"] for drawing in drawings)


def test_headings_are_in_order_and_links_have_an_end(page):
    tags = Tags(page).found
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    anchors = Counter(attributes["id"] for _, attributes in tags if "id" in attributes)
    assert set(anchors.values()) == {1}
    links = [attributes["href"] for tag, attributes in tags if tag == "a"]
    assert len(links) > 20
    assert all(link[1:] in anchors for link in links)


def test_no_place_is_outside_its_drawing(page):
    shares = [float(n) for n in re.findall(r'(?:x|cx|x1|x2|width)="(-?[\d.]+)%"', page)]
    assert len(shares) > 50
    assert min(shares) >= 0
    assert max(shares) <= 102.1


def test_the_sentences_are_those_of_the_store(page):
    words = text(page)
    assert "48 pictures from 2 sources; one alone gives 50 %" in words
    assert "Cleaning has left 1 picture out" in words
    assert "20 of 48 labelled pictures are melanomas (41.7 %" in words
    assert "Size alone tells one from two in 100 % of cases; 50 % would be chance" in words
    assert "1 pair of copies among 49 pictures" in words
    assert "cleaning has left none of the pairs" in words
    assert "3 folds of 16 to 16 pictures" in words
    assert "one: unknown" in words  # the licence


def test_names_cannot_become_markup(page):
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_same_store_gives_the_same_page(store, page):
    assert explored(store) == page


POOR = {
    "no melanoma": lambda i: {"target": 0},
    "melanomas only": lambda i: {"target": 1},
    "every class": lambda i: {"diagnosis": ("melanoma", "nevus", "bcc", "df", "vasc", "")[i % 6]},
    "one age": lambda i: {"target": i % 2, "age": 50 if i == 3 else ""},
    "many patients and sites": lambda i: {"target": i % 2, "patient": f"P{i}", "site": f"site {i}"},
}


@pytest.mark.parametrize("kind", POOR)
@pytest.mark.parametrize("pictures", [1, 24])
def test_any_store_has_a_page(tmp_path, kind, pictures):
    rows = [({"image": f"i{i}", **POOR[kind](i)}, tile) for i, tile in enumerate(tiles())]
    store = ingest(tmp_path / "store", write_collection(tmp_path / "set", rows[:pictures]))
    page = explored(store)
    words = text(page)
    assert "nan" not in words.lower().split()
    assert "No folds are frozen" in words
    assert "no two sources" in words
    if "patient" not in rows[0][0]:
        assert "set tells neither patient nor lesion" in words
    if pictures == 1:
        assert "1 picture from 1 source" in words


def test_many_small_sources(tmp_path):
    pictures = tiles()
    folders = [
        write_collection(
            tmp_path / f"set{n}",
            [
                ({"image": f"s{n}i{i}", "target": i % 2}, pictures[(2 * n + i) % 24].rotate(n))
                for i in range(2)
            ],
        )
        for n in range(16)
    ]
    words = text(explored(ingest(tmp_path / "store", *folders)))
    assert "16 sources" in words
    assert "the 6 largest of 16 sources" in words
    assert "3 others" in words


def test_a_test_set_without_labels_is_counted_only(tmp_path):
    pictures = competition.jpegs()
    folder = tmp_path / "siim"
    folder.mkdir()
    competition.write_tables(folder, list(pictures))
    competition.write_files(folder, pictures)
    store = ingest(tmp_path / "store", folder)
    manifest = store.manifest()
    words = text(explored(store))
    held = int((manifest["split"] == "test").sum())
    assert held
    assert f"{held} are of an official test set, whose labels this page does not look at" in words
    assert f"of {len(manifest) - held} labelled pictures" in words


def test_what_is_no_store_is_an_error(tmp_path, capsys):
    assert main(["explore", str(tmp_path), "--out", str(tmp_path / "x.html")]) == 2
    assert "is no store" in capsys.readouterr().err
    assert not (tmp_path / "x.html").exists()


def measured(n: int, **columns) -> pd.DataFrame:
    """Return measurements of n pictures that tell nothing but what the columns tell."""
    same = dict.fromkeys([*probes.SIZE, *probes.COLOUR], 100.0)
    table = {"source": "one", "group": [f"g{i}" for i in range(n)], **same, **columns}
    return pd.DataFrame(table, index=range(n))


def test_a_planted_shortcut_is_measured():
    chance = np.random.default_rng(0)
    target = np.arange(200) % 4 == 0
    light = 100 + 60 * target + chance.normal(0, 5, 200)
    one = measured(200, target=target.astype(int), red=light)
    assert probes.within(one, probes.COLOUR).value > 0.95
    assert probes.across(one, one.assign(group="other"), probes.COLOUR).value > 0.95
    reverse = one.assign(red=260 - light, group="other")
    assert probes.across(one, reverse, probes.COLOUR).value < 0.05
    source = np.where(target, "one", "two")
    assert probes.tells_apart(one.assign(source=source), probes.COLOUR) > 0.95


def test_what_tells_nothing_is_at_chance():
    target = (np.arange(200) % 4 == 0).astype(int)
    one = measured(200, target=target)
    assert probes.within(one, probes.SIZE).value == 0.5
    source = np.where(target, "one", "two")
    assert probes.tells_apart(one.assign(source=source), probes.SIZE) == 0.5


def test_a_patient_is_not_on_both_sides():
    # Each patient has a colour and a diagnosis of his own: only who has seen him can tell.
    chance = np.random.default_rng(0)
    patient = np.arange(400) // 10
    target = chance.permutation(np.arange(40) % 2)[patient]
    red = chance.permutation(40)[patient] * 6.0
    table = measured(400, target=target, red=red)
    assert probes.within(table, probes.COLOUR).value > 0.95
    table["group"] = patient.astype(str)
    assert probes.within(table, probes.COLOUR).value < 0.75


def test_too_few_to_tell():
    few = measured(200, target=[1] * 9 + [0] * 191)
    assert probes.within(few, probes.SIZE) is None
    assert probes.across(few, few, probes.SIZE) is None
    assert probes.tells_apart(few, probes.SIZE) is None


def test_the_sample_has_more_of_the_melanomas():
    images = pd.DataFrame(
        {
            "source": ["one"] * 2000 + ["two"] * 10,
            "image": range(2010),
            "split": "train",
            "target": [1] * 100 + [0] * 1910,
        }
    )
    some = probes.sample(images)
    assert some["source"].value_counts().to_dict() == {"one": probes.MOST_PICTURES, "two": 10}
    assert some["target"].sum() == 100
    assert some["image"].is_monotonic_increasing


@pytest.mark.parametrize(
    ("share", "says"),
    [(0, "0 %"), (1, "100 %"), (0.0004, "< 0.1 %"), (0.9996, "> 99.9 %"), (0.125, "12.5 %")],
)
def test_a_share_in_words(share, says):
    assert percent(share).replace("\N{NO-BREAK SPACE}", " ") == says


def test_names_and_numbers_in_words():
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(list("abcdef")) == "a, b, c and 3 more"
    assert counted(1, "picture").split() == ["1", "picture"]
    assert counted(1200, "class", "classes").split() == ["1,200", "classes"]
