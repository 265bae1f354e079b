"""The worst pictures, their maps, and what it takes to ask."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from ml.bundle import DEFAULT
from ml.contracts import ActivationMap, Outcome, Prediction, Refusal
from ml.kpis import cost, cross_fitting, failures, out_of_fold
from ml.predictor import Predictor
from tests.ml.kpis import made_up

pytestmark = pytest.mark.training


class Refuser:
    """Refuses everything and finds the evidence in one corner."""

    size = 64

    def predict_pixels(self, pixels, boxes):
        grid = [[1.0, 0.0], [0.0, 0.0]]
        outcome, refusal = Outcome.CANNOT_ASSESS, Refusal.OUT_OF_DOMAIN
        return [Prediction(0.5, outcome, refusal, ActivationMap(boxes[0], grid))]


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("failures")
    store = made_up.store(folder, only=60)
    scores = out_of_fold.read(made_up.run(folder / "run", store))
    rows = out_of_fold.with_metadata(scores, store)
    return cross_fitting.judge(rows, cross_fitting.fit(rows)), store


def opened(address: str) -> np.ndarray:
    jpeg = base64.b64decode(address.removeprefix("data:image/jpeg;base64,"))
    return np.asarray(Image.open(io.BytesIO(jpeg)), int)


def test_the_worst_are_those_of_largest_loss_and_missed_melanomas_come_first(scored):
    rows, _ = scored
    worst = failures.worst(rows)
    assert worst["kind"].tolist() == ["missed melanoma"] * 8 + ["false alarm"] * 8
    melanomas = rows[rows["target"] == 1]["probability"].sort_values()
    assert worst["probability"].tolist()[:8] == melanomas.tolist()[:8]
    told = np.where(worst["target"] == 1, worst["probability"], 1 - worst["probability"])
    assert worst["log_loss"].to_numpy() == pytest.approx(-np.log(told))


def test_pictures_that_the_store_no_longer_has_are_left_out(scored):
    rows, _ = scored
    first = failures.worst(rows).index[0]
    changed = rows.copy()
    changed.loc[first, "known"] = False
    assert first not in failures.worst(changed).index


def test_pictures_that_nobody_may_pass_on_can_be_left_out(scored):
    rows = scored[0].assign(source=["large", "small"] * (len(scored[0]) // 2))
    data = [{"source": "large", "licence": "CC BY-NC 4.0"}, {"source": "small", "licence": "CC0"}]
    assert set(failures.free(rows, data)["source"]) == {"small"}
    assert failures.free(rows, data[:1]).empty


def test_a_map_lies_over_its_picture(scored):
    described, pictures = failures.describe(*scored, Refuser())
    assert {one["refused"] for one in described} == {Refusal.OUT_OF_DOMAIN}
    plain, heat = opened(pictures[0].plain), opened(pictures[0].map)
    assert plain.shape == heat.shape == (failures.SIDE, failures.SIDE, 3)
    # The scale ends in yellow: the corner with the evidence has more red than the opposite one.
    assert (heat - plain // 2)[:40, :40, 0].mean() > (heat - plain // 2)[-40:, -40:, 0].mean() + 20


def test_without_a_bundle_there_are_pictures_and_no_maps(scored):
    described, pictures = failures.describe(*scored, None)
    assert len(described) == len(pictures) == 16
    assert all(one.map is None for one in pictures)
    assert all(one["refused"] is None for one in described)


def test_cost_is_that_of_the_network_and_of_its_bundle():
    facts = {
        "recipe": {"model": "mobilenetv2_100", "normalisation": "inception", "size": 192},
        "seconds": 1800,
        "trained_on": 10,
        "history": [{}],
        "device": "cpu",
    }
    described = cost.describe(facts, DEFAULT, Predictor.load(DEFAULT, device="cpu"))
    assert described["parameters"] == 2_225_153
    # 0.30 billion at 224 pixels (Sandler et al. 2018), in proportion to the area.
    assert described["gmac_per_view"] == pytest.approx(0.30 * (192 / 224) ** 2, rel=0.03)
    assert (described["training_hours"], described["epochs"]) == (0.5, 1)
    assert described["ms_per_picture"] > 0
    without = cost.describe(facts, None, None)
    assert without["ms_per_picture"] is None
    assert without["megabytes"] is None


def test_the_cost_of_a_run_is_also_that_of_those_before_it():
    first = {"seconds": 3600, "epochs": 16, "began_with": None}
    facts = {
        "recipe": {"model": "mobilenetv2_100", "normalisation": "inception", "size": 64},
        "seconds": 1800,
        "trained_on": 10,
        "history": [{}] * 8,
        "device": "cpu",
        "began_with": first,
    }
    described = cost.describe(facts, None, None)
    assert (described["training_hours"], described["epochs"], described["runs"]) == (1.5, 24, 2)
