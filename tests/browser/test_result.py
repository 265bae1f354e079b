"""The page of one photo: how its result arrives and how it reads."""

import re

import pytest
from playwright.sync_api import expect

from ml.contracts import Outcome, Refusal
from tests.browser.conftest import PHONE
from webplatform.predictions.models import Prediction
from webplatform.predictions.results import NOTICE, REFUSALS, WHEN_TO_GO_ANYWAY, WORDINGS


@pytest.mark.parametrize("outcome", list(Outcome))
def test_headline_and_notice_need_no_scrolling_on_a_phone(open_page, alice, photo, work, outcome):
    work(outcome, 0.5, Refusal.OUT_OF_DOMAIN if outcome is Outcome.CANNOT_ASSESS else None)
    page = open_page(f"/photos/{photo.id}/", user=alice, size=tuple(PHONE.values()))
    headline = page.get_by_role("heading", level=1)
    expect(headline).to_have_text(WORDINGS[outcome].headline)
    for part in (headline, page.get_by_text(NOTICE), page.locator(".outcome .shape")):
        box = part.bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= PHONE["height"]
    expect(page.get_by_text(WHEN_TO_GO_ANYWAY)).to_be_attached()


def test_a_photo_that_cannot_be_judged_gets_a_reason_and_no_number(open_page, alice, photo, work):
    work(Outcome.CANNOT_ASSESS, 0.9, Refusal.BLANK)
    page = open_page(f"/photos/{photo.id}/", user=alice)
    expect(page.get_by_text(REFUSALS[Refusal.BLANK])).to_be_visible()
    expect(page.get_by_role("link", name="Take another photo")).to_be_visible()
    expect(page.get_by_role("heading", name="A photo that can be judged")).to_be_visible()
    assert "1,000" not in page.locator("main").inner_text()
    page.goto("/photos/")
    assert "in 1,000" not in page.locator("main").inner_text()


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_the_number_is_never_certain(open_page, alice, photo, work, probability):
    work(Outcome.NOT_SURE, probability)
    page = open_page(f"/photos/{photo.id}/", user=alice)
    words = "about 999 were" if probability else "about 1 was"
    expect(page.locator(".frequency figcaption")).to_contain_text(words)


@pytest.mark.parametrize("count", [1, 40, 123, 999])
def test_as_many_dots_are_filled_as_the_number_says(open_page, alice, photo, work, count):
    work(Outcome.NOT_SURE, count / 1000)
    page = open_page(f"/photos/{photo.id}/", user=alice)
    area = page.locator("#dot-count path").get_attribute("d")
    rows, rest = re.fullmatch(r"M0 0h40v(\d+)H0zM0 \1h(\d+)v1H0z", area).groups()
    assert 40 * int(rows) + int(rest) == count


def test_a_failed_analysis_says_so(open_page, alice, photo):
    page = open_page(f"/photos/{photo.id}/", user=alice)
    Prediction.objects.update(status="failed")
    expect(page.get_by_role("heading", level=1)).to_have_text("We could not analyse this photo.")
    expect(page.get_by_role("link", name="Try again")).to_be_visible()


def test_the_result_is_announced(open_page, alice, photo, work):
    page = open_page(f"/photos/{photo.id}/", user=alice)
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("waiting"))
    work()
    expect(page.locator("#live")).to_have_text("The model is not sure. Show this spot to a doctor.")
    expect(page).to_have_title("Not sure \u2013 Naevus")


def test_a_lost_connection_is_told_and_survived(open_page, alice, photo, work):
    page = open_page("/photos/", user=alice)
    page.route("**/api/v1/predictions/**", lambda route: route.abort())
    page.goto(f"/photos/{photo.id}/")
    expect(page.get_by_text("The connection is lost.")).to_be_visible()
    work()
    page.unroute("**/api/v1/predictions/**")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("not sure"))
