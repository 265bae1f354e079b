"""Addresses below /photos/."""

from django.urls import path

from webplatform.photos import views

urlpatterns = [
    path("", views.photo_list, name="photo_list"),
    path("new/", views.photo_new, name="photo_new"),
    path("<uuid:photo_id>/", views.photo_detail, name="photo_detail"),
    path("<uuid:photo_id>/delete/", views.photo_delete, name="photo_delete"),
    path("<uuid:photo_id>/image/", views.photo_image, name="photo_image"),
    path("<uuid:photo_id>/thumbnail/", views.photo_thumbnail, name="photo_thumbnail"),
    path(
        "<uuid:photo_id>/activation-map/", views.photo_activation_map, name="photo_activation_map"
    ),
]
