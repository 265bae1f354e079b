"""``python -m ml submit``: from a test set to a submission that Kaggle takes."""

import csv
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command

from ml import engines, scoring
from ml.__main__ import main
from ml.bundle import DEFAULT, FACTS, ONNX
from ml.submission import Sample, faults, logit_mean, rank_mean
from tests.local.running import ROOT
from tests.ml import kaggle_site, stores
from tests.ml.data import competition

pytestmark = pytest.mark.training

NAMES = [f"ISIC_{i:07}" for i in range(24)]
TEST = NAMES[-4:]


class Here:
    """Stands in for the pool of processes: does the work at once, in this one."""

    def __init__(self, processes, context, initializer, initargs):
        _, panel = initargs
        scoring._models[:] = [] if panel.batches else panel.load()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        scoring._models.clear()

    def submit(self, work, *arguments) -> Future:
        future: Future = Future()
        future.set_result(work(*arguments))
        return future


@pytest.fixture
def here(monkeypatch):
    monkeypatch.setattr(scoring, "ProcessPoolExecutor", Here)
    monkeypatch.setattr(scoring, "best_device", lambda: "cpu")


def collection(folder: Path, write=competition.write_files, held_out: int = 4) -> Path:
    """Return the competition in miniature, with a sample in another order than its table."""
    folder.mkdir()
    pictures = competition.jpegs()
    competition.write_tables(folder, list(pictures), held_out)
    write(folder, pictures, held_out)
    asked = "".join(f"{name},0\n" for name in reversed(list(pictures)[-held_out:]))
    (folder / "sample_submission.csv").write_text(f"image_name,target\n{asked}")
    return folder


@pytest.fixture
def source(tmp_path):
    return collection(tmp_path / "set")


def submit(*arguments: object) -> int:
    return main(["submit", *map(str, arguments)])


def read(file: Path) -> dict[str, str]:
    header, *rows = csv.reader(file.open(newline=""))
    assert header == ["image_name", "target"]
    return dict(rows)


def predicted(folder: Path, out: Path) -> dict[str, str]:
    assert main(["predict", str(folder / "jpeg" / "test"), "--out", str(out)]) == 0
    return read(out)


def another_bundle(folder: Path, slope: float) -> Path:
    """Return a copy of the shipped bundle that is calibrated differently."""
    shutil.copytree(DEFAULT, folder)
    facts = json.loads((folder / FACTS).read_text())
    facts["calibration"]["slope"] = slope
    (folder / FACTS).write_text(json.dumps(facts))
    return folder


