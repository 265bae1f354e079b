"""Settings: easy on a laptop, strict in production."""

import os
import subprocess
import sys

import pytest

from tests.local.running import ROOT, SETTINGS

PRODUCTION = {
    "NAEVUS_MODE": "production",
    "SECRET_KEY": "k7f1-x2Q9" * 8,
    "ALLOWED_HOSTS": "naevus.example.org",
    "DATABASE_URL": "sqlite:///:memory:",
    "BROKER_URL": "redis://broker:6379/0",
}


def check(tmp_path, *arguments: str, **env: str) -> subprocess.CompletedProcess:
    """Run Django's system check with nothing but these variables."""
    return subprocess.run(
        [sys.executable, "manage.py", "check", *arguments],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "NAEVUS_VAR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": SETTINGS,
        }
        | env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_local_needs_nothing(tmp_path):
    assert check(tmp_path).returncode == 0
    key = tmp_path / "secret-key"
    assert key.stat().st_mode & 0o777 == 0o600
    first = key.read_text()
    assert len(first) >= 50
    check(tmp_path)
    assert key.read_text() == first


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL"])
def test_production_names_what_is_missing(tmp_path, missing):
    env = {name: value for name, value in PRODUCTION.items() if name != missing}
    done = check(tmp_path, **env)
    assert done.returncode != 0
    assert missing in done.stderr
    assert not (tmp_path / "secret-key").exists()


def test_production_passes_djangos_own_review(tmp_path):
    done = check(tmp_path, "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert done.returncode == 0, done.stderr


def test_an_unknown_mode_is_refused(tmp_path):
    done = check(tmp_path, NAEVUS_MODE="prod")
    assert done.returncode != 0
    assert "must be 'local' or 'production'" in done.stderr
