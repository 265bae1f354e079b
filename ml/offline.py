"""A folder that answers a test set where there is no internet: code, weights and one script.

Made for Kaggle's notebooks. It needs what they have: torch, timm, NumPy, Pillow,
pandas and safetensors; ONNX Runtime is used where it is installed.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from ml.bundle import CARD, FACTS, read

SCRIPT = "submit.py"
PACKAGE = Path(__file__).parent
# Prediction needs neither; the bundles that answer lie beside the package.
LEFT_OUT = shutil.ignore_patterns("bundles", "training", "__pycache__")

SUBMIT = '''"""Answer a test set: python submit.py SOURCE --out submission.csv"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from ml.__main__ import main

BUNDLES = sorted(str(folder) for folder in (HERE / "bundles").iterdir())

if __name__ == "__main__":
    sys.exit(main(["submit", *sys.argv[1:], "--bundle", *BUNDLES]))
'''

README = """# A submission without internet

Upload this folder as a private dataset, add it and the competition's data to a notebook, and run

    !python /kaggle/input/NAME/submit.py /kaggle/input/COMPETITION --out submission.csv

It reads the test pictures where they lie (JPEG, DICOM or TFRecord), writes a number for each and
checks the file against the competition's `sample_submission.csv`. Interrupted, the same command
goes on. Everything else that can be said is in

    !python /kaggle/input/NAME/submit.py --help

What each model has learnt from, how good it is and under which licence it stands is in its card:
{cards}
A research tool, not a medical device.
"""


def make(bundles: Sequence[Path], out: Path) -> None:
    """Make the folder, as a whole or not at all.

    Raises ``BundleError`` for a bundle that is not whole, and ``ValueError``
    where there is such a folder already.
    """
    if out.exists():
        raise ValueError(f"{out} is there already: take another folder, or delete this one")
    models = [read(folder) for folder in bundles]
    partial = out.with_name(out.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(PACKAGE, partial / "ml", ignore=LEFT_OUT)
    cards = []
    for number, model in enumerate(models, start=1):
        # Numbered, because two may bear the same name.
        folder = Path("bundles") / f"{number:02}-{model.folder.resolve().name}"
        (partial / folder).mkdir(parents=True)
        for name in (FACTS, CARD, *model.facts["files"]):
            shutil.copyfile(model.folder / name, partial / folder / name)
        cards.append(f"`{folder / CARD}` ({model.info.name} {model.info.version})\n")
    (partial / SCRIPT).write_text(SUBMIT, encoding="utf-8")
    (partial / "README.md").write_text(README.format(cards="".join(cards)), encoding="utf-8")
    partial.rename(out)
