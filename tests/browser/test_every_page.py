"""What holds on every page: it fits, it is labelled, it can be read."""

import pytest

from ml.contracts import Outcome, Refusal

ANYBODY = [
    "/",
    "/about/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/nowhere/",
]
ALICE = [
    "/about/",
    "/photos/",
    "/photos/new/",
    "/photos/{answered}/",
    "/photos/{refused}/",
    "/photos/{waiting}/",
    "/photos/{answered}/delete/",
    "/accounts/email/",
    "/accounts/logout/",
    "/accounts/password/change/",
]

# Returns what is wrong with the page, in words.
INSPECT = r"""() => {
  const wrong = [];
  const check = (fine, words) => { if (!fine) wrong.push(words); };
  const shown = (element) => element.checkVisibility({visibilityProperty: true});
  check(document.documentElement.lang === "en", "no language");
  check(/\S+ \u2013 Naevus$/.test(document.title), `title: ${document.title}`);
  check(document.querySelectorAll("h1").length === 1, "not exactly one h1");
  for (const mark of ["header", "main", "footer"])
    check(document.querySelectorAll(`body > ${mark}`).length === 1, `no ${mark}`);
  check(document.querySelector("footer").innerText.includes("not a medical device"), "no notice");
  const levels = [...document.querySelectorAll("h1,h2,h3")].map((heading) => +heading.tagName[1]);
  levels.forEach((level, i) => check(!i || level <= levels[i - 1] + 1, "a heading is skipped"));
  for (const nav of document.querySelectorAll("nav"))
    check(nav.getAttribute("aria-label"), "a nav without a name");
  for (const image of document.images) check(image.hasAttribute("alt"), `no alt: ${image.src}`);
  for (const svg of document.querySelectorAll("svg"))
    check(svg.getAttribute("aria-hidden") || svg.getAttribute("aria-label"), "an unnamed drawing");
  for (const field of document.querySelectorAll("input:not([type=hidden]), progress"))
    check(field.labels.length, `no label: ${field.name || field.id}`);
  for (const door of document.querySelectorAll("a, button"))
    check(door.textContent.trim(), `nothing to read in ${door.outerHTML}`);
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  check(new Set(ids).size === ids.length, `an id twice: ${ids}`);
  for (const name of ["aria-describedby", "aria-labelledby"])
    for (const element of document.querySelectorAll(`[${name}]`))
      for (const id of element.getAttribute(name).split(" "))
        check(document.getElementById(id), `${name} points nowhere: ${id}`);
  for (const door of document.querySelectorAll("a, button, label[for], input[type=checkbox]")) {
    const {width, height} = door.getBoundingClientRect();
    if (!shown(door) || door.matches("p a:not([class]), .skip, .hint a, .card a")) continue;
    check(height >= 24 && width >= 20, `too small to hit: ${door.outerHTML.slice(0, 120)}`);
  }
  const width = document.documentElement.scrollWidth;
  check(width <= innerWidth, `scrolls sideways: ${width}`);

  // Contrast of text, WCAG 2.2 (AA).
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (colour) => channels(colour).slice(0, 3)
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if ((channels(colour)[3] ?? 1) > 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!text || element.closest("svg, script, noscript") || !shown(element)) continue;
    const [dark, bright] = [light(getComputedStyle(element).color), light(ground(element))]
      .sort((a, b) => a - b);
    const contrast = (bright + 0.05) / (dark + 0.05);
    check(contrast >= 4.5, `contrast ${contrast.toFixed(1)}: ${element.textContent.trim()}`);
  }
  return wrong;
}"""


@pytest.fixture
def ids(alice, photo_file, work):
    """Return the ids of photos in each state."""
    import io

    from webplatform.photos.services import accept_photo

    def upload():
        return accept_photo(owner=alice, upload=io.BytesIO(photo_file))[0].id

    answered = upload()
    work(Outcome.HIGHER_CONCERN, 0.4)
    refused = upload()
    work(Outcome.CANNOT_ASSESS, 0.4, Refusal.OUT_OF_DOMAIN)
    return {"answered": answered, "refused": refused, "waiting": upload()}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_every_page_fits_is_labelled_and_can_be_read(open_page, alice, ids, width, scheme):
    options = {"size": (width, 640), "color_scheme": scheme}
    wrong = {}
    for user, paths in ((None, ANYBODY), (alice, ALICE)):
        page = open_page("/about/", user=user, **options)
        for path in paths:
            page.goto(path.format(**ids))
            wrong[path] = page.evaluate(INSPECT)
    assert {path: words for path, words in wrong.items() if words} == {}


def test_without_script_the_upload_fits_too(open_page, alice):
    page = open_page("/photos/new/", user=alice, javascript=False, size=(320, 640))
    # Only the page's own scripts are off.
    assert page.evaluate(INSPECT) == []


def test_a_wrong_password_is_told_at_the_form(open_page, alice):
    page = open_page("/accounts/login/")
    page.get_by_label("Email").fill(alice.email)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    assert "not correct" in page.get_by_role("alert").inner_text()
    assert page.evaluate(INSPECT) == []


def test_nothing_moves_for_those_who_asked_for_stillness(open_page, alice, photo):
    page = open_page(f"/photos/{photo.id}/", user=alice, reduced_motion="reduce")
    assert page.evaluate("document.getAnimations().length") == 0
    lively = open_page(f"/photos/{photo.id}/", user=alice)
    assert lively.evaluate("document.getAnimations().length") == 1


def test_the_pages_are_light(settings):
    static = settings.STATICFILES_DIRS[0]
    assert sum(path.stat().st_size for path in static.rglob("*.css")) <= 15_000
    assert sum(path.stat().st_size for path in static.rglob("*.js")) <= 40_000
