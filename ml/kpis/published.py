"""What others have published, to read beside our figures and not against them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """A study's figures; a share that it does not give is None."""

    study: str
    who: str
    setting: str
    auc: float | None = None
    sensitivity: float | None = None
    specificity: float | None = None


CAUTION = (
    "Other pictures, other patients, other shares of melanomas and other questions: none of these "
    "figures can be compared with ours, nor most of them with each other. The system of Heinlein "
    "et al. reached an AUC of 0.949 on the pictures of the SIIM-ISIC 2020 competition, and 67 % "
    "specificity at 92 % sensitivity in eight hospitals: expect a fall like that of any model."
)

STUDIES = (
    Published(
        "Heinlein et al. 2024, Communications Medicine",
        "the winner of SIIM-ISIC 2020",
        "prospective, eight hospitals, lesions suspected of melanoma",
        sensitivity=0.921,
        specificity=0.673,
    ),
    Published(
        "Heinlein et al. 2024, Communications Medicine",
        "dermatologists",
        "the same lesions",
        sensitivity=0.734,
        specificity=0.828,
    ),
    Published(
        "Phillips et al. 2020, Dermatology Practical & Conceptual",
        "a network (DERM)",
        "7,102 dermoscopic pictures, 24 % melanomas",
        auc=0.93,
        sensitivity=0.850,
        specificity=0.853,
    ),
    Published(
        "Phillips et al. 2020, Dermatology Practical & Conceptual",
        "a network (DERM), set for 95 % sensitivity",
        "the same pictures",
        sensitivity=0.95,
        specificity=0.641,
    ),
    Published(
        "Phillips et al. 2020, Dermatology Practical & Conceptual",
        "dermatologists",
        "a meta-analysis of 92 studies",
        auc=0.91,
        sensitivity=0.875,
        specificity=0.814,
    ),
    Published(
        "Phillips et al. 2020, Dermatology Practical & Conceptual",
        "primary care physicians",
        "a meta-analysis of 10 studies",
        auc=0.83,
        sensitivity=0.799,
        specificity=0.709,
    ),
    Published(
        "Marchetti et al. 2018 (ISIC 2016)",
        "eight dermatologists",
        "100 dermoscopic pictures",
        auc=0.71,
        sensitivity=0.82,
        specificity=0.59,
    ),
    Published(
        "Marchetti et al. 2018 (ISIC 2016)",
        "25 algorithms combined",
        "the same pictures",
        auc=0.86,
        sensitivity=0.82,
        specificity=0.76,
    ),
    Published(
        "Brinker et al. 2019 (MClass)",
        "157 dermatologists",
        "100 dermoscopic pictures",
        sensitivity=0.741,
        specificity=0.600,
    ),
    Published(
        "Brinker et al. 2019 (MClass)",
        "145 dermatologists",
        "100 clinical photographs",
        sensitivity=0.894,
        specificity=0.644,
    ),
    Published(
        "Tschandl et al. 2019, JAMA Dermatology",
        "a network; any skin cancer, not melanoma alone",
        "non-pigmented lesions",
        auc=0.742,
        sensitivity=0.805,
        specificity=0.513,
    ),
    Published(
        "Tschandl et al. 2019, JAMA Dermatology",
        "95 raters",
        "the same lesions",
        auc=0.695,
        sensitivity=0.776,
        specificity=0.513,
    ),
    Published(
        "Daneshjou et al. 2022 (DDI)",
        "a network trained on HAM10000; malignant or benign",
        "656 clinical photographs of light and dark skin",
        auc=0.67,
    ),
    Published(
        "Daneshjou et al. 2022 (DDI)",
        "the same network",
        "those of Fitzpatrick types V and VI",
        auc=0.57,
    ),
)
