import builtins
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from seqmine.reporting.page import charts
from seqmine.reporting.page.blocks import Chart, Code, Grid, Heading, Note, Picture, Section, Words
from seqmine.reporting.page.document import _vega, render
from seqmine.structs import UserError
from tests.pages import EVIL

ROWS = [{"name": EVIL, "value": 1.0}, {"name": "b", "value": float("nan")}]
SECTIONS = [
    Section("First", [Words(EVIL), Note(EVIL), Code(EVIL), Heading(EVIL), Grid(EVIL, [EVIL, "n"], [[EVIL, 1]])]),
    Section("Second", [Chart(EVIL, EVIL, charts.bars(ROWS, x="x", y=EVIL)), Picture("p", EVIL, b"png")]),
]


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def of(self, *names):
        return [(tag, attrs) for tag, attrs in self.found if tag in names]


@pytest.fixture(scope="module")
def page():
    return render(EVIL, EVIL, SECTIONS)


def own_part(page):
    """Return the page without the one long script of Vega."""
    start = page.index("<script>", page.index("</main>"))
    return page[:start] + page[page.index("</script>", start) + len("</script>") :]


def test_what_a_log_names_stays_text(page):
    own = own_part(page)
    assert len(own) < 40_000
    assert "<script>alert" not in own
    assert own.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 8
    assert "\\u003cscript\\u003ealert" in own, "in the data of a chart"


def test_headings_descend_in_order_and_links_find_them(page):
    tags = Tags(own_part(page))
    levels = [int(tag[1]) for tag, _ in tags.of("h1", "h2", "h3")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = [attrs["id"] for _, attrs in tags.found if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [attrs["href"] for _, attrs in tags.of("a")]
    assert links and all(link.startswith("#") and link[1:] in ids for link in links)


def test_nothing_is_fetched(page):
    own = own_part(page)
    for _, attrs in Tags(own).found:
        assert not re.match(r"(https?:)?//", attrs.get("src") or attrs.get("href") or "")
    assert "url(" not in own and "@import" not in own
    [policy] = [attrs["content"] for _, attrs in Tags(own).of("meta") if "http-equiv" in attrs]
    assert policy.startswith("default-src 'none'") and "connect-src" not in policy


def test_people_who_do_not_see_are_told(page):
    tags = Tags(own_part(page))
    assert dict(tags.of("html"))["html"]["lang"] == "en"
    assert all(attrs["alt"] for _, attrs in tags.of("img"))
    drawn = [attrs for _, attrs in tags.of("div") if attrs.get("role") == "img"]
    assert drawn and all(attrs["aria-label"] for attrs in drawn)
    assert len(tags.of("caption")) == len(tags.of("table"))
    assert {attrs["scope"] for _, attrs in tags.of("th")} == {"col", "row"}


def luminance(color):
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted([luminance(one), luminance(other)], reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_words_stand_out_from_their_ground(page, mode):
    colors = dict(re.findall(r"--([\w-]+): (#\w{6})", re.findall(r":root \{([^}]*)\}", page)[mode]))
    for ink, ground in [("ink", "paper"), ("soft", "paper"), ("ink", "card"), ("link", "paper"), ("note-ink", "note")]:
        assert contrast(colors[ink], colors[ground]) >= 4.5, (ink, ground)
    assert all(contrast(color, colors["paper"]) >= 3 for color in charts.COLORS)


def test_the_library_is_there_once_and_only_for_charts(page):
    assert page.count("window.vegaEmbed=") == 1
    assert len(render("t", "l", SECTIONS[:1])) < 40_000


def test_unknown_numbers_are_null_in_the_data_of_a_chart(page):
    data = re.search(r'class="spec"[^>]*>(.*?)</script>', page, re.DOTALL)[1]
    assert '"value": null' in data and "NaN" not in data


@pytest.mark.parametrize("package", ["jinja2", "vl_convert"])
def test_a_missing_package_is_named(package, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **named):
        if name == package:
            raise ModuleNotFoundError(name=package)
        return real(name, *rest, **named)

    _vega.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=rf"needs {package}, .* pip install 'seqmine\[report\]'"):
        render("t", "l", SECTIONS)
