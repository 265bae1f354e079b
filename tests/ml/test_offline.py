"""The folder for a notebook: it answers alone, without internet and with what is there."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ml.__main__ import main
from ml.bundle import DEFAULT
from tests.ml.test_submission import collection

pytestmark = pytest.mark.training

# A notebook's machine: no internet and, of our libraries, only the named ones. Written as a
# program, so that the processes that it starts are held to it as well.
NOTEBOOK = """
import importlib.util, sys, socket

class Lacking:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {lacking}:
            raise ModuleNotFoundError(name, name=name)

def refused(*_, **__):
    raise OSError("there is no internet")

sys.meta_path.insert(0, Lacking())
real_find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name in {lacking} else real_find_spec(name, *a)
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refused

spec = importlib.util.spec_from_file_location("submit", {script!r})
submit = importlib.util.module_from_spec(spec)
spec.loader.exec_module(submit)
if __name__ == "__main__":
    sys.exit(submit.main(["submit", *sys.argv[1:], "--bundle", *submit.BUNDLES]))
"""
LACKING = {"onnxruntime", "onnx", "pyarrow", "pydicom", "rich", "scipy", "sklearn", "django"}


@pytest.fixture
def source(tmp_path):
    return collection(tmp_path / "set")


def values(file: Path) -> dict[str, float]:
    return {row["image_name"]: float(row["target"]) for row in csv.DictReader(file.open())}


def answer(folder: Path, program: Path, source: Path) -> Path:
    """Run a program apart from everything that is ours, and return what it has written."""
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        [sys.executable, "-I", program, source, "--out", "out.csv", "--processes", "1"],
        cwd=elsewhere,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "passes the check" in done.stdout
    return elsewhere / "out.csv"


def test_it_answers_without_internet_and_onnx_runtime(source, tmp_path):
    assert main(["submit", "--offline", str(tmp_path / "offline")]) == 0
    program = tmp_path / "notebook.py"
    script = str(tmp_path / "offline" / "submit.py")
    program.write_text(NOTEBOOK.format(lacking=LACKING, script=script))
    told = values(answer(tmp_path, program, source))
    assert main(["predict", str(source / "jpeg/test"), "--out", str(tmp_path / "p.csv")]) == 0
    assert told == pytest.approx(values(tmp_path / "p.csv"), abs=2e-3)


def test_two_models_of_one_name_both_answer_from_a_folder_that_was_moved(source, tmp_path):
    other = tmp_path / "other" / DEFAULT.name
    shutil.copytree(DEFAULT, other)
    made, moved = tmp_path / "made", tmp_path / "moved"
    assert main(["submit", "--offline", str(made), "--bundle", str(DEFAULT), str(other)]) == 0
    made.rename(moved)
    assert [folder.name for folder in sorted((moved / "bundles").iterdir())] == [
        "01-default",
        "02-default",
    ]
    assert (moved / "bundles" / "02-default" / "card.md").is_file()
    assert "02-default/card.md" in (moved / "README.md").read_text()
    told = values(answer(tmp_path, moved / "submit.py", source))
    assert sorted(told.values()) == pytest.approx([0, 1 / 3, 2 / 3, 1], abs=1e-6)


def test_what_is_there_is_left_alone(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    assert main(["submit", "--offline", str(tmp_path)]) == 2
    assert "take another folder" in capsys.readouterr().err
    assert main(["submit", "--offline", str(tmp_path / "new"), "--bundle", str(tmp_path)]) == 2
    assert [file.name for file in tmp_path.iterdir() if file.name != "media"] == ["notes.txt"]
