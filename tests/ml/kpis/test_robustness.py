"""Altered pictures: what each alteration does, and that its figures are of the right pictures."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score

from ml.kpis import cross_fitting, out_of_fold, page, report, robustness
from ml.kpis.robustness import ALTERATIONS
from ml.preprocess import to_square
from ml.progress import Progress
from tests.ml.kpis import made_up

SIZE = 32
SIDE, RADIUS = 200, 30


def spot() -> np.ndarray:
    """Return skin with a dark round lesion in its middle."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    pixels = np.full((SIDE, SIDE, 3), (200, 170, 150), np.uint8)
    pixels[np.hypot(x, y) < RADIUS] = (90, 60, 50)
    return pixels


def lesion(pixels: np.ndarray) -> np.ndarray:
    return pixels.mean(axis=2) < 120


@pytest.mark.parametrize("name", ALTERATIONS)
def test_each_alteration_gives_another_square_picture(name):
    altered = ALTERATIONS[name](spot())
    assert altered.dtype == np.uint8
    assert altered.shape == (len(altered), len(altered), 3)
    seen = [to_square(Image.fromarray(np.ascontiguousarray(p)), 64) for p in (spot(), altered)]
    assert np.abs(np.subtract(*seen, dtype=float)).max() > 2


@pytest.mark.parametrize(
    ("alter", "times"),
    [(robustness.nearer, 1.44), (robustness.further, 1 / 1.44), (robustness.aside, 1)],
)
def test_the_lesion_is_as_large_as_is_said(alter, times):
    assert lesion(alter(spot())).mean() == pytest.approx(times * lesion(spot()).mean(), rel=0.02)


def test_off_centre_is_a_tenth_of_the_side():
    rows, columns = lesion(robustness.aside(spot())).nonzero()
    assert rows.mean() == pytest.approx(0.6 * SIDE, abs=1)
    assert columns.mean() == pytest.approx(0.6 * SIDE, abs=1)


def test_light_and_contrast_and_colour_change_by_what_is_said():
    before = spot().mean(axis=(0, 1))
    for name, factors in (
        ("darker by 15 %", [0.85, 0.85, 0.85]),
        ("brighter by 15 %", [1.15, 1.15, 1.15]),
        ("warmer light: red +15 %, blue -15 %", [1.15, 1, 0.85]),
        ("colder light: red -15 %, blue +15 %", [0.85, 1, 1.15]),
    ):
        after = ALTERATIONS[name](spot()).mean(axis=(0, 1))
        assert after == pytest.approx(before * factors, rel=0.01), name
    assert robustness.flatter(spot()).std() == pytest.approx(0.7 * spot().std(), rel=0.02)


def by_brightness(pixels):
    """Judge a picture by how dark it is: an engine."""
    return 20 - pixels.mean(axis=(1, 2, 3)) / 8, None, None


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("robustness")
    store = made_up.store(folder, large=150, small=30)
    rows = out_of_fold.read(made_up.run(folder / "run", store, seed=1))
    return out_of_fold.with_metadata(rows, store), store, folder / "run"


@pytest.fixture(scope="module")
def described(scored):
    rows, store, _ = scored
    ticks = []
    found = robustness.describe(
        rows, cross_fitting.fit(rows), store, by_brightness, SIZE, lambda: ticks.append(1)
    )
    assert len(ticks) == 150  # of the small source nothing can be said
    return found


def judged(rows, store, alter):
    """Return the rows with the logits of their altered pictures, one by one."""
    pictures = dict(out_of_fold.pictures(rows, store))
    logits = []
    for index in rows.index:
        stored = np.asarray(Image.open(BytesIO(pictures[index])).convert("RGB"))
        pixels = to_square(Image.fromarray(alter(stored)), SIZE)
        logits.append(by_brightness(pixels[None])[0][0])
    return rows.assign(logit=logits)


def test_the_figures_are_those_of_the_altered_pictures(scored, described):
    rows, store, _ = scored
    fitted = cross_fitting.fit(rows)
    large, small = described
    assert (large["name"], large["pictures"], large["of"]) == ("large", 150, 150)
    assert small["altered"] is None
    assert [one["alteration"] for one in large["altered"]] == list(ALTERATIONS)
    own = rows[rows["source"] == "large"]
    melanoma = own["target"] == 1

    def figures(alter):
        altered = judged(own, store, alter)
        called = cross_fitting.judge(altered, fitted)[cross_fitting.MAIN_POINT.key]
        auc = roc_auc_score(altered["target"], altered["logit"])
        return auc, called[melanoma].mean(), 1 - called[~melanoma].mean()

    auc, sensitivity, specificity = figures(lambda pixels: pixels)
    plain = large["as_it_is"]
    assert plain["auc"] == pytest.approx(auc)
    assert plain["sensitivity"]["value"] == pytest.approx(sensitivity)
    assert plain["specificity"]["value"] == pytest.approx(specificity)
    for found in large["altered"]:
        after = figures(ALTERATIONS[found["alteration"]])
        assert found["auc"] == pytest.approx(after[0])
        assert found["difference"]["value"] == pytest.approx(after[0] - auc)
        assert found["sensitivity"]["value"] == pytest.approx(after[1] - sensitivity)
        assert found["specificity"]["value"] == pytest.approx(after[2] - specificity)
        for name in ("difference", "sensitivity", "specificity"):
            assert found[name]["low"] <= found[name]["value"] <= found[name]["high"]
    assert len({found["specificity"]["value"] for found in large["altered"]}) > 3


def test_all_melanomas_and_some_of_very_many_others_are_taken(scored, monkeypatch):
    monkeypatch.setattr(robustness, "MOST", 40)
    rows = scored[0]
    some = robustness.chosen(rows)
    melanomas = (rows["source"] == "large") & (rows["target"] == 1)
    assert (some["target"] == 0).sum() == 40
    assert set(some.index[some["target"] == 1]) == set(rows.index[melanomas])
    assert some.index.is_monotonic_increasing
    assert some.equals(robustness.chosen(rows))


def test_the_page_shows_the_table_and_where_there_is_too_little(scored, described):
    with Progress(silent=True) as progress:
        made = report.make(scored[2], progress)
    facts = made.facts | {"robustness": report.plain(described)}
    text = page.render(report.Report(facts, made.pictures))
    section = text[text.index('<h2 id="robustness">') : text.index('<h2 id="rival">')]
    assert all(name in section for name in ALTERATIONS)
    assert section.count("<svg") == len(ALTERATIONS)
    assert "<b>small</b>: too few to say" in section
    assert "150 pictures" in section
