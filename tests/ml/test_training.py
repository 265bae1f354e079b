"""Learning, from the schedule to a bundle that answers."""

import csv
import json
import re

import numpy as np
import pytest
from PIL import Image

from ml import runs
from ml.__main__ import main
from ml.atomic import write_json
from ml.data.store import Store
from ml.predictor import Predictor
from tests.conftest import PHOTOS
from tests.ml.stores import ingest

SIZE = 64


@pytest.mark.training
def test_a_head_that_has_no_exact_map_is_refused():
    from ml.network import Network

    with pytest.raises(ValueError, match="activation map"):
        Network("mobilenetv3_small_050", "imagenet")


@pytest.mark.training
def test_first_weights_must_be_of_the_architecture(tmp_path):
    from safetensors.torch import save_file

    from ml.network import Network, load_initial_weights

    network = Network("mobilenetv2_035", "imagenet")
    weights = {name: t.contiguous() for name, t in network.net.state_dict().items()}
    head = [name for name in weights if name.startswith("classifier.")]
    save_file({n: t for n, t in weights.items() if n not in head}, tmp_path / "whole")
    load_initial_weights(network, tmp_path / "whole")
    with pytest.raises(ValueError, match="no head"):
        load_initial_weights(network, tmp_path / "whole", keep_head=True)
    weights.pop("conv_stem.weight")
    save_file(weights, tmp_path / "lacking")
    with pytest.raises(ValueError, match=r"conv_stem\.weight"):
        load_initial_weights(network, tmp_path / "lacking")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """90 lesions of two pictures each, a fifth of them melanomas that are a little darker."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "images").mkdir()
    chance = np.random.default_rng(0)
    with (folder / "HAM10000_metadata.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["lesion_id", "image_id", "dx"])
        for i in range(180):
            melanoma = i // 2 % 5 == 0
            table.writerow([f"L{i // 2}", f"i{i}", "mel" if melanoma else "nv"])
            level = chance.normal(130 - 10 * melanoma, 20)
            pixels = chance.normal(level, 20, (80, 100, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / "images" / f"i{i}.jpg")
    store = ingest(folder / "store", folder)
    assert main(["folds", str(store.folder), "--folds", "6"]) == 0
    return store.folder


def train(data, out, *more: str) -> int:
    recipe = ["model=mobilenetv2_035", f"size={SIZE}", "epochs=2", "batch=16"]
    return main(["train", "--store", str(data), "--out", str(out), *recipe, *more])


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    assert train(data, out) == 0
    return out


@pytest.mark.training
def test_a_run_says_what_was_done_and_who_was_held_out(run):
    facts = runs.read_facts(run)
    assert [epoch["epoch"] for epoch in facts["history"]] == [1, 2]
    assert facts["data"][0]["pictures"] == 180
    with (run / runs.SCORES).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["fold"] for row in rows} == {"0", "1"}
    assert len(rows) + facts["trained_on"] == 180


@pytest.mark.training
def test_a_run_that_is_finished_is_not_done_again(run, data):
    before = (run / runs.WEIGHTS).read_bytes()
    assert train(data, run) == 0
    assert (run / runs.WEIGHTS).read_bytes() == before


@pytest.mark.training
def test_another_recipe_does_not_go_on(run, data, capsys):
    assert train(data, run, "lr=1") == 2
    assert "another recipe: {'lr': 0.0005}" in capsys.readouterr().err


@pytest.mark.training
def test_wrong_data_is_an_error(tmp_path, capsys):
    assert train(tmp_path, tmp_path / "run") == 2
    assert "is no store" in capsys.readouterr().err


@pytest.mark.training
def test_too_few_pictures_for_a_batch_are_an_error(data, tmp_path, capsys):
    assert train(data, tmp_path / "run", "--limit", "5") == 2
    assert "do not fill a step" in capsys.readouterr().err


@pytest.mark.training
def test_first_weights_that_are_not_there_are_an_error(data, tmp_path, capsys):
    assert train(data, tmp_path / "run", f"init={tmp_path / 'gone.safetensors'}") == 2
    assert "gone.safetensors" in capsys.readouterr().err


@pytest.fixture(scope="module")
def bundle(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    assert main(["bundle", str(run), "--out", str(folder), "--name", "tiny"]) == 0
    return folder


@pytest.mark.training
def test_a_bundle_tells_nothing_of_the_machine_that_made_it(bundle, data, run):
    for name in ("bundle.json", "card.md"):
        text = (bundle / name).read_text()
        assert not re.search(r"(?:^|[\s\"'`(=])/\w", text), name
        assert str(data) not in text
        assert str(run) not in text
    assert {oct(file.stat().st_mode & 0o777) for file in bundle.iterdir()} == {"0o644"}


@pytest.mark.training
def test_a_bundle_is_small_and_whole(bundle):
    assert sum(file.stat().st_size for file in bundle.iterdir()) < 16e6
    assert {file.name for file in bundle.iterdir()} == {
        "bundle.json",
        "card.md",
        "gate.safetensors",
        "model.onnx",
        "model.safetensors",
    }


@pytest.mark.training
def test_the_card_gives_an_interval_for_each_source(bundle):
    card = (bundle / "card.md").read_text()
    assert re.search(r"\| HAM10000 \| \d+ \| \d+ \| 0\.\d{3} \(0\.\d{3}-[01]\.\d{3}\)", card)


@pytest.mark.training
def test_a_run_becomes_a_bundle_that_answers(run, bundle, tmp_path):
    facts = json.loads((bundle / "bundle.json").read_text())
    assert facts["folds"]["sha256"] == runs.read_facts(run)["folds"]["sha256"]
    assert "not a medical device" in (bundle / "card.md").read_text()
    out = tmp_path / "out.csv"
    photos = [str(photo) for photo in PHOTOS]
    assert main(["predict", *photos, "--bundle", str(bundle), "--out", str(out)]) == 0
    assert len(out.read_text().splitlines()) == len(PHOTOS) + 1
    engines = [Predictor.load(bundle, device) for device in ("cpu", "torch-cpu")]
    ours, theirs = (
        [one.probability for one in engine.predict_batch([Image.open(p) for p in PHOTOS])]
        for engine in engines
    )
    assert ours == pytest.approx(theirs, abs=1e-4)


@pytest.mark.training
def test_a_bundle_is_not_made_of_other_data(run, tmp_path, capsys):
    facts = runs.read_facts(run) | {"data_sha256": "0"}
    changed = tmp_path / "run"
    changed.mkdir()
    write_json(changed / runs.FACTS, facts)
    assert main(["bundle", str(changed), "--out", str(tmp_path / "bundle")]) == 2
    assert "no longer what this run" in capsys.readouterr().err


@pytest.mark.training
def test_a_bundle_is_not_made_with_other_folds(run, data, tmp_path, capsys):
    facts = runs.read_facts(run)
    facts["folds"]["sha256"] = "0"
    changed = tmp_path / "run"
    changed.mkdir()
    write_json(changed / runs.FACTS, facts)
    assert main(["bundle", str(changed), "--out", str(tmp_path / "bundle")]) == 2
    assert "folds are no longer those" in capsys.readouterr().err


@pytest.mark.training
def test_the_hash_of_the_folds_is_carried_from_the_store_to_the_card(data, run, bundle):
    digest = Store(data).folds_sha256()
    assert runs.read_facts(run)["folds"]["sha256"] == digest
    assert json.loads((bundle / "bundle.json").read_text())["folds"]["sha256"] == digest
    assert digest[:16] in (bundle / "card.md").read_text()
