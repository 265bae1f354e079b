"""Everything that decides what comes out of a training run, apart from the data.

A recipe is a TOML file, any of whose keys the command line can override as
``key=value``. A key that is not known, or a value of another type, is an error.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints


class RecipeError(ValueError):
    """A key or a value that no recipe has."""


@dataclass(frozen=True)
class Recipe:
    """One training run.

    What the network is: ``model`` is timm's name of the backbone; it begins with
    the weights in the file ``init``, or where ``pretrained`` with those of ``imagenet``,
    which expect the ``normalisation`` named. Its head for the melanoma begins anew,
    unless ``init`` is of a run and ``keep_head``.

    What it learns: ``target`` is ``binary`` (melanoma or not), or one of the
    groupings of diagnoses in ``targets``, which are then learnt beside it;
    ``unknown`` says what becomes of images without a diagnosis. ``held_out``
    are the folds that it never learns from: the first for the figures, the
    second for calibration. Nor does it learn from the sources named in ``without``,
    all of whose pictures then show how it carries over to a clinic it does not know.

    What it is told beside the picture: with ``metadata`` age, sex and site, for a
    logit of their own that is added to the picture's (see ``training.metadata``).

    Whom it learns from beside the labels: ``teachers`` are folders of finished
    runs, in the record of a run the SHA-256 of their weights. ``teacher_weight``
    is the share of the melanoma's loss that is the cross-entropy with their mean
    logit, both over ``temperature``; the diagnoses are learnt from labels alone.

    What it sees: pictures of ``size`` pixels a side, after the first ``smaller``
    share of all steps at ``small_size``, in views of ``view_share`` of that side: a
    random crop shows a lesion larger than the whole picture does, and smaller views
    make up for it (Touvron et al. 2019). An ``augmentation`` by name, with
    ``mixup`` and ``cutmix`` as parameters of their Beta distributions (0: off);
    ``balance`` draws each melanoma, or each source, equally often.

    How it learns: ``lr`` is the peak of the ``schedule``, reached after the
    share ``warmup`` of all steps; every layer nearer to the input has
    ``layer_decay`` times the rate of the one above; for ``freeze_epochs`` only
    the heads move. A step takes ``batch`` pictures ``accumulate`` times.
    ``ema`` is the decay per step of the averaged weights, which are the ones that
    are kept. Until it does so, ``ema_ramp`` keeps the mean from reaching far back: 9
    weighs the last tenth of all steps most, 1 all of them and the first weights alike.
    """

    model: str = "mobilenetv2_100"
    init: str = ""
    pretrained: bool = False
    keep_head: bool = False
    normalisation: Literal["imagenet", "inception"] = "imagenet"

    target: Literal["binary", "3-class", "4-class", "9-class"] = "binary"
    unknown: Literal["class", "ignore", "nevus"] = "class"
    held_out: tuple[int, ...] = (0, 1)
    without: tuple[str, ...] = ()

    metadata: bool = False
    teachers: tuple[str, ...] = ()
    teacher_weight: float = 0.5
    temperature: float = 1.0

    size: int = 192
    small_size: int = 128
    smaller: float = 0.0
    view_share: float = 5 / 6
    augmentation: Literal[
        "none", "light", "gentle", "camera", "isic-winner", "randaugment", "hair"
    ] = "light"
    mixup: float = 0.0
    cutmix: float = 0.0
    balance: Literal["none", "melanoma", "source"] = "none"

    epochs: int = 10
    batch: int = 32
    accumulate: int = 1
    lr: float = 5e-4
    schedule: Literal["cosine", "one-cycle", "constant"] = "cosine"
    warmup: float = 0.05
    layer_decay: float = 1.0
    freeze_epochs: int = 0
    weight_decay: float = 0.05
    label_smoothing: float = 0.0
    dropout: float = 0.2
    ema: float = 0.998
    ema_ramp: float = 9.0
    seed: int = 0

    precision: Literal["bf16", "fp16", "fp32"] = "bf16"
    channels_last: bool = True
    gradient_checkpointing: bool = False

    def __post_init__(self) -> None:
        wrong = {
            "init and pretrained": self.init and self.pretrained,
            "keep_head without init": self.keep_head and not self.init,
            "size": min(self.size, self.small_size) < 32,
            "epochs, batch or accumulate": min(self.epochs, self.batch, self.accumulate) < 1,
            "lr": self.lr <= 0,
            "a share that is not from 0 to 1": not all(
                0 <= share <= 1
                for share in (
                    self.smaller,
                    self.view_share,
                    self.warmup,
                    self.dropout,
                    self.ema,
                    self.layer_decay,
                    self.teacher_weight,
                )
            ),
            "ema_ramp": self.ema_ramp <= 0,
            "temperature": self.temperature <= 0,
            "label_smoothing": not 0 <= self.label_smoothing < 0.5,
            "held_out": not self.held_out or len(set(self.held_out)) < len(self.held_out),
            "freeze_epochs": not 0 <= self.freeze_epochs < self.epochs,
        }
        if named := [name for name, is_wrong in wrong.items() if is_wrong]:
            raise RecipeError(f"the recipe makes no sense: {', '.join(named)}")

    def plain(self) -> dict[str, Any]:
        """Return the recipe as it is written down with a run; files by their names alone."""
        return asdict(self) | {
            "held_out": list(self.held_out),
            "without": list(self.without),
            "init": Path(self.init).name,
            "teachers": [Path(teacher).name for teacher in self.teachers],
        }


def read(file: Path | None, overrides: Sequence[str] = ()) -> Recipe:
    """Return the recipe of a TOML file with ``key=value`` overrides.

    ``init`` and ``teachers`` in a file are relative to that file. Raises ``RecipeError``, and
    ``OSError`` for a file that is not there.
    """
    values: dict[str, Any] = {}
    if file:
        try:
            values = tomllib.loads(file.read_text("utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise RecipeError(f"{file}: {error}") from None
        if values.get("init"):
            values["init"] = str(file.parent / values["init"])
        if isinstance(teachers := values.get("teachers"), list):
            values["teachers"] = [
                str(file.parent / one) if isinstance(one, str) else one for one in teachers
            ]
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise RecipeError(f"{override!r} is not of the form key=value")
        values[key] = _parsed(text)
    types = get_type_hints(Recipe)
    if unknown := sorted(values.keys() - types.keys()):
        known = ", ".join(field.name for field in fields(Recipe))
        raise RecipeError(f"no recipe has {', '.join(unknown)}; known are {known}")
    return Recipe(**{key: _typed(key, value, types[key]) for key, value in values.items()})


def _parsed(text: str) -> Any:
    """Return a value as TOML would read it, or the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _typed(key: str, value: Any, kind: Any) -> Any:
    if get_origin(kind) is Literal:
        fits = value in get_args(kind)
        expected = " or ".join(get_args(kind))
    elif get_origin(kind) is tuple:
        of = get_args(kind)[0]
        fits = isinstance(value, list) and all(type(one) is of for one in value)
        value = tuple(value) if fits else value
        expected = {int: "a list of whole numbers", str: "a list of texts"}[of]
    elif kind is float:
        fits = type(value) in {int, float}
        value, expected = float(value) if fits else value, "a number"
    else:
        fits = type(value) is kind
        expected = {int: "a whole number", bool: "true or false", str: "a text"}[kind]
    if not fits:
        raise RecipeError(f"{key} is {value!r}, which is not {expected}")
    return value