def test_from_a_small_zip_to_a_validated_submission(source, tmp_path):
    archive = competition.zipped(source, tmp_path / "set.zip")
    out = tmp_path / "out.csv"
    done = subprocess.run(
        [sys.executable, "-m", "ml", "submit", archive, "--out", out, "--processes", "2"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "4 rows, calibrated probabilities by naevus" in done.stdout
    assert "passes the check" in done.stdout
    assert list(read(out)) == TEST[::-1]
    assert read(out) == predicted(source, tmp_path / "predicted.csv")
    assert submit("--check", out, "--sample", source / "sample_submission.csv") == 0
    assert not list(tmp_path.glob("*.journal"))


@pytest.mark.parametrize("write", [competition.write_dicoms, competition.write_tfrecords])
def test_every_form_of_the_pictures_gives_the_same_file(source, tmp_path, here, write):
    other = collection(tmp_path / "other", write)
    archive = competition.zipped(other, tmp_path / "other.zip")
    for number, place in enumerate((source, other, archive)):
        assert submit(place, "--out", tmp_path / f"{number}.csv") == 0
    one, two, three = ((tmp_path / f"{number}.csv").read_bytes() for number in range(3))
    assert one == two == three


def test_without_a_sample_the_table_says_what_is_asked(source, tmp_path, here):
    (source / "sample_submission.csv").unlink()
    assert submit(source, "--out", tmp_path / "out.csv") == 0
    assert list(read(tmp_path / "out.csv")) == TEST


def test_a_store_is_answered_whole(source, tmp_path, here, capsys):
    (source / "jpeg" / "test" / f"{TEST[1]}.jpg").unlink()
    store = stores.ingest(tmp_path / "store", source)
    # Kaggle asks for what was removed, too.
    removed = f"source,image,reason,kept_source,kept_image\nsiim-isic-2020,{TEST[3]},copy,,\n"
    (store.folder / "removed.csv").write_text(removed)
    out = tmp_path / "out.csv"
    assert submit(store.folder, "--out", out) == 3
    assert f"submit: {TEST[1]}: missing\n" in capsys.readouterr().err
    assert sorted(read(out)) == [TEST[0], TEST[2], TEST[3]]
    assert submit(store.folder, "--out", out, "--fill-missing", 0.0176) == 0
    assert read(out)[TEST[1]] == "0.017600"
    whole = predicted(source, tmp_path / "predicted.csv")
    assert float(read(out)[TEST[0]]) == pytest.approx(float(whole[TEST[0]]), abs=0.02)


def test_of_a_stores_test_sets_the_sample_chooses(source, tmp_path, here, capsys):
    other = tmp_path / "isic2017"
    pictures = other / "ISIC-2017_Test_v2_Data"
    pictures.mkdir(parents=True)
    table = "image_id,melanoma,seborrheic_keratosis\nISIC_9999999,0,1\n"
    (other / "ISIC-2017_Test_v2_Part3_GroundTruth.csv").write_text(table)
    shutil.copy(source / "jpeg" / "test" / f"{TEST[0]}.jpg", pictures / "ISIC_9999999.jpg")
    store = stores.ingest(tmp_path / "store", source, other).folder
    assert submit(store, "--out", tmp_path / "out.csv") == 2
    assert "isic-2017, siim-isic-2020; --sample chooses" in capsys.readouterr().err
    sample = source / "sample_submission.csv"
    assert submit(store, "--out", tmp_path / "out.csv", "--sample", sample) == 0
    assert list(read(tmp_path / "out.csv")) == TEST[::-1]


def test_what_has_no_picture_is_named_and_needs_a_prior(source, tmp_path, here, capsys):
    (source / "jpeg" / "test" / f"{TEST[0]}.jpg").unlink()
    (source / "jpeg" / "test" / f"{TEST[3]}.jpg").write_bytes(b"no picture")
    out = tmp_path / "out.csv"
    assert submit(source, "--out", out) == 3
    said = capsys.readouterr().err
    assert f"submit: {TEST[0]}: missing\n" in said
    assert f"submit: {TEST[3]}: cannot be read: " in said
    assert f"2 missing: {TEST[3]}, {TEST[0]}\n" in said
    assert "does not pass the check; --fill-missing PRIOR" in said
    assert list(read(out)) == [TEST[2], TEST[1]]
    # Once there is a picture, it is looked at.
    folder = source / "jpeg" / "test"
    shutil.copy(folder / f"{TEST[1]}.jpg", folder / f"{TEST[3]}.jpg")
    assert submit(source, "--out", out, "--fill-missing", 0.02) == 0
    assert list(read(out)) == TEST[::-1]
    assert read(out)[TEST[0]] == "0.020000"
    assert read(out)[TEST[3]] == read(out)[TEST[1]]


def test_no_test_set_is_an_error(source, tmp_path, capsys):
    (source / "test.csv").unlink()
    assert submit(source, "--out", tmp_path / "out.csv") == 2
    assert "no table of test images" in capsys.readouterr().err
    assert submit(tmp_path / "gone.zip", "--out", tmp_path / "out.csv") == 2
    assert not (tmp_path / "out.csv").exists()


# Gives a busy machine the time to kill it before it is done.
SLOWLY = """
import sys, time
from ml.__main__ import main
from ml.data.journal import Journal

def append(journal, entries):
    at_once(journal, entries)
    time.sleep(1)

at_once, Journal.append = Journal.append, append
main(sys.argv[1:])
"""


def test_killed_at_any_moment_it_goes_on_to_the_same_file(tmp_path, here):
    source = competition.zipped(collection(tmp_path / "set", held_out=24), tmp_path / "set.zip")
    assert submit(source, "--out", tmp_path / "undisturbed.csv") == 0
    command = ["submit", source, "--out", tmp_path / "out.csv", "--processes", "1"]
    moments, kept = random.Random(20), []
    for lines in (0, 1, 2):
        running = subprocess.Popen([sys.executable, "-c", SLOWLY, *command], cwd=ROOT)
        while running.poll() is None and journal_lines(tmp_path) < lines:
            time.sleep(0.005)
        time.sleep(moments.uniform(0, 0.3))
        running.send_signal(signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
        assert not (tmp_path / "out.csv").exists()
        kept.append(journal_lines(tmp_path))
    assert kept == sorted(kept)
    assert 1 <= kept[1] <= kept[2] < 3
    (journal,) = tmp_path.glob("*.journal")
    with journal.open("a") as file:
        file.write('{"ISIC_00000')  # what a kill in the middle of a write leaves
    looked = count_the_pictures_read(command)
    assert looked == 24 - 8 * kept[-1]
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "undisturbed.csv").read_bytes()
    assert not list(tmp_path.glob("*.journal"))


def journal_lines(folder: Path) -> int:
    return sum(file.read_bytes().count(b"\n") for file in folder.glob("*.journal"))


def count_the_pictures_read(command: list) -> int:
    read_before, looked = scoring._read, []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "_read", lambda *a: looked.append(a) or read_before(*a))
        assert submit(*command[1:]) == 0
    return len(looked)


def test_other_models_sources_and_devices_have_their_own_journal(source, tmp_path):
    def name(place: Path, slope: float = 1.0, device: str = "cpu") -> Path:
        folder = tmp_path / f"bundle-{slope}"
        bundle = scoring.Bundle(folder, {}, Info(str(slope)), 1, *[None] * 5)  # type: ignore[arg-type]
        panel = scoring.Panel((bundle,), device)
        journal = scoring.open_journal(tmp_path / "o.csv", scoring.open_test_set(place, 1), panel)
        journal.close()
        return journal.file

    names = [name(source), name(source, slope=2.0), name(source, device="cuda")]
    archive = competition.zipped(source, tmp_path / "set.zip")
    names.append(name(archive))
    (source / "jpeg" / "test" / f"{TEST[0]}.jpg").unlink()
    names.append(name(competition.zipped(source, archive)))
    assert len(set(names)) == 5
    assert names[0] == name(source)


class Info:
    def __init__(self, sha256: str) -> None:
        self.bundle_sha256 = sha256


def test_two_at_once_do_not_write_one_file(source, tmp_path, here, capsys, monkeypatch):
    def meanwhile(*arguments, **options):
        assert submit(source, "--out", tmp_path / "out.csv") == 2
        return first(*arguments, **options)

    first = scoring.score
    monkeypatch.setattr(scoring, "score", meanwhile)
    assert submit(source, "--out", tmp_path / "out.csv") == 0
    assert "another submit is writing" in capsys.readouterr().err


def test_a_gpu_gets_batches_and_gives_the_same_file(source, tmp_path, here, monkeypatch):
    batches = []

    def choose(bundle, device):
        assert device == "cuda"
        engine = engines.AllViews(engines.OnnxEngine(bundle.folder / ONNX))
        return lambda pixels: batches.append(len(pixels)) or engine(pixels)

    (source / "jpeg" / "test" / f"{TEST[2]}.jpg").write_bytes(b"no picture")
    assert submit(source, "--out", tmp_path / "cpu.csv", "--fill-missing", 0) == 0
    monkeypatch.setattr(scoring, "best_device", lambda: "cuda")
    monkeypatch.setattr(engines, "choose", choose)
    assert submit(source, "--out", tmp_path / "gpu.csv", "--fill-missing", 0) == 0
    assert batches == [3]
    assert (tmp_path / "gpu.csv").read_bytes() == (tmp_path / "cpu.csv").read_bytes()


def test_several_models_are_averaged_by_rank_and_it_says_so(source, tmp_path, here, capsys):
    bundles = [DEFAULT, another_bundle(tmp_path / "flat", 0.5)]
    assert submit(source, "--out", tmp_path / "out.csv", "--bundle", *bundles) == 0
    assert "2 models: good for the AUC, but no probability any more" in capsys.readouterr().out
    # Two that agree on the order: the ranks of four, scaled.
    assert sorted(read(tmp_path / "out.csv").values()) == [
        "0.000000",
        "0.333333",
        "0.666667",
        "1.000000",
    ]
    both = ["--bundle", *bundles, "--mean", "logit"]
    assert submit(source, "--out", tmp_path / "out.csv", *both) == 0
    assert "probabilities of the mean logit of 2 models" in capsys.readouterr().out
    assert all(0 < float(value) < 0.5 for value in read(tmp_path / "out.csv").values())


def test_ranks_are_scaled_and_ties_shared():
    scores = np.array([[0.1, 5.0], [0.2, 5.0], [0.3, 7.0]])
    assert rank_mean(scores) == pytest.approx([0.125, 0.375, 1.0])
    assert rank_mean(np.array([[0.3]])) == [0]


def test_the_logit_mean_is_between_and_finite():
    told = logit_mean(np.array([[0.2, 0.8], [0.1, 0.5], [0, 1], [1, 1]]))
    assert told == pytest.approx([0.5, 0.25, 0.5, 1], abs=1e-4)


SAMPLE = Sample(["image_name", "target"], ["a", "b", "c"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("image_name,target\na,0.1\nb,0.2\nc,1\n", []),
        ("image_name,target\nc,0\na,1e-3\nb,1.0\n", []),
        ("image,target\na,0.1\nb,0.2\nc,1\n", ["the header is 'image,target', not"]),
        ("\ufeffimage_name,target\na,0.1\nb,0.2\nc,1\n", ["the header is '\\ufeffimage_name"]),
        ("image_name,target\na,0.1\n", ["2 missing: b, c"]),
        ("", ["the header is ''", "3 missing: a, b, c"]),
        ("image_name,target\na,0.1\nb,0.2\nc,1\nd,1\n", ["1 not in the sample: d"]),
        ("image_name,target\na,0.1\nb,0.2\nc,1\nc,1\n", ["1 there twice: c"]),
        ("image_name,target\na,\nb,NaN\nc,1\n", ["2 without a value (empty or NaN): a, b"]),
        ("image_name,target\na,x\nb,0_1\nc,1\n", ["2 with what is no number: a, b"]),
        ("image_name,target\na,-0.1\nb,inf\nc,1\n", ["2 outside 0 to 1: a, b"]),
        ("image_name,target\na,0.5\nb,0.50\nc,.5\n", ["every value is 0.5: nothing"]),
        ("image_name,target\na,0.1,3\nb\nc,1\n", ["2 without two values in their row: a, b"]),
        (
            "image_name,target\na,2\nb,\nb,x\nd,0.3\n",
            ["1 missing: c", "1 not in ", "1 there twice: b", "1 outside", "1 with ", "1 without "],
        ),
    ],
)
def test_the_check_names_every_fault(tmp_path, text, says):
    file = tmp_path / "submission.csv"
    file.write_text(text, encoding="utf-8")
    found = faults(file, SAMPLE)
    assert len(found) == len(says), found
    for sentence in says:
        assert any(fault.startswith(sentence) for fault in found), (sentence, found)


def test_the_check_gives_five_examples(tmp_path):
    file = tmp_path / "submission.csv"
    file.write_text("image_name,target\n")
    assert faults(file, Sample(SAMPLE.header, [f"i{n}" for n in range(10_982)])) == [
        "10,982 missing: i0, i1, i2, i3, i4, …"
    ]


def test_the_check_alone_has_an_exit_status(tmp_path, capsys):
    sample, file = tmp_path / "sample.csv", tmp_path / "submission.csv"
    sample.write_text("image_name,target\na,0\nb,0\n")
    file.write_text("image_name,target\nb,0.1\na,0.2\n")
    call_command("make_submission", "--check", str(file), "--sample", str(sample))
    file.write_text("image_name,target\nb,0.1\n")
    assert submit("--check", file, "--sample", sample) == 3
    assert "1 missing: a" in capsys.readouterr().err
    file.write_bytes(b"\xff\xfe")
    assert submit("--check", file, "--sample", sample) == 2
    assert submit("--check", file, "--sample", tmp_path / "gone.csv") == 2
    assert submit("--check", file) == 2


@pytest.mark.parametrize("text", ["", "a,b\n", "a\n1\n", "a,b\n1,0\n1,0\n"])
def test_what_is_no_sample_is_refused(tmp_path, text):
    (tmp_path / "sample.csv").write_text(text)
    assert submit("--check", tmp_path / "x", "--sample", tmp_path / "sample.csv") == 2


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--out", "out.csv"],
        ["{source}"],
        ["{source}", "--out", "gone/out.csv"],
        ["{source}", "--out", "out.csv", "--processes", "0"],
        ["{source}", "--out", "out.csv", "--fill-missing", "nan"],
        ["{source}", "--out", "out.csv", "--bundle", "{source}"],
    ],
)
def test_nonsense_is_refused_at_once(source, tmp_path, monkeypatch, capsys, arguments):
    monkeypatch.chdir(tmp_path)
    assert submit(*(word.format(source=source) for word in arguments)) == 2
    assert capsys.readouterr().err.startswith("submit: ")
    assert not list(tmp_path.glob("out.csv*"))


