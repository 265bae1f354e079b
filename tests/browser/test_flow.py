"""From the sign-up to the deletion, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from webplatform.predictions.results import NOTICE

JAVASCRIPT = pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])


@JAVASCRIPT
def test_from_sign_up_to_deletion(open_page, work, photo_path, private_disk, javascript):
    page = open_page("/", javascript=javascript)
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Email").fill("maria@example.org")
    page.get_by_label("Password").fill("a long enough sentence")
    page.get_by_role("button", name="Create the account").click()

    expect(page).to_have_url(re.compile("/photos/new/$"))
    page.locator("#photo").set_input_files(photo_path)
    page.get_by_role("button", name="Analyse this photo").click()

    expect(page).to_have_url(re.compile(r"/photos/[0-9a-f-]{36}/$"))
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("waiting"))
    picture = page.get_by_alt_text(re.compile("Your photo of"))
    expect(picture).to_have_js_property("complete", True)
    assert len(list(private_disk.rglob("*.jpg"))) == 2

    work()
    # Without JavaScript the page reloads itself.
    headline = page.get_by_role(
        "heading", name="The model is not sure. Show this spot to a doctor."
    )
    expect(headline).to_be_visible()
    expect(page.get_by_text(NOTICE)).to_be_visible()
    expect(
        page.get_by_text("Of 1,000 spots with a result like this, about 123 were")
    ).to_be_visible()
    expect(page.get_by_role("img", name="123 of 1,000 dots are filled.")).to_be_visible()
    expect(page.get_by_text("test-model, version 1")).to_be_visible()
    expect(page.get_by_text("Measured on pictures that a test made up")).to_be_visible()

    page.get_by_role("link", name="My photos").click()
    expect(page.get_by_text("about 123 in 1,000")).to_be_visible()
    page.get_by_role("link", name="Not sure").click()
    expect(headline).to_be_visible()

    page.get_by_role("link", name="Delete this photo").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("The photo and its result are deleted.")).to_be_visible()
    expect(page.get_by_text("No photos yet.")).to_be_visible()
    assert list(private_disk.rglob("*.jpg")) == []

    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("link", name="Create an account")).to_be_visible()


def test_by_keyboard_alone(open_page, alice, work, photo_path):
    def tab_to(selector):
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.locator(f"{selector}:focus").count():
                return
        pytest.fail(f"the Tab key does not reach {selector}")

    page = open_page("/accounts/login/")
    # Listened to from the start, or the key may be faster than the listener.
    page.on("filechooser", lambda chooser: None)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to("input[name=login]")
    page.keyboard.type(alice.email)
    tab_to("input[name=password]")
    page.keyboard.type("correct horse battery")
    tab_to("main button")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("/photos/new/$"))
    tab_to("#photo")
    assert page.locator(".drop").evaluate("zone => getComputedStyle(zone).outlineStyle") == "solid"
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(photo_path)
    expect(page.get_by_role("button", name="Analyse this photo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("waiting"))
    work()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("not sure"))
    tab_to("#map-toggle")
    page.keyboard.press("Space")
    expect(page.locator(".map")).to_have_css("opacity", "1")
