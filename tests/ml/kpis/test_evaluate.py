"""``evaluate`` from end to end: a page that stands alone and a file of plain numbers."""

import json
import math
import re
from html.parser import HTMLParser

import pytest

from ml.__main__ import main
from ml.kpis import checklists, page
from tests.ml.kpis import made_up

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A store of one collection that is large enough and one that is not, and two runs."""
    folder = tmp_path_factory.mktemp("evaluate")
    store = made_up.store(folder, large=150, small=30)
    made_up.run(folder / "ours", store, seed=1)
    made_up.run(folder / "theirs", store, seed=2, better=0.5)
    return folder


@pytest.fixture(scope="module")
def evaluated(folder):
    out = folder / "report.html"
    command = ["evaluate", str(folder / "ours"), "--against", str(folder / "theirs")]
    assert main([*command, "--out", str(out)]) == 0
    return out.read_text("utf-8"), json.loads(out.with_suffix(".json").read_text("utf-8"))


class Page(HTMLParser):
    """What a page holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, name: str) -> list[str]:
        return [str(attrs[name]) for _, attrs in self.tags if name in attrs]


def leaves(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from leaves(one)
    else:
        yield value


def test_every_number_is_finite_or_null(evaluated):
    numbers = [leaf for leaf in leaves(evaluated[1]) if isinstance(leaf, float)]
    assert len(numbers) > 500
    assert all(math.isfinite(number) for number in numbers)


def test_each_source_stands_on_its_own_and_the_small_one_says_nothing(evaluated):
    large, small, pooled = evaluated[1]["cohorts"]
    assert (large["name"], small["name"], pooled["pooled"]) == ("large", "small", True)
    assert large["discrimination"]["auc"]["value"] > 0.7
    assert small["too_few"]
    assert small["discrimination"] is None
    assert evaluated[1]["mean_over_sources"] is None


def test_the_runner_up_is_compared_on_the_same_pictures(evaluated):
    large = evaluated[1]["runner_up"]["cohorts"][0]
    assert large["pictures"] == 150
    assert large["figures"]["difference"]["value"] > 0


def test_metadata_are_joined_and_what_is_missing_is_counted(evaluated):
    variables = {one["variable"]: one for one in evaluated[1]["cohorts"][0]["subgroups"]}
    assert {one["level"] for one in variables["sex"]["levels"]} == {"female", "male"}
    assert evaluated[1]["scored"]["not_recorded"]["site"] == 90
    assert evaluated[1]["scored"]["not_in_store"] == 0


def test_the_page_needs_nothing_but_itself(evaluated):
    text, found = evaluated[0], Page(evaluated[0])
    assert not {"script", "link", "iframe", "object", "base"} & {tag for tag, _ in found.tags}
    assert all(address.startswith("data:image/") for address in found.all("src"))
    assert all(address.startswith("#") for address in found.all("href"))
    assert all(address.startswith("#") for address in found.all("xlink:href"))
    assert not re.search(r"@import|url\((?!#)", text)
    assert "default-src 'none'" in text


def test_every_picture_and_plot_says_what_it_shows(evaluated):
    found = Page(evaluated[0])
    pictures = [attrs for tag, attrs in found.tags if tag == "img"]
    assert len(pictures) == 16
    assert all(picture["alt"] for picture in pictures)
    plots = [attrs for _, attrs in found.tags if attrs.get("role") == "img"]
    assert len(plots) == 6
    assert all(plot["aria-label"] for plot in plots)


def test_ids_are_used_once_and_every_link_leads_somewhere(evaluated):
    found = Page(evaluated[0])
    ids = found.all("id")
    assert len(ids) == len(set(ids))
    assert {address[1:] for address in found.all("href")} <= set(ids)
    assert set(page.SECTIONS) <= set(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", evaluated[0])) <= set(ids)


def test_it_says_what_it_is_and_where_there_is_too_little(evaluated):
    text = evaluated[0]
    assert "not a medical device" in text
    assert "too few to say" in text
    assert "nan" not in re.findall(r">\s*(nan|None|inf)\s*<", text)


@pytest.mark.parametrize("has", [set(), {"bundle"}])
def test_every_item_of_every_standard_is_answered_and_leads_to_a_section(has):
    standards = {one["standard"]: one for one in checklists.answered(has)}
    assert {name: len(one["items"]) for name, one in standards.items()} == {
        "TRIPOD+AI": 52,
        "CLAIM 2024": 44,
        "Model card": 9,
    }
    for one in standards.values():
        assert sum(one["answers"].values()) == len(one["items"])
        for item in one["items"]:
            assert item["answer"] in checklists.ANSWERS
            assert set(item["sections"]) <= set(page.SECTIONS)
            assert item["sections"] or item["because"]
            assert item["answer"] == "yes" or item["because"]
    activation = next(i for i in standards["CLAIM 2024"]["items"] if i["item"] == "31")
    assert activation["answer"] == ("yes" if has else "no")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere", "--out", "r.html"], "No such file"),
        (["ours", "--out", "r.txt"], "FILE.html"),
        (["ours", "--store", "nowhere", "--out", "r.html"], "is no store"),
        (["ours", "--bundle", "nowhere", "--out", "r.html"], "no readable bundle.json"),
        (["ours", "--against", "nowhere", "--out", "r.html"], "No such file"),
    ],
)
def test_what_is_not_there_is_named(folder, monkeypatch, capsys, arguments, says):
    monkeypatch.chdir(folder)
    assert main(["evaluate", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_the_bundle_of_another_run_is_refused(folder, capsys):
    from ml.bundle import DEFAULT

    command = ["evaluate", str(folder / "ours"), "--bundle", str(DEFAULT)]
    assert main([*command, "--out", str(folder / "r.html")]) == 2
    assert "not the bundle of this run" in capsys.readouterr().err