SUBMITTING = """
    COMPETITION_SUBMIT_UPLOAD_FAILED_MESSAGE = "Could not submit to competition"

    def competition_submit(self, file_name, message, competition, quiet=False, sandbox=False):
        failure = os.environ.get("KAGGLE_FAILS")
        if failure == "upload":
            print("Max retries exceeded with url: /upload?signature=s3cret")
            return SimpleNamespace(message=self.COMPETITION_SUBMIT_UPLOAD_FAILED_MESSAGE)
        if failure:
            error = OSError(f"{failure} for it")
            error.response = SimpleNamespace(status_code=int(failure))
            raise error
        with open(file_name) as file, open(os.environ["KAGGLE_INBOX"], "a") as inbox:
            json.dump([file.read(), message, competition, quiet], inbox)
        return SimpleNamespace(message="Successfully submitted")
"""


@pytest.fixture
def inbox(tmp_path_factory, monkeypatch):
    """Return the file that what is sent goes to, with a stand-in for the client and a token."""
    folder = kaggle_site.write_client(tmp_path_factory.mktemp("client"))
    with (folder / "kaggle" / "api" / "kaggle_api_extended.py").open("a") as client:
        client.write(SUBMITTING)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("KAGGLE_API_TOKEN", "token")
    monkeypatch.setenv("KAGGLE_INBOX", str(folder / "inbox"))
    forget_the_client()
    yield folder / "inbox"
    forget_the_client()


