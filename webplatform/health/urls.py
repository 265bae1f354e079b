"""Addresses for load balancers and supervisors."""

from django.urls import path

from webplatform.health import views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
