"""The README says what was measured, and nothing else."""

import json
import re

from ml.metrics import Estimate
from tests.local.running import ROOT

README = (ROOT / "README.md").read_text()
FACTS = json.loads((ROOT / "ml" / "bundles" / "default" / "bundle.json").read_text())


def test_its_figures_are_those_of_the_model_that_ships():
    for source in ("HAM10000", "ISIC 2017"):
        measured = Estimate(**FACTS["kpis"]["test"][source]["auc"])
        assert f"| {source} | {measured} |" in README


def test_it_says_what_it_is_not():
    assert "not a medical device" in README
    assert "non-commercial" in README


def test_every_file_it_names_is_there():
    for path in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / path).exists(), path


def test_every_make_target_it_names_is_there():
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`?make (\w+)", README)):
        assert f"\n{target}:" in makefile, target
