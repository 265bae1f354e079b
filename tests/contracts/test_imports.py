"""Who may import whom, and what a process may load."""

import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ["torch", "torchvision", "timm", "onnxruntime", "numpy", "sklearn", "scipy"]


def modules_after(code: str, settings: str) -> set[str]:
    """Return the top-level modules that a fresh Python has loaded after some code."""
    script = f"import django\ndjango.setup()\n{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": settings, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_import_rules():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("webplatform", "ml", {"ml.contracts"}),
        ("worker", "ml", {"ml.contracts", "ml.predictor"}),
        ("worker", "webplatform", {"webplatform.predictions.queue", "webplatform.config.settings"}),
    ],
)
def test_the_only_doors_between_the_packages(importer, imported, allowed):
    graph = grimp.build_graph("ml", "worker", "webplatform", cache_dir=None)
    doors = {
        target
        for module in graph.modules
        if module.startswith(f"{importer}.") and ".management.commands." not in module
        for target in graph.find_modules_directly_imported_by(module)
        if target.startswith(f"{imported}.")
    }
    assert doors
    assert doors <= allowed, doors - allowed


def test_the_web_process_loads_no_heavy_module():
    code = """
from django.test import Client
from django.urls import reverse
from webplatform.config.wsgi import application
for page in ("/healthz", "/api/schema/"):
    assert Client(headers={"host": "localhost"}).get(page).status_code == 200
"""
    loaded = modules_after(code, "webplatform.config.settings")
    assert "django" in loaded
    assert loaded.isdisjoint(HEAVY), loaded.intersection(HEAVY)


def test_the_cpu_worker_loads_no_torch():
    loaded = modules_after("import worker.app, worker.drain", "worker.settings")
    assert "celery" in loaded
    assert loaded.isdisjoint({"torch", "torchvision", "timm", "sklearn", "rest_framework"})


def test_the_doorbell_names_a_task_that_the_worker_knows():
    import worker.drain  # noqa: F401
    from webplatform.predictions import doorbell
    from worker.app import app

    assert doorbell.DRAIN in app.tasks


def test_every_task_of_ours_has_both_time_limits():
    import worker.drain  # noqa: F401
    from worker.app import app

    ours = [task for name, task in app.tasks.items() if not name.startswith("celery.")]
    assert len(ours) == 2
    for task in ours:
        assert 0 < task.soft_time_limit < task.time_limit


def test_a_lease_outlives_a_drain():
    from webplatform.predictions import queue
    from worker.drain import DRAIN_S, drain

    assert DRAIN_S < drain.soft_time_limit < drain.time_limit < queue.LEASE.total_seconds()


@pytest.mark.parametrize("package", ["ml", "worker", "webplatform"])
def test_modules_are_small_and_named_for_what_they_do(package):
    for path in (ROOT / package).rglob("*.py"):
        if "migrations" in path.parts:
            continue
        assert len(path.read_text().splitlines()) <= 300, path
        assert path.stem not in {"utils", "util", "helpers", "common", "misc"}, path


def test_only_the_doorbell_publishes_from_the_web():
    for path in (ROOT / "webplatform").rglob("*.py"):
        words = path.read_text()
        if path.name != "doorbell.py":
            for call in (".delay(", ".apply_async(", "send_task("):
                assert call not in words, f"{path} publishes with {call}"


def test_pictures_are_opened_only_with_an_allow_list():
    allowed = {"sanitise.py"}
    for path in (ROOT / "webplatform").rglob("*.py"):
        assert "Image.open(" not in path.read_text() or path.name in allowed, path


@pytest.mark.django_db
def test_no_migration_is_missing():
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_the_api_schema_has_no_warnings():
    from django.core.management import call_command

    call_command("spectacular", validate=True, fail_on_warn=True, file="/dev/null")
