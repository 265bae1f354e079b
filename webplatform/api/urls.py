"""Addresses below /api/."""

from csp.decorators import csp_update
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from webplatform.api import problems, views

# Swagger UI styles its elements one by one.
_docs = csp_update({"style-src": ["'self'", "'unsafe-inline'"]})(
    SpectacularSwaggerSplitView.as_view(url_name="api_schema", http_method_names=["get", "head"])
)

v1 = [
    path("tokens/", views.TokensView.as_view(), name="api_tokens"),
    path("tokens/current/", views.CurrentTokenView.as_view(), name="api_current_token"),
    path("me/", views.MeView.as_view(), name="api_me"),
    path("photos/", views.PhotosView.as_view(), name="api_photos"),
    path("photos/<uuid:photo_id>/", views.PhotoView.as_view(), name="api_photo"),
    path("photos/<uuid:photo_id>/image/", views.PhotoImageView.as_view(), name="api_photo_image"),
    path(
        "photos/<uuid:photo_id>/thumbnail/",
        views.PhotoThumbnailView.as_view(),
        name="api_photo_thumbnail",
    ),
    path(
        "predictions/<uuid:prediction_id>/", views.PredictionView.as_view(), name="api_prediction"
    ),
]

urlpatterns = [
    path("v1/", include(v1)),
    path("schema/", SpectacularAPIView.as_view(), name="api_schema"),
    path("docs/", _docs, name="api_docs"),
    re_path(r"", problems.not_found),
]
