"""Photos of moles."""

from django.conf import settings
from django.db import models

from webplatform.ids import uuid7


def _image_path(photo: "Photo", _filename: str) -> str:
    return f"photos/{photo.owner_id}/{photo.id}.jpg"


def _thumbnail_path(photo: "Photo", _filename: str) -> str:
    return f"photos/{photo.owner_id}/{photo.id}.thumbnail.jpg"


class Photo(models.Model):
    """One photo as it was accepted: upright, sRGB, free of metadata."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="photos"
    )
    image = models.FileField(upload_to=_image_path)
    thumbnail = models.FileField(upload_to=_thumbnail_path)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    upload_sha256 = models.CharField(max_length=64)
    idempotency_key = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["owner", "-created_at"])]
        constraints = [
            # NULL where the client sent no key, and NULLs never collide.
            models.UniqueConstraint(
                fields=["owner", "idempotency_key"], name="one_photo_per_idempotency_key"
            ),
        ]

    def __str__(self) -> str:
        return f"Photo {self.id}"
