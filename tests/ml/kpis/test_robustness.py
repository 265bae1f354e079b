"""Altered pictures: what each alteration does, and that its figures are of the right pictures."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score

from ml.kpis import cross_fitting, out_of_fold, robustness
from ml.kpis.cross_fitting import MAIN_POINT
from ml.kpis.robustness import ALTERATIONS
from ml.preprocess import to_square
from tests.ml.kpis import made_up

SIZE = 32


def spot(side: int = 200, radius: int = 30) -> Image.Image:
    """Return skin with a dark round lesion in its middle."""
    y, x = np.mgrid[:side, :side] - side / 2
    pixels = np.full((side, side, 3), (200, 170, 150), np.uint8)
    pixels[np.hypot(x, y) < radius] = (90, 60, 50)
    return Image.fromarray(pixels)


def share_of_lesion(image: Image.Image) -> float:
    return float((np.asarray(image.convert("L")) < 120).mean())


def colour(image: Image.Image) -> np.ndarray:
    return np.asarray(image, float).mean(axis=(0, 1))


@pytest.mark.parametrize("name", ALTERATIONS)
def test_each_alteration_gives_another_square_picture_in_colour(name):
    altered = ALTERATIONS[name](spot())
    assert altered.mode == "RGB"
    assert altered.width == altered.height
    changed = np.asarray(altered.resize((64, 64)), float) - np.asarray(
        spot().resize((64, 64)), float
    )
    assert np.abs(changed).max() > 2


def test_the_lesion_grows_by_what_is_said_when_nearer_and_shrinks_when_further():
    before = share_of_lesion(spot())
    assert share_of_lesion(robustness.nearer(spot())) == pytest.approx(before * 1.44, rel=0.02)
    assert share_of_lesion(robustness.further(spot())) == pytest.approx(before / 1.44, rel=0.02)


def test_light_and_colour_change_by_what_is_said():
    before = colour(spot())
    assert colour(robustness.light(0.7)(spot())) == pytest.approx(0.7 * before, rel=0.02)
    warm = colour(robustness.tint(1.15, 0.85)(spot())) / before
    assert warm == pytest.approx([1.15, 1, 0.85], rel=0.02)


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("robustness")
    store = made_up.store(folder, large=150, small=30)
    rows = out_of_fold.read(made_up.run(folder / "run", store, seed=1))
    return out_of_fold.with_metadata(rows, store), store


def brightness(pixels: np.ndarray):
    """Judge a picture by how dark it is: an engine."""
    return 4 - pixels.mean(axis=(1, 2, 3)) / 32, None, None


def auc_by_brightness(rows, images, alter) -> float:
    logits = [brightness(to_square(alter(images[index]), SIZE)[None])[0][0] for index in rows.index]
    return roc_auc_score(rows["target"], logits)


def described(scored, engine):
    rows, store = scored
    ticks = []
    fitted = cross_fitting.fit(rows)
    facts = robustness.describe(rows, fitted, store, engine, SIZE, lambda: ticks.append(1))
    assert len(ticks) == len(rows)
    return facts


def test_the_figures_are_those_of_the_altered_pictures(scored):
    rows, store = scored
    large, small = described(scored, brightness)
    assert (large["name"], large["pictures"]) == ("large", 150)
    assert small["altered"] is None
    own = rows[rows["source"] == "large"]
    images = {
        index: Image.open(BytesIO(jpeg)).convert("RGB")
        for index, jpeg in out_of_fold.pictures(own, store)
    }
    before = auc_by_brightness(own, images, lambda image: image)
    assert large["as_it_is"]["auc"] == pytest.approx(before)
    assert [one["alteration"] for one in large["altered"]] == list(ALTERATIONS)
    for found in large["altered"]:
        after = auc_by_brightness(own, images, ALTERATIONS[found["alteration"]])
        assert found["auc"] == pytest.approx(after)
        assert found["difference"]["value"] == pytest.approx(after - before)


def test_a_darker_picture_moves_to_the_side_of_the_melanomas(scored):
    large, _ = described(scored, brightness)
    before = large["as_it_is"]
    found = {one["alteration"]: one for one in large["altered"]}
    darker, brighter = found["darker by 30 %"], found["brighter by 30 %"]
    assert darker["sensitivity"]["value"] >= before["sensitivity"]["value"]
    assert darker["specificity"]["value"] < before["specificity"]["value"]
    assert brighter["specificity"]["value"] > before["specificity"]["value"]
    assert 0 < darker["moved"] <= 1


def test_an_engine_that_sees_nothing_changes_nothing(scored):
    chance = np.random.default_rng(0)
    seen: dict[bytes, float] = {}
    rows, store = scored
    for index, jpeg in out_of_fold.pictures(rows, store):
        seen[jpeg] = float(rows.loc[index, "logit"]) + chance.normal(0, 1e-9)
    order = iter([seen[jpeg] for _, jpeg in out_of_fold.pictures(rows, store, SIZE)])
    state = {"left": 0, "logit": 0.0}

    def blind(pixels):
        # Asked once for the picture as it is, then once for each alteration.
        if not state["left"]:
            state.update(left=1 + len(ALTERATIONS), logit=next(order))
        state["left"] -= 1
        return np.array([state["logit"]]), None, None

    large, _ = described(scored, blind)
    own = rows[rows["source"] == "large"]
    before = roc_auc_score(own["target"], own["logit"])
    assert large["as_it_is"]["auc"] == pytest.approx(before)
    judged = cross_fitting.judge(rows, cross_fitting.fit(rows)).loc[own.index]
    called = judged.loc[judged["target"] == 1, MAIN_POINT.key]
    assert large["as_it_is"]["sensitivity"]["value"] == pytest.approx(called.mean())
    for one in large["altered"]:
        assert one["difference"]["value"] == 0
        assert one["moved"] == 0


def test_of_very_many_pictures_some_are_drawn(scored, monkeypatch):
    monkeypatch.setattr(robustness, "MOST", 40)
    some = robustness.chosen(scored[0])
    assert len(some) == 40
    assert some.index.is_monotonic_increasing
    assert some.equals(robustness.chosen(scored[0]))
