"""Every address of the site."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from webplatform.pages import about, home

admin.site.site_header = admin.site.site_title = "Naevus administration"
# The admin log-in gets the same lock-out as the site's own.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler400 = "webplatform.pages.bad_request"
handler500 = "webplatform.pages.server_error"

urlpatterns = [
    path("", home, name="home"),
    path("about/", about, name="about"),
    path("accounts/", include("allauth.account.urls")),
    path("photos/", include("webplatform.photos.urls")),
    path("api/", include("webplatform.api.urls")),
    path("admin/", admin.site.urls),
    path("", include("webplatform.health.urls")),
]
