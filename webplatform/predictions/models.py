"""Predictions, which are at once the queue and the results, and their models."""

from django.db import models
from django.db.models import Q

from ml.contracts import Outcome, Refusal
from webplatform.ids import uuid7


class ModelVersion(models.Model):
    """A trained model that has answered here, known by its weights."""

    bundle_sha256 = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=100)
    version = models.CharField(max_length=50)
    setting = models.TextField(help_text="What the model's numbers were measured on.")
    prevalence = models.FloatField(help_text="The share of melanomas there.")
    first_used_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Prediction(models.Model):
    """One request for the model's answer to one photo, and then the answer.

    The row is the queue of record: ``status``, ``attempts``, ``token`` and
    ``lease_until`` belong to ``queue.py`` and are changed nowhere else.
    """

    class Status(models.TextChoices):
        """What the machine did."""

        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    photo = models.ForeignKey("photos.Photo", on_delete=models.CASCADE, related_name="predictions")

    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    token = models.UUIDField(null=True, blank=True, help_text="Names the claim that may answer.")
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    model = models.ForeignKey(ModelVersion, null=True, blank=True, on_delete=models.PROTECT)
    outcome = models.CharField(max_length=20, choices=[(o, o) for o in Outcome], blank=True)
    refusal = models.CharField(max_length=20, choices=[(r, r) for r in Refusal], blank=True)
    probability = models.FloatField(
        null=True, blank=True, help_text="Calibrated probability of melanoma."
    )
    activation_map = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["attempts", "created_at"],
                condition=Q(status="queued"),
                name="prediction_queue",
            ),
            models.Index(
                fields=["lease_until"], condition=Q(status="running"), name="prediction_leases"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["photo", "model"], name="one_prediction_per_photo_and_model"
            ),
            models.UniqueConstraint(
                fields=["photo"],
                condition=Q(status__in=["queued", "running"]),
                name="one_open_prediction_per_photo",
            ),
            models.CheckConstraint(
                condition=~Q(status="running")
                | Q(token__isnull=False, lease_until__isnull=False, claimed_at__isnull=False),
                name="a_running_prediction_is_leased",
            ),
            models.CheckConstraint(
                condition=~Q(status="done")
                | Q(model__isnull=False, finished_at__isnull=False) & ~Q(outcome=""),
                name="a_done_prediction_has_an_outcome",
            ),
            models.CheckConstraint(
                condition=Q(status="done")
                | Q(model__isnull=True, probability__isnull=True, outcome=""),
                name="only_a_done_prediction_has_an_outcome",
            ),
            models.CheckConstraint(
                condition=Q(probability__isnull=True) | Q(probability__gte=0, probability__lte=1),
                name="a_probability_is_between_0_and_1",
            ),
            # A photo that cannot be judged gets no number, a judged one does.
            models.CheckConstraint(
                condition=~Q(outcome="cannot_assess") | Q(probability__isnull=True),
                name="a_refused_photo_has_no_probability",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["", "cannot_assess"]) | Q(probability__isnull=False),
                name="a_judged_photo_has_a_probability",
            ),
        ]

    def __str__(self) -> str:
        return f"Prediction {self.id} ({self.status})"
