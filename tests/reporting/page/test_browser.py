"""The page in a browser: it draws, sorts, searches and follows dark mode, and asks the network for nothing."""

import shutil

import pytest

from seqmine.reporting.page import charts
from seqmine.reporting.page.blocks import Chart, Grid, Section
from seqmine.reporting.page.document import render
from tests.pages import EVIL

CHROMIUM = shutil.which("chromium")
ROWS = (
    [[f"row {number}", number] for number in (3, 1, 2)]
    + [[EVIL, None]]
    + [[f"more {number}", 9] for number in range(12)]
)
SECTIONS = [
    Section("Table", [Grid("numbers", ["name", "value"], ROWS)]),
    Section(
        "Chart",
        [Chart("bars", "two bars", charts.bars([{"name": EVIL, "value": 1}, {"name": "b", "value": 2}], x="v", y="n"))],
    ),
]


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no chromium on the path")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Open the page at a width in a color scheme; what it asks for and complains of is kept."""
    (tmp_path / "page.html").write_text(render("A page", "lead", SECTIONS))
    pages = []

    def open_page(width=1280, scheme="light"):
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.complaints, page.requests = [], []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (page.complaints.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto((tmp_path / "page.html").as_uri())
        page.wait_for_selector(".chart svg")
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()


def first_cells(page):
    return page.locator("tbody tr:not([hidden]) th").all_inner_texts()


def test_nothing_leaves_the_page_and_nothing_is_complained_of(opened):
    page = opened()
    assert [url.split(":")[0] for url in page.requests] == ["file"]
    assert page.complaints == []
    assert page.locator(".chart svg text", has_text="<script>alert(1)</script>").count() == 1


def test_a_table_is_sorted_by_its_headings_and_unknown_stands_last(opened):
    page = opened()
    heading = page.get_by_role("button", name="value")
    heading.press("Enter")
    assert first_cells(page)[12:] == ["row 3", "row 2", "row 1", EVIL]
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("value")
    heading.click()
    assert first_cells(page)[:3] == ["row 1", "row 2", "row 3"] and first_cells(page)[-1] == EVIL


def test_a_long_table_is_searched(opened):
    page = opened()
    page.get_by_label("Search this table").fill("ROW 2")
    assert first_cells(page) == ["row 2"]
    assert page.locator("output").inner_text() == "1 of 16 rows"


def test_a_tooltip_has_the_name_as_text(opened):
    page = opened()
    page.locator(".chart svg path[aria-roledescription=bar]").first.hover()
    page.wait_for_selector("#vg-tooltip-element.visible")
    assert (
        "alert(1)" in page.locator("#vg-tooltip-element").inner_text()
        or "b" in page.locator("#vg-tooltip-element").inner_text()
    )
    assert page.locator("#vg-tooltip-element script").count() == 0 and page.complaints == []


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)], ids=["light", "dark"])
def test_the_page_follows_the_mode_in_words_and_charts(opened, scheme, is_dark):
    page = opened(scheme=scheme)

    def brightness(selector, name):
        color = page.eval_on_selector(selector, f"(one) => getComputedStyle(one).{name}")
        return sum(int(part) for part in color[4:-1].split(",")[:3])

    assert (brightness("body", "backgroundColor") < 200) is is_dark
    assert (brightness(".chart svg text", "fill") > 500) is is_dark


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_never_wider_than_the_window(opened, width):
    page = opened(width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_print_cuts_nothing_off_and_cells_of_a_small_window_keep_words_whole(opened):
    page = opened(width=390)

    def style(selector, name):
        return page.eval_on_selector(selector, f"(one) => getComputedStyle(one).{name}")

    assert style("tbody td", "overflowWrap") == "break-word"
    page.emulate_media(media="print")
    assert style(".chart svg", "maxWidth") == "100%" and style("thead th", "position") == "static"
