"""The site's settings, less everything that only a web server needs."""

from webplatform.config.settings import *

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "webplatform.accounts",
    "webplatform.photos",
    "webplatform.predictions",
]
MIDDLEWARE = []
AUTHENTICATION_BACKENDS = []
ROOT_URLCONF = ""
