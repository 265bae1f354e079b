"""Settings of the site, read from the environment.

Without any variable set this is the local set-up of ``make run``: SQLite,
files below ``var/``, no outside service. ``NAEVUS_MODE=production`` refuses to
start until everything that production needs is named (see ``.env.example``).
"""

import secrets
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from .api import *
from .celery import *
from .logging import *
from .security import *

BASE_DIR = Path(__file__).resolve().parents[3]
env = environ.Env()

MODE = env.str("NAEVUS_MODE", "local")
if MODE not in {"local", "production"}:
    raise ImproperlyConfigured(f"NAEVUS_MODE is {MODE!r}; it must be 'local' or 'production'.")
PRODUCTION = MODE == "production"
DEBUG = env.bool("DEBUG", False)

VAR_DIR = Path(env.str("NAEVUS_VAR", str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)


def _local_secret_key() -> str:
    """Return the key of this checkout, made at the first start and kept since."""
    path = VAR_DIR / "secret-key"
    try:
        # Exclusive creation: web, worker and sweeper start side by side.
        with path.open("x") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


SECRET_KEY = env.str("SECRET_KEY") if PRODUCTION else env.str("SECRET_KEY", "")
SECRET_KEY = SECRET_KEY or _local_secret_key()
ALLOWED_HOSTS = (
    env.list("ALLOWED_HOSTS")
    if PRODUCTION
    else env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "webplatform.accounts",
    "webplatform.photos",
    "webplatform.predictions",
    "webplatform.api",
    "webplatform.health",
    "webplatform.local",
    "webplatform.training",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "webplatform.photos.body_limit.BodyLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "webplatform.config.urls"
WSGI_APPLICATION = "webplatform.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "webplatform" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": env.db(
        "DATABASE_URL",
        default=environ.Env.NOTSET if PRODUCTION else f"sqlite:///{VAR_DIR / 'naevus.sqlite3'}",
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # A write transaction takes the lock when it begins; otherwise two
        # processes that both read first cannot be made to wait for each other.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: a photo whose upload was answered must outlive a power cut.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    # A request waits 5 s for a connection at the most, and gets a 503 then.
    DATABASES["default"]["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 16, "timeout": 5}}
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHE_URL = env.str("CACHE_URL", "")
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": CACHE_URL}
        if CACHE_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

# Uploads stay in memory: what has not been sanitised never touches a disk. The
# limit on a request's body bounds the memory.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 22 * 1024 * 1024

# Photos live outside of every folder a web server serves; the only way to one
# is through a view that asks who is asking.
MEDIA_ROOT = VAR_DIR / "media"
WHITENOISE_AUTOREFRESH = not PRODUCTION
STATIC_URL = "static/"
# Locally the files are served from where they lie.
STATIC_ROOT = env.str("STATIC_ROOT", str(BASE_DIR / "staticfiles")) if PRODUCTION else None
STATICFILES_DIRS = [BASE_DIR / "webplatform" / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
if PRODUCTION:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
# Behind nginx the app decides who may see a photo and nginx sends the bytes.
ACCEL_REDIRECT_PREFIX = env.str("ACCEL_REDIRECT_PREFIX", "")

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "photo_new"
LOGOUT_REDIRECT_URL = "home"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

vars().update(env.email("EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Naevus <naevus@localhost>")

MODEL_BUNDLE = env.str("MODEL_BUNDLE", str(BASE_DIR / "ml" / "bundles" / "default"))
