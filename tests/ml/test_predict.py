"""``python -m ml predict``: a promise to everyone who scripts it."""

import csv
import shutil
import subprocess
import sys

import pytest
from PIL import Image

from ml.__main__ import main
from tests.conftest import PHOTOS


@pytest.fixture
def folder(tmp_path):
    for photo in PHOTOS[:3]:
        shutil.copy(photo, tmp_path / photo.name)
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def rows(file) -> list[dict[str, str]]:
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))


def test_one_row_per_picture(folder):
    out = folder / "out.csv"
    assert main(["predict", str(folder), "--out", str(out)]) == 0
    assert [row["image_name"] for row in rows(out)] == [photo.stem for photo in PHOTOS[:3]]
    assert all(0 < float(row["target"]) < 1 for row in rows(out))
    assert out.read_text().startswith("image_name,target\n")


def test_folders_are_searched_and_files_taken_in_order(folder):
    deep = folder / "deep" / "er"
    deep.mkdir(parents=True)
    Image.open(PHOTOS[3]).save(deep / "one.PNG")
    Image.open(PHOTOS[4]).save(folder / "two.webp")
    out = folder / "out.csv"
    named = [str(folder / "two.webp"), str(folder)]
    assert main(["predict", *named, "--out", str(out)]) == 0
    names = [row["image_name"] for row in rows(out)]
    assert names[0] == "two"
    assert sorted(names) == sorted(["one", "two", *(photo.stem for photo in PHOTOS[:3])])


def test_an_unreadable_picture_is_named_and_has_no_row(folder, capsys):
    (folder / "broken.jpg").write_bytes(b"not a picture")
    (folder / "short.jpg").write_bytes(PHOTOS[3].read_bytes()[:4000])
    out = folder / "out.csv"
    assert main(["predict", str(folder), "--out", str(out)]) == 3
    said = capsys.readouterr().err
    assert "broken.jpg" in said
    assert "short.jpg" in said
    assert [row["image_name"] for row in rows(out)] == [photo.stem for photo in PHOTOS[:3]]


def test_nothing_to_do_is_an_error(tmp_path, capsys):
    for path, message in ((tmp_path, "no picture"), (tmp_path / "gone", "does not exist")):
        assert main(["predict", str(path), "--out", str(tmp_path / "out.csv")]) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()


def test_two_pictures_of_one_name_are_an_error(folder, capsys):
    Image.open(PHOTOS[0]).save(folder / f"{PHOTOS[0].stem}.png")
    assert main(["predict", str(folder), "--out", str(folder / "out.csv")]) == 2
    assert PHOTOS[0].stem in capsys.readouterr().err


def test_a_bundle_that_is_none_is_an_error(folder, capsys):
    arguments = [str(folder), "--bundle", str(folder), "--out", str(folder / "out.csv")]
    assert main(["predict", *arguments]) == 2
    assert "bundle.json" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_an_error(folder, capsys):
    assert main(["predict", str(folder), "--out", str(folder / "gone" / "out.csv")]) == 2
    assert "gone" in capsys.readouterr().err


def test_a_failure_leaves_the_old_file_alone(folder):
    out = folder / "out.csv"
    out.write_text("what was there")
    assert main(["predict", str(folder / "gone"), "--out", str(out)]) == 2
    assert main(["predict", str(folder), "--bundle", str(folder), "--out", str(out)]) == 2
    assert out.read_text() == "what was there"
    assert not list(folder.glob("*.part"))


def test_a_shell_gets_the_exit_status(folder):
    (folder / "broken.jpg").write_bytes(b"not a picture")
    out = folder / "out.csv"
    for path, status in ((PHOTOS[0], 0), (folder / "gone", 2), (folder, 3)):
        done = subprocess.run(
            [sys.executable, "-m", "ml", "predict", str(path), "--out", str(out)],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == status, done.stderr
        assert done.stdout == ""
    assert "broken.jpg" in done.stderr


def test_a_picture_named_twice_has_one_row(folder):
    out = folder / "out.csv"
    photo = str(folder / PHOTOS[0].name)
    assert main(["predict", photo, photo, str(folder), "--out", str(out)]) == 0
    assert len(rows(out)) == 3


def test_orientation_makes_no_difference(folder):
    with Image.open(PHOTOS[0]) as image:
        exif = Image.Exif()
        exif[0x0112] = 3
        image.rotate(180).save(folder / "turned.png", exif=exif)
        image.save(folder / "straight.png")
    out = folder / "out.csv"
    pictures = [str(folder / "turned.png"), str(folder / "straight.png")]
    assert main(["predict", *pictures, "--out", str(out)]) == 0
    turned, straight = (row["target"] for row in rows(out))
    assert turned == straight


def test_predict_needs_no_training_stack(folder):
    program = f"""
import sys
from ml.__main__ import main
status = main(["predict", {str(folder)!r}, "--out", {str(folder / "out.csv")!r}])
loaded = {{"torch", "torchvision", "timm", "sklearn", "scipy", "rich"}} & set(sys.modules)
sys.exit(f"status {{status}}, loaded {{loaded}}" if status or loaded else 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_help_loads_nothing_heavy():
    program = """
import sys
from ml.verbs import VERBS
sys.exit(str({"numpy", "torch", "onnxruntime"} & set(sys.modules) or "") or 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