def forget_the_client() -> None:
    for module in list(sys.modules):
        if module.partition(".")[0] in {"kaggle", "kagglesdk", "certifi"}:
            del sys.modules[module]


def test_what_passes_is_sent(source, tmp_path, here, inbox, capsys):
    out = tmp_path / "out.csv"
    assert submit(source, "--out", out, "--send", "my words") == 0
    assert "Kaggle says: Successfully submitted" in capsys.readouterr().out
    sent = [out.read_text(), "my words", kaggle_site.COMPETITION, True]
    assert json.loads(inbox.read_text()) == sent


def test_what_was_checked_can_be_sent_later(source, tmp_path, here, inbox):
    out, sample = tmp_path / "out.csv", source / "sample_submission.csv"
    assert submit(source, "--out", out) == 0
    again = ["--check", out, "--sample", sample, "--competition", "another"]
    assert submit(*again, "--send", "later") == 0
    assert json.loads(inbox.read_text())[1:3] == ["later", "another"]


def test_what_does_not_pass_is_never_sent(source, tmp_path, here, inbox, capsys):
    (source / "jpeg" / "test" / f"{TEST[0]}.jpg").unlink()
    out = tmp_path / "out.csv"
    assert submit(source, "--out", out, "--send", "my words") == 3
    assert "not sent" in capsys.readouterr().err
    again = ["--check", out, "--sample", source / "sample_submission.csv"]
    assert submit(*again, "--send", "my words") == 3
    assert not inbox.exists()


def test_without_a_token_nothing_is_begun(source, tmp_path, inbox, monkeypatch, capsys):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    assert submit(source, "--out", tmp_path / "out.csv", "--send", "my words") == 2
    assert "~/.kaggle/access_token" in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("failure", "status", "says"),
    [
        ("403", 2, "accept the rules"),
        ("400", 2, "400 for it"),
        ("503", 3, "/submissions tells whether it arrived"),
        ("upload", 3, "did not arrive: Max retries exceeded"),
    ],
)
def test_a_failure_is_told_and_the_file_stays(
    source, inbox, monkeypatch, capsys, failure, status, says
):
    monkeypatch.setenv("KAGGLE_FAILS", failure)
    sample, file = source / "sample_submission.csv", source / "submission.csv"
    rows = "".join(f"{name},0.{i}\n" for i, name in enumerate(TEST))
    file.write_text(f"image_name,target\n{rows}")
    assert submit("--check", file, "--sample", sample, "--send", "my words") == status
    said = capsys.readouterr()
    assert says in said.err
    assert "s3cret" not in said.err + said.out
    assert file.exists()
