"""Photos in the admin, with the picture."""

import uuid

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.html import format_html

from webplatform.photos import media
from webplatform.photos.models import Photo
from webplatform.photos.services import delete_photo
from webplatform.predictions.admin import photo_tag
from webplatform.predictions.models import Prediction


class PredictionInline(admin.TabularInline):
    """The photo's predictions."""

    model = Prediction
    fields = ("status", "outcome", "probability", "model", "attempts", "created_at", "finished_at")
    readonly_fields = fields
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request, obj=None) -> bool:
        """Predictions come from uploads."""
        return False


@admin.register(Photo)
class PhotoAdmin(admin.ModelAdmin):
    """Every photo. It can be looked at and deleted, but not changed."""

    list_display = ("thumbnail_tag", "owner", "width", "height", "created_at")
    list_filter = ("created_at", "predictions__outcome", "predictions__status")
    search_fields = ("id", "owner__email")
    list_select_related = ("owner",)
    date_hierarchy = "created_at"
    fields = ("image_tag", "owner", "width", "height", "created_at", "upload_sha256")
    readonly_fields = fields
    inlines = (PredictionInline,)
    list_per_page = 50

    def has_add_permission(self, request, obj=None) -> bool:
        """Photos come from their owners."""
        return False

    def get_urls(self) -> list:
        """Add the addresses of the pictures, behind the admin's own log-in."""
        view = self.admin_site.admin_view
        return [
            path("<uuid:photo_id>/thumbnail/", view(self.thumbnail), name="photos_photo_thumbnail"),
            path("<uuid:photo_id>/image/", view(self.image), name="photos_photo_image"),
            *super().get_urls(),
        ]

    def thumbnail(self, request: HttpRequest, photo_id: uuid.UUID) -> HttpResponseBase:
        """Send the small copy."""
        return media.send(self._photo(request, photo_id).thumbnail)

    def image(self, request: HttpRequest, photo_id: uuid.UUID) -> HttpResponseBase:
        """Send the photo."""
        return media.send(self._photo(request, photo_id).image)

    def _photo(self, request: HttpRequest, photo_id: uuid.UUID) -> Photo:
        may_see = self.has_view_permission(request)
        return get_object_or_404(
            Photo.objects.all() if may_see else Photo.objects.none(), pk=photo_id
        )

    @admin.display(description="Photo")
    def thumbnail_tag(self, photo: Photo) -> str:
        """Return the small copy as HTML."""
        return photo_tag(photo.pk)

    @admin.display(description="Photo")
    def image_tag(self, photo: Photo) -> str:
        """Return the photo as HTML."""
        url = reverse("admin:photos_photo_image", args=[photo.pk])
        return format_html('<img src="{}" alt="Photo" width="480">', url)

    def get_deleted_objects(self, objs, request: HttpRequest):
        """Let predictions go with their photo, though none may be deleted alone."""
        to_delete, counts, permissions_needed, protected = super().get_deleted_objects(
            objs, request
        )
        permissions_needed.discard(Prediction._meta.verbose_name)
        return to_delete, counts, permissions_needed, protected

    def delete_model(self, request: HttpRequest, obj: Photo) -> None:
        """Delete one photo with its files."""
        delete_photo(obj)

    def delete_queryset(self, request: HttpRequest, queryset) -> None:
        """Delete several photos with their files."""
        for photo in queryset:
            delete_photo(photo)
