"""The queue of record: who works on which prediction, and what came of it.

A worker claims rows with a lease, an attempt count and a token. If it dies, the
lease runs out and the sweeper queues the row again; if it comes back late, its
token no longer fits and its answer is not written. All times are the
database's, so that hosts whose clocks differ agree on a lease.

This is all that a worker may import from the platform.
"""

import logging
import uuid
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from ml.contracts import ModelInfo, Outcome
from ml.contracts import Prediction as Answer
from webplatform.predictions import doorbell
from webplatform.predictions.models import ModelVersion, Prediction

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
# Longer than the hard time limit of a drain: whoever holds a lease is gone
# before it runs out, and need not renew it.
LEASE = timedelta(seconds=120)
# Before a failed attempt is followed by the next; longer each time.
PAUSE = timedelta(seconds=10)
# A queued row older than this was not heard of by anybody.
UNHEARD = timedelta(seconds=10)

_Status = Prediction.Status


@dataclass(frozen=True)
class Claim:
    """The right to answer one prediction, until the lease runs out."""

    prediction_id: uuid.UUID
    token: uuid.UUID
    attempt: int
    image_name: str

    def open_image(self):
        """Open the stored JPEG for reading."""
        return default_storage.open(self.image_name, "rb")


def claim(limit: int, *, retry: bool = False) -> list[Claim]:
    """Take up to ``limit`` queued predictions, oldest first.

    Predictions that have been tried before come one at a time, because one of
    them may be what killed their worker, and it must not take others along.
    They are taken when ``retry`` asks for them or nothing fresh is queued; a
    worker asks now and then, or steady load would starve them.
    """
    queued = Prediction.objects.filter(status=_Status.QUEUED).order_by("created_at", "id")
    fresh, tried = queued.filter(attempts=0)[:limit], queued.filter(attempts__gt=0)[:1]
    order = (tried, fresh) if retry else (fresh, tried)
    return _claim(order[0]) or _claim(order[1])


def _claim(candidates: QuerySet[Prediction]) -> list[Claim]:
    token = uuid.uuid4()
    with transaction.atomic():
        # SQLite knows no row locks and needs none: the transaction is IMMEDIATE.
        rows = list(candidates.select_for_update(skip_locked=True).values_list("pk", flat=True))
        if not rows:
            return []
        Prediction.objects.filter(pk__in=rows).update(
            status=_Status.RUNNING,
            attempts=F("attempts") + 1,  # counted here: a crash cannot report itself
            token=token,
            claimed_at=Now(),
            lease_until=Now() + LEASE,
        )
        claimed = Prediction.objects.filter(pk__in=rows).order_by("created_at", "id")
        return [
            Claim(pk, token, attempt, image)
            for pk, attempt, image in claimed.values_list("pk", "attempts", "photo__image")
        ]


def _mine(claim: Claim) -> QuerySet[Prediction]:
    return Prediction.objects.filter(
        pk=claim.prediction_id, token=claim.token, status=_Status.RUNNING
    )


def complete(claim: Claim, answer: Answer, model: ModelInfo) -> bool:
    """Write the answer, once; return whether this claim was the one to write it.

    Nothing is written when the lease was lost to another worker, when the photo
    has been deleted, or when this model has answered for the photo before.
    """
    assessed = answer.outcome != Outcome.CANNOT_ASSESS
    result = {
        "status": _Status.DONE,
        "token": None,
        "lease_until": None,
        "error": "",
        "finished_at": Now(),
        "model": _model_version(model),
        "outcome": answer.outcome,
        "refusal": answer.refusal or "",
        "probability": answer.probability if assessed else None,
        "activation_map": asdict(answer.activation_map) if assessed else None,
    }
    try:
        with transaction.atomic():
            return _mine(claim).update(**result) == 1
    except IntegrityError:
        log.warning("prediction %s: this model has answered already", claim.prediction_id)
        _mine(claim).update(**_given_up("this model has already answered for this photo"))
        return False


def _model_version(model: ModelInfo) -> ModelVersion:
    fields = asdict(model)
    version, _ = ModelVersion.objects.get_or_create(
        bundle_sha256=fields.pop("bundle_sha256"), defaults=fields
    )
    return version


def fail(claim: Claim, error: str) -> None:
    """Report an attempt that failed: try again after a pause, or give up after the last.

    The lease is shortened to the pause, and the sweeper takes the row back when
    it is over. Without a pause a storage that is away for a moment would use up
    every attempt in that moment.
    """
    if claim.attempt >= MAX_ATTEMPTS:
        _mine(claim).update(**_given_up(error))
    else:
        _mine(claim).update(lease_until=Now() + PAUSE * claim.attempt, error=error)


def _given_up(error: str) -> dict:
    return {
        "status": _Status.FAILED,
        "token": None,
        "lease_until": None,
        "error": error,
        "finished_at": Now(),
    }


def expire_leases() -> None:
    """Let the next sweep take back whatever is claimed.

    For a start at which no worker of this database can be alive.
    """
    just_now = Now() - timedelta(seconds=1)
    Prediction.objects.filter(status=_Status.RUNNING).update(lease_until=just_now)


def wake_a_worker() -> None:
    """Ring for whatever may be queued. Never raises, and never takes long."""
    doorbell.ring()


@dataclass(frozen=True)
class Swept:
    """What one sweep found: numbers of predictions."""

    requeued: int
    given_up: int
    unheard: int


def sweep() -> Swept:
    """Take back expired leases, and ring for rows that nobody has heard of.

    Any number of sweepers may run: each change is one conditional update.
    """
    expired = Prediction.objects.filter(status=_Status.RUNNING, lease_until__lt=Now())
    given_up = expired.filter(attempts__gte=MAX_ATTEMPTS).update(
        **_given_up("the worker was lost at the last attempt")
    )
    requeued = expired.filter(attempts__lt=MAX_ATTEMPTS).update(
        status=_Status.QUEUED, token=None, lease_until=None
    )
    unheard = Prediction.objects.filter(
        status=_Status.QUEUED, created_at__lt=Now() - UNHEARD
    ).count()
    if requeued or unheard:
        wake_a_worker()
    return Swept(requeued, given_up, unheard)
