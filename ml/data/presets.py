"""The collections we know, each as a declaration.

A further collection is a further ``Preset``, not a further code path.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Form(StrEnum):
    """How a collection holds its pictures."""

    FILES = "files"
    DICOM = "dicom"
    TFRECORD = "tfrecord"


class Diagnosis(StrEnum):
    """The nine classes of the ISIC 2019 challenge; the other collections map into them."""

    MELANOMA = "melanoma"
    NEVUS = "nevus"
    BCC = "basal cell carcinoma"
    AK = "actinic keratosis"
    BKL = "benign keratosis"
    DF = "dermatofibroma"
    VASC = "vascular lesion"
    SCC = "squamous cell carcinoma"
    UNKNOWN = "unknown"


TRAIN, TEST = "train", "test"

# The collections name the same parts of the body differently and with more or less detail.
SITES = {
    "head/neck": {"head/neck", "scalp", "face", "ear", "neck"},
    "torso": {
        "torso",
        "trunk",
        "back",
        "chest",
        "abdomen",
        "anterior torso",
        "posterior torso",
        "lateral torso",
    },
    "upper extremity": {"upper extremity", "hand"},
    "lower extremity": {"lower extremity", "foot"},
    "palms/soles": {"palms/soles", "acral"},
    "oral/genital": {"oral/genital", "genital"},
}


@dataclass(frozen=True)
class Labels:
    """Where a table says what an image shows.

    ``diagnosis`` names a column with one of ``values`` in it. ``one_hot`` names
    columns that hold 1 for their diagnosis; with none of them set it is
    ``otherwise``. ``target`` names a column that holds 1 for a melanoma and 0
    for anything else; without it the diagnosis decides.
    """

    target: str | None = None
    diagnosis: str | None = None
    values: Mapping[str, Diagnosis] = field(default_factory=dict)
    one_hot: Mapping[str, Diagnosis] = field(default_factory=dict)
    otherwise: Diagnosis | None = None

    @property
    def columns(self) -> set[str]:
        """The columns that the table must have."""
        return {name for name in (self.target, self.diagnosis, *self.one_hot) if name}


@dataclass(frozen=True)
class Table:
    """A CSV with a row per image, and where the pictures are, by form.

    ``files`` and ``dicom`` are paths with ``{}`` for the image's name, tried in
    this order; ``tfrecord`` are patterns of files. ``joined`` are CSVs with
    more columns for the same images, taken where they exist.
    """

    file: str
    labels: Labels | None
    files: tuple[str, ...]
    dicom: tuple[str, ...] = ()
    tfrecord: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    split: str = TRAIN


@dataclass(frozen=True)
class Preset:
    """One collection: its tables and the names of its columns.

    ``key`` begins the names of its pictures in a store. The columns named in
    ``required`` must be there, because a split without them leaks; the others
    may be lacking. ``duplicates`` is the official list of pairs of images that
    show the same thing.
    """

    key: str
    name: str
    licence: str
    image: str
    tables: tuple[Table, ...]
    patient: str = "patient"
    lesion: str = "lesion"
    age: str = "age"
    sex: str = "sex"
    site: str = "site"
    required: tuple[str, ...] = ()
    duplicates: str | None = None


ISIC_2019_CLASSES = {
    "MEL": Diagnosis.MELANOMA,
    "NV": Diagnosis.NEVUS,
    "BCC": Diagnosis.BCC,
    "AK": Diagnosis.AK,
    "BKL": Diagnosis.BKL,
    "DF": Diagnosis.DF,
    "VASC": Diagnosis.VASC,
    "SCC": Diagnosis.SCC,
    "UNK": Diagnosis.UNKNOWN,
}
HAM10000_CLASSES = {
    "mel": Diagnosis.MELANOMA,
    "nv": Diagnosis.NEVUS,
    "bcc": Diagnosis.BCC,
    "akiec": Diagnosis.AK,
    "bkl": Diagnosis.BKL,
    "df": Diagnosis.DF,
    "vasc": Diagnosis.VASC,
}
# Task 3 of ISIC 2018 was held on HAM10000.
ISIC_2018_CLASSES = {name.upper(): diagnosis for name, diagnosis in HAM10000_CLASSES.items()}
# The winners of 2020 mapped the competition's diagnoses into those of 2019 like this.
SIIM_2020_CLASSES = {
    "melanoma": Diagnosis.MELANOMA,
    "nevus": Diagnosis.NEVUS,
    "seborrheic keratosis": Diagnosis.BKL,
    "lichenoid keratosis": Diagnosis.BKL,
    "solar lentigo": Diagnosis.BKL,
    "lentigo NOS": Diagnosis.BKL,
    "cafe-au-lait macule": Diagnosis.UNKNOWN,
    "atypical melanocytic proliferation": Diagnosis.UNKNOWN,
    "unknown": Diagnosis.UNKNOWN,
}
ISIC_2017_LABELS = Labels(
    one_hot={"melanoma": Diagnosis.MELANOMA, "seborrheic_keratosis": Diagnosis.BKL},
    otherwise=Diagnosis.NEVUS,
)


# Our own names, those of HAM10000, and nothing at all.
ANY_NAME = {str(name): name for name in Diagnosis} | HAM10000_CLASSES | {"": Diagnosis.UNKNOWN}
PLAIN = "plain"


def _plain(image: str, labels: Labels) -> Preset:
    files = ("images/{}.jpg", "{}.jpg", "images/{}.png", "{}.png")
    return Preset(
        key=PLAIN,
        name="a folder with labels.csv",
        licence="unknown",
        image=image,
        tables=(Table("labels.csv", labels, files),),
    )


def _isic_2017(part: str, split: str) -> Table:
    return Table(
        f"ISIC-2017_{part}_Part3_GroundTruth.csv",
        ISIC_2017_LABELS,
        files=(f"ISIC-2017_{part}_Data/{{}}.jpg",),
        joined=(f"ISIC-2017_{part}_Data_metadata.csv",),
        split=split,
    )


PRESETS = (
    Preset(
        key="siim-isic-2020",
        name="SIIM-ISIC 2020",
        licence="CC BY-NC 4.0",
        image="image_name",
        patient="patient_id",
        required=("patient_id",),
        age="age_approx",
        site="anatom_site_general_challenge",
        duplicates="ISIC_2020_Training_Duplicates.csv",
        tables=(
            Table(
                "train.csv",
                Labels(target="target", diagnosis="diagnosis", values=SIIM_2020_CLASSES),
                files=("jpeg/train/{}.jpg",),
                dicom=("train/{}.dcm",),
                tfrecord=("tfrecords/train*.tfrec",),
            ),
            Table(
                "test.csv",
                None,
                files=("jpeg/test/{}.jpg",),
                dicom=("test/{}.dcm",),
                tfrecord=("tfrecords/test*.tfrec",),
                split=TEST,
            ),
        ),
    ),
    Preset(
        key="isic-2019",
        name="ISIC 2019",
        licence="CC BY-NC 4.0",
        image="image",
        lesion="lesion_id",
        required=("lesion_id",),
        age="age_approx",
        site="anatom_site_general",
        tables=(
            Table(
                "ISIC_2019_Training_GroundTruth.csv",
                Labels(one_hot=ISIC_2019_CLASSES),
                files=(
                    "ISIC_2019_Training_Input/{}.jpg",
                    "ISIC_2019_Training_Input/ISIC_2019_Training_Input/{}.jpg",
                ),
                joined=("ISIC_2019_Training_Metadata.csv",),
            ),
        ),
    ),
    Preset(
        key="isic-2018",
        name="ISIC 2018",
        licence="CC BY-NC 4.0",
        image="image",
        lesion="lesion_id",
        required=("lesion_id",),
        tables=(
            Table(
                "ISIC2018_Task3_Training_GroundTruth.csv",
                Labels(one_hot=ISIC_2018_CLASSES),
                files=("ISIC2018_Task3_Training_Input/{}.jpg",),
                joined=("ISIC2018_Task3_Training_LesionGroupings.csv",),
            ),
        ),
    ),
    Preset(
        key="isic-2017",
        name="ISIC 2017",
        licence="CC0",
        image="image_id",
        age="age_approximate",
        tables=(
            _isic_2017("Training", TRAIN),
            _isic_2017("Validation", TRAIN),
            _isic_2017("Test_v2", TEST),
        ),
    ),
    Preset(
        key="isic-2017",
        name="ISIC 2017",
        licence="CC0",
        image="image_id",
        tables=(Table("labels.csv", ISIC_2017_LABELS, files=("images/{}.jpg",)),),
    ),
    Preset(
        key="ham10000",
        name="HAM10000",
        licence="CC BY-NC 4.0",
        image="image_id",
        lesion="lesion_id",
        required=("lesion_id",),
        site="localization",
        tables=(
            Table(
                "HAM10000_metadata.csv",
                Labels(diagnosis="dx", values=HAM10000_CLASSES),
                files=(
                    "images/{}.jpg",
                    "HAM10000_images_part_1/{}.jpg",
                    "HAM10000_images_part_2/{}.jpg",
                ),
            ),
        ),
    ),
    # Any other folder: labels.csv with image and target, or image and diagnosis, or
    # image_id and dx as in HAM10000; and patient, lesion, age, sex, site where known.
    _plain("image", Labels(target="target")),
    _plain("image", Labels(diagnosis="diagnosis", values=ANY_NAME)),
    _plain("image_id", Labels(diagnosis="dx", values=ANY_NAME)),
)
