"""The report in headless Chromium: both themes, phone and desktop, with and without scripts."""

import pytest

from benchmarks.screenshots import browser as headless
from circuit_assert.reporting.html import report

SIZES = {"phone": (360, 740), "desktop": (1440, 900)}

if not headless.found():
    pytest.skip("no Chromium on the PATH to look at the report with", allow_module_level=True)
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


@pytest.fixture(scope="module")
def browser():
    with headless.chromium() as browser:
        yield browser


@pytest.fixture
def file(made, tmp_path):
    """Every kind of claim, hostile ones too, in two runs."""
    before = made.mixed(started="2026-03-01T08:00:00+00:00", name="before")
    path = tmp_path / "report.html"
    path.write_text(report([before, made.mixed()], now=made.NOW), encoding="utf-8")
    return path


@pytest.fixture
def opened(browser, file):
    """Open the report; at the end nothing may have gone wrong, nor been asked of a network."""
    contexts, wrong = [], []

    def opened(size="desktop", theme="light", **options):
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
        page.on(
            "request",
            lambda request: request.url.startswith("file:") or wrong.append(request.url),
        )
        page.goto(file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


def open_all(page):
    page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_in_every_theme_and_size(opened, size, theme):
    page = opened(size, theme)
    assert overflow(page) <= 0
    open_all(page)
    assert overflow(page) <= 0
    red, *_ = page.evaluate(
        "getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).map(Number)"
    )
    assert (red > 200) == (theme == "light")
    heights = page.evaluate(
        "[...document.querySelectorAll('svg.figure')].map((each) => each.clientHeight)"
    )
    assert min(heights) > 30


def test_without_javascript_everything_is_there(opened):
    page = opened("phone", java_script_enabled=False)
    assert page.locator(".filter").is_hidden()
    assert page.locator("details.claim").count() == 7
    summary = page.locator("details.claim.holds summary").first
    inside = page.locator("details.claim.holds .inside").first
    assert inside.is_hidden()
    summary.click()
    assert inside.is_visible()
    assert "why L5H1 is supported" in inside.inner_text()
    page.locator("table.matrix a").nth(3).click()  # leads into a closed card, and opens it
    page.wait_for_function("true")
    anchor = page.url.partition("#")[2]
    assert page.locator(f"[id='{anchor}']").is_visible()


def test_filters_work_by_keyboard_and_say_how_many(opened):
    page = opened()
    said = page.locator("#shown")
    assert said.inner_text() == "7 of 7 claims shown"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.type("L5H1 INDUCTION")
    assert said.inner_text() == "2 of 7 claims shown"
    assert page.locator("details.claim:visible").count() == 2
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.by") == "model"
    page.keyboard.type("sm")
    assert said.inner_text() == "1 of 7 claims shown"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.get_by_role("button", name="Clear").press("Enter")
    assert said.inner_text() == "7 of 7 claims shown"
    page.locator("[data-by=verdict]").select_option("refuted")
    assert said.inner_text() == "2 of 7 claims shown"


def test_a_link_opens_its_card_even_when_it_is_filtered_out(opened):
    page = opened()
    page.fill("#text", "smollm")
    page.locator("table.matrix a").first.click()
    page.locator("#claim-L5H1").wait_for(state="visible")
    assert page.locator("details.claim:visible").count() == 7


def test_all_can_be_opened_for_printing(opened):
    page = opened()
    page.get_by_role("button", name="Open all shown").click()
    assert page.locator("details.claim[open]").count() == 7
    page.emulate_media(media="print")
    assert page.locator(".filter").is_hidden()
    assert overflow(page) <= 0
