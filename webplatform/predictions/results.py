"""A prediction in words: what a person gets to read, in the web app and the API.

The wording never gives an all-clear and never names a diagnosis. The outcomes
are those of ``ml.contracts.Outcome``.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from ml.contracts import Outcome, Refusal
from webplatform.predictions.activation_map import in_words
from webplatform.predictions.models import Prediction

NOTICE = "A research tool, not a medical device. For information only, not a diagnosis."
# The picture of 1,000 dots in templates/parts/dots.html is this wide.
DOTS_PER_ROW = 40
CHECK_AGAIN_AFTER = timedelta(days=90)
WHEN_TO_GO_ANYWAY = (
    "Whatever a picture shows: see a doctor if the spot changes in size, shape or colour, "
    "itches, bleeds, or worries you."
)


class State(StrEnum):
    """What the person sees happening, as distinct from what the machine does."""

    WAITING = "waiting"
    ANALYSING = "analysing"
    READY = "ready"
    FAILED = "failed"

    @property
    def terminal(self) -> bool:
        """Whether this state is the last one."""
        return self in {State.READY, State.FAILED}


STATES = {
    Prediction.Status.QUEUED: State.WAITING,
    Prediction.Status.RUNNING: State.ANALYSING,
    Prediction.Status.DONE: State.READY,
    Prediction.Status.FAILED: State.FAILED,
}


@dataclass(frozen=True)
class Wording:
    """How one outcome reads."""

    label: str
    headline: str
    advice: str


WORDINGS = {
    Outcome.CANNOT_ASSESS: Wording(
        "Cannot be judged",
        "I cannot judge this picture.",
        "No likelihood was computed. Take a new photo: one spot in the middle, close up, sharp "
        "and evenly lit. If the spot worries you, show it to a doctor instead.",
    ),
    Outcome.NOT_SURE: Wording(
        "Not sure",
        "The model is not sure. Show this spot to a doctor.",
        "The picture speaks neither clearly for nor clearly against a melanoma. A doctor can "
        "look closer.",
    ),
    Outcome.LOWER_CONCERN: Wording(
        "Lower concern today",
        "Lower concern today. This is not an all-clear.",
        "Check the spot again on {check_again:%-d %B %Y}, and see a doctor sooner if it changes.",
    ),
    Outcome.HIGHER_CONCERN: Wording(
        "Higher concern",
        "Higher concern. Have it seen by a doctor within 2 weeks.",
        "A doctor can look closer and decide whether it has to be examined.",
    ),
    Outcome.HIGH_CONCERN: Wording(
        "High concern",
        "High concern. Contact a doctor now.",
        "Say that a spot looks suspicious and ask for an early appointment. This is not a "
        "diagnosis; only a doctor can make one.",
    ),
}

REFUSALS = {
    Refusal.BLANK: "The picture is almost empty: too dark, too bright, or without contrast.",
    Refusal.TOO_DARK: (
        "The picture is too dark. Take it again in more light, near a window for example, and "
        "keep your own shadow off the skin."
    ),
    Refusal.TOO_BRIGHT: (
        "Much of the picture is glaring or washed out. Take it again without the flash and out of "
        "direct sun."
    ),
    Refusal.BLURRED: (
        "The picture is blurred. Hold the camera still, wait until the spot is sharp, and take it "
        "again. Wiping the lens may help."
    ),
    Refusal.LESION_TOO_SMALL: (
        "No spot stands out in the picture, or only a very small or faint one. Come nearer, until "
        "the spot fills about half of the width, and keep it in the middle."
    ),
    Refusal.OUT_OF_DOMAIN: (
        "The picture does not look like the close-ups of skin spots that the model knows."
    ),
}


@dataclass(frozen=True)
class Result:
    """Everything that is shown of a prediction, ready to print."""

    prediction: Prediction
    state: State
    outcome: Outcome | None = None
    label: str = ""
    headline: str = ""
    advice: str = ""
    reason: str = ""
    per_1000: int | None = None
    setting: str = ""
    check_again: date | None = None
    map_in_words: str = ""
    notice: str = NOTICE
    when_to_go_anyway: str = WHEN_TO_GO_ANYWAY

    @property
    def dot_rows(self) -> tuple[int, int]:
        """Return ``per_1000`` as full rows of dots and the dots that are left over."""
        return divmod(self.per_1000 or 0, DOTS_PER_ROW)


def describe(prediction: Prediction) -> Result:
    """Return the prediction in words."""
    state = STATES[Prediction.Status(prediction.status)]
    if state is not State.READY:
        return Result(prediction, state, label=_PENDING_LABELS[state])
    outcome = Outcome(prediction.outcome)
    wording = WORDINGS[outcome]
    # A constraint of the table says so.
    assert prediction.finished_at is not None  # noqa: S101
    assert prediction.model is not None  # noqa: S101
    check_again = (prediction.finished_at + CHECK_AGAIN_AFTER).date()
    return Result(
        prediction,
        state,
        outcome=outcome,
        label=wording.label,
        headline=wording.headline,
        advice=wording.advice.format(check_again=check_again),
        reason=REFUSALS[Refusal(prediction.refusal)] if prediction.refusal else "",
        per_1000=per_1000(prediction.probability),
        setting=prediction.model.setting,
        check_again=check_again if outcome is Outcome.LOWER_CONCERN else None,
        map_in_words=in_words(prediction.activation_map) if prediction.activation_map else "",
    )


_PENDING_LABELS = {
    State.WAITING: "Waiting",
    State.ANALYSING: "Being analysed",
    State.FAILED: "Analysis failed",
}


def per_1000(probability: float | None) -> int | None:
    """Return the probability as a count in 1,000, never 0 and never 1,000.

    No measurement supports certainty, so the ends are kept open.
    """
    return None if probability is None else min(999, max(1, round(probability * 1000)))
