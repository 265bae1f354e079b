"""Predictions and models in the admin: to watch, not to change."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from webplatform.predictions.models import ModelVersion, Prediction


class ReadOnlyAdmin(admin.ModelAdmin):
    """Shows rows that only the platform itself writes."""

    def has_add_permission(self, request, obj=None) -> bool:
        """Rows come from uploads and workers."""
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        """A result is never edited."""
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        """A result goes with its photo."""
        return False


@admin.register(Prediction)
class PredictionAdmin(ReadOnlyAdmin):
    """Every prediction, from the queue to the result."""

    list_display = (
        "picture",
        "outcome",
        "probability",
        "status",
        "attempts",
        "model",
        "owner",
        "created_at",
    )
    list_display_links = ("picture", "outcome")
    list_filter = ("status", "outcome", "refusal", "model", "created_at")
    search_fields = ("id", "photo__id", "photo__owner__email", "error")
    list_select_related = ("photo__owner", "model")
    date_hierarchy = "created_at"
    exclude = ("token",)
    readonly_fields = ("picture",)
    list_per_page = 50

    @admin.display(description="Photo")
    def picture(self, prediction: Prediction) -> str:
        """Return the photo as a small picture."""
        return photo_tag(prediction.photo_id)

    @admin.display(ordering="photo__owner__email")
    def owner(self, prediction: Prediction) -> str:
        """Return whose photo it is."""
        return prediction.photo.owner.email


def photo_tag(photo_id) -> str:
    """Return a photo's thumbnail as HTML, for people with the admin's permission."""
    url = reverse("admin:photos_photo_thumbnail", args=[photo_id])
    return format_html(
        '<img src="{}" alt="Photo {}" width="96" loading="lazy">', url, str(photo_id)
    )


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    """The models that have answered."""

    list_display = ("name", "version", "prevalence", "first_used_at", "bundle_sha256")
    search_fields = ("name", "version", "bundle_sha256")
