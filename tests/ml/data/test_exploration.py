"""The page shows what is there, loads nothing, and says only what was computed."""

import re

import numpy as np
import pandas as pd
import pytest

from ml.__main__ import main
from ml.data.exploration import shortcuts
from ml.data.exploration.page import SECTIONS, render
from tests.ml.data import competition
from tests.ml.stores import ingest, patients, tiles, write_collection

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exploration")
    pictures = competition.jpegs()
    (folder / "siim").mkdir()
    competition.write_tables(folder / "siim", list(pictures))
    competition.write_files(folder / "siim", pictures)
    (folder / "siim" / "jpeg" / "train" / "ISIC_0000009.jpg").unlink()
    rows = [
        ({**row, "patient": f"Q{i}"}, tile.rotate(90)) for i, (row, tile) in enumerate(patients())
    ]
    rows.append(({"image": "twin", "target": 0, "patient": "R"}, rows[4][1].resize((90, 90))))
    store = ingest(folder / "store", folder / "siim", write_collection(folder / "<b>set", rows))
    assert main(["clean", str(store.folder)]) == 0
    assert main(["folds", str(store.folder), "--folds", "3"]) == 0
    return store


@pytest.fixture(scope="module")
def page(store, tmp_path_factory):
    out = tmp_path_factory.mktemp("page") / "report.html"
    assert main(["explore", str(store.folder), "--out", str(out)]) == 0
    return out.read_text()


def test_it_loads_nothing(page):
    assert not re.search(r"<(script|link|iframe)|@import|url\((?!#)", page)
    for address in re.findall(r'(?:src|href)="([^"]*)"', page):
        assert address.startswith(("#", "data:image/")), address[:60]


def test_it_has_every_section_with_a_way_to_it(page):
    anchors = re.findall(r'<h2 id="([^"]+)"', page)
    assert len(anchors) == len(set(anchors)) == SECTIONS
    for anchor in anchors:
        assert f'<a href="#{anchor}">' in page
    assert page.count("<svg") >= 10


def test_every_picture_has_a_text(page):
    pictures = re.findall(r"<img [^>]*>", page)
    assert len(pictures) > 20
    assert all(re.search(r'alt="[^"]+"', picture) for picture in pictures)
    assert page.count("<svg") == len(re.findall(r'role="img" aria-label="[^"]+"', page))


def test_names_are_escaped(page):
    assert "<b>set" not in page
    assert "&lt;b&gt;set" in page


def test_the_figures_are_those_of_the_store(page, store):
    images = store.images()
    melanomas = int((images["target"] == 1).sum())
    assert f"{melanomas} of {len(images)} images show a melanoma" in page
    assert "The tables name 1 more: 1 without a picture and 0 with a broken one" in page
    assert "1 images are left out of folds and training" in page
    assert re.search(r"not linked by any id.*set/twin.*removed", page, re.DOTALL)


def test_the_same_store_gives_the_same_page(store):
    assert render(store) == render(store)


@pytest.mark.parametrize("labels", ["no melanomas", "no others", "few"])
def test_a_poor_store_is_shown_too(tmp_path, labels):
    target = {"no melanomas": 0, "no others": 1, "few": 1}[labels]
    rows = [({"image": f"i{i}", "target": target}, tile) for i, tile in enumerate(tiles())]
    store = ingest(
        tmp_path / "store", write_collection(tmp_path / "set", rows[: 1 if labels == "few" else 24])
    )
    page = render(store)
    assert "No source says which images show the same patient" in page
    assert "No folds are frozen yet" in page
    assert "nothing has been removed" in page.lower()


def test_a_planted_shortcut_is_found():
    chance = np.random.default_rng(0)
    n = 300
    source = np.arange(n) % 2
    target = (chance.random(n) < np.where(source, 0.8, 0.1)).astype(int)
    table = pd.DataFrame(
        {
            "source": np.where(source, "one", "two"),
            "image": [f"i{i}" for i in range(n)],
            "patient": None,
            "lesion": None,
            "target": target,
            "width": 600 + 100 * source,
            "height": 450,
            **dict.fromkeys(shortcuts.COLOUR, chance.normal(100, 10, n)),
        }
    )
    found = {(one.question, one.by): one.value for one in shortcuts.measure(table)}
    assert found["the source", "size"] == 1.0
    assert found["melanoma over all sources", "size"] > 0.75
    assert found["the source", "mean colour"] < 0.65
    assert 0.3 < found["melanoma within one", "mean colour"] < 0.7


def test_no_store_is_an_error(tmp_path, capsys):
    assert main(["explore", str(tmp_path), "--out", str(tmp_path / "x.html")]) == 2
    assert "is no store" in capsys.readouterr().err
    assert not (tmp_path / "x.html").exists()
