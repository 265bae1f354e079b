"""The upload page: what is refused and why, and what may go wrong on the way."""

import base64
import re

from playwright.sync_api import expect

from webplatform.photos.models import Photo


def test_a_bad_file_is_refused_with_the_reason(open_page, alice, bad_files):
    page = open_page("/photos/new/", user=alice)
    for path, reason in bad_files.items():
        page.locator("#photo").set_input_files(path)
        analyse = page.get_by_role("button", name="Analyse this photo")
        if analyse.is_visible():
            analyse.click()
        expect(page.get_by_role("alert")).to_have_text(reason)
        expect(page.get_by_role("alert")).to_be_focused()
        expect(page.get_by_text("Choose a photo", exact=True)).to_be_visible()
    assert not Photo.objects.exists()


def test_without_script_the_reason_is_the_same(open_page, alice, bad_files):
    page = open_page("/photos/new/", user=alice, javascript=False)
    for path, reason in bad_files.items():
        page.locator("#photo").set_input_files(path)
        page.get_by_role("button", name="Analyse this photo").click()
        expect(page.get_by_role("alert")).to_have_text(reason)
    assert not Photo.objects.exists()


def test_the_photo_is_shown_before_it_is_sent(open_page, alice, photo_path):
    page = open_page("/photos/new/", user=alice)
    page.locator("#photo").set_input_files(photo_path)
    preview = page.get_by_alt_text("The photo that you chose")
    expect(preview).to_be_visible()
    assert preview.get_attribute("src").startswith("blob:")
    page.get_by_role("button", name="Choose another").click()
    expect(preview).to_be_hidden()
    expect(page.locator("#photo")).to_be_focused()
    assert not Photo.objects.exists()


def test_a_picture_that_the_browser_cannot_show_has_a_placeholder(open_page, alice):
    page = open_page("/photos/new/", user=alice)
    heic = {"name": "IMG_1.HEIC", "mimeType": "image/heic", "buffer": b"\0\0\0\x18ftypheic"}
    page.locator("#photo").set_input_files(heic)
    expect(page.get_by_text("This browser cannot show HEIC pictures")).to_be_visible()
    expect(page.get_by_text("IMG_1.HEIC", exact=True)).to_be_visible()


def test_an_upload_can_be_cancelled_and_sent_again(open_page, alice, photo_path):
    page = open_page("/photos/new/", user=alice)
    held = []

    def hold(route):
        held.append(route)

    page.route("**/api/v1/photos/", hold)
    page.locator("#photo").set_input_files(photo_path)
    page.get_by_role("button", name="Analyse this photo").click()
    expect(page.locator("progress")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Analyse this photo")).to_be_focused()
    held[0].abort()
    page.unroute("**/api/v1/photos/")
    page.get_by_role("button", name="Analyse this photo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("waiting"))
    assert Photo.objects.count() == 1


def test_a_lost_answer_does_not_make_a_second_photo(open_page, alice, photo_path):
    page = open_page("/photos/new/", user=alice)

    def lose_the_answer(route):
        route.fetch()
        route.abort()

    page.route("**/api/v1/photos/", lose_the_answer, times=1)
    page.locator("#photo").set_input_files(photo_path)
    page.get_by_role("button", name="Analyse this photo").click()
    expect(page.get_by_role("alert")).to_have_text(re.compile("The connection was lost"))
    page.get_by_role("button", name="Analyse this photo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("waiting"))
    assert Photo.objects.count() == 1


def test_a_file_can_be_dropped(open_page, alice, photo_path):
    page = open_page("/photos/new/", user=alice)
    dropped = page.evaluate_handle(
        """text => {
            const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], "mole.jpg", {type: "image/jpeg"}));
            return data;
        }""",
        base64.b64encode(photo_path.read_bytes()).decode(),
    )
    page.dispatch_event(".drop", "drop", {"dataTransfer": dropped})
    page.get_by_role("button", name="Analyse this photo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("waiting"))


def test_a_phone_offers_its_camera(open_page, alice, photo_path):
    desk = open_page("/photos/new/", user=alice)
    expect(desk.get_by_text("Take a photo")).to_be_hidden()
    phone = open_page("/photos/new/", user=alice, has_touch=True, is_mobile=True)
    with phone.expect_file_chooser() as chooser:
        phone.get_by_text("Take a photo").click()
    assert chooser.value.element.get_attribute("capture") == "environment"
    chooser.value.set_files(photo_path)
    phone.get_by_role("button", name="Analyse this photo").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text(re.compile("waiting"))


def test_a_person_who_was_logged_out_meanwhile_is_asked_to_log_in(open_page, alice, photo_path):
    page = open_page("/photos/new/", user=alice)
    page.locator("#photo").set_input_files(photo_path)
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Analyse this photo").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))
