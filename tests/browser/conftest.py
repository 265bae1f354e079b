"""A browser, a person in front of it, and a worker that answers when told to."""

import os
import shutil
from pathlib import Path

import pytest

from ml.contracts import Outcome, Prediction, Refusal
from tests.conftest import MODEL, PHOTOS, answer, in_ci

sync_api = pytest.importorskip("playwright.sync_api") if not in_ci() else None
if sync_api is None:
    from playwright import sync_api

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PHONE = {"width": 360, "height": 640}


def pytest_collection_modifyitems(items):
    """Mark everything in this folder."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chromium():
    """Start Chromium once for all tests of this folder."""
    # Playwright keeps an event loop in this thread, in which Django would
    # otherwise refuse to touch the database.
    with pytest.MonkeyPatch.context() as patch, sync_api.sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        own = playwright.chromium.executable_path
        path = next(filter(None, map(shutil.which, NAMES)), own if Path(own).exists() else None)
        if path is None:
            reason = (
                "Chromium is missing: apt-get install chromium, or: playwright install chromium"
            )
            pytest.fail(reason) if in_ci() else pytest.skip(reason)
        # As root, in a container, Chromium's own sandbox cannot be set up.
        sandbox = [] if os.geteuid() else ["--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=path, args=[*QUIET, *sandbox])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, live_server):
    """Return a function that opens a page of the site, in a browser of its own.

    At the end of the test, whatever the pages complained about makes it fail:
    errors of scripts, of the content security policy, missing files, and
    requests to anybody else.
    """
    contexts = []
    problems: list[str] = []

    def watch(page):
        def heard(message):
            # The page answers a refused upload itself; Chromium mentions the status.
            if message.type == "error" and "Failed to load resource" not in message.text:
                problems.append(message.text)

        def answered(response):
            if response.status >= 400 and "/static/" in response.url:
                problems.append(f"{response.status} {response.url}")

        def asked(request):
            if not request.url.startswith((live_server.url, "blob:", "data:")):
                problems.append(f"asked {request.url}")

        page.on("console", heard)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("response", answered)
        page.on("request", asked)

    def open_page(path="/", *, user=None, javascript=True, size=(1280, 900), **options):
        context = chromium.new_context(
            base_url=live_server.url,
            java_script_enabled=javascript,
            viewport={"width": size[0], "height": size[1]},
            **options,
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        if user:
            context.add_cookies([_session_cookie(user, live_server.url)])
        page = context.new_page()
        watch(page)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def _session_cookie(user, url):
    from django.test import Client

    client = Client()
    client.force_login(user)
    return {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}


@pytest.fixture
def work():
    """Return a function that does what a worker does, with an answer given in advance."""
    from webplatform.predictions import queue

    def work(outcome=Outcome.NOT_SURE, probability=0.123, refusal: Refusal | None = None):
        (claim,) = queue.claim(1)
        told = answer(probability, outcome)
        told = Prediction(told.probability, told.outcome, refusal, told.activation_map)
        assert queue.complete(claim, told, MODEL)

    return work


@pytest.fixture
def photo_path():
    """Return where a real photo of a mole is."""
    return PHOTOS[0]


@pytest.fixture
def bad_files(tmp_path):
    """Return files that must be refused, each with the reason that must be read."""
    from webplatform.photos import sanitise

    files = {
        "letter.txt": (b"Dear doctor", sanitise.NotAnImage),
        "moving.gif": (b"GIF89a" + bytes(100), sanitise.UnsupportedKind),
        "broken.jpg": (PHOTOS[0].read_bytes()[:3000], sanitise.BrokenImage),
        "large.jpg": (b"\xff\xd8" + bytes(sanitise.MAX_BYTES), sanitise.TooManyBytes),
    }
    found = {}
    for name, (data, refusal) in files.items():
        (tmp_path / name).write_bytes(data)
        found[tmp_path / name] = refusal.message
    return found
