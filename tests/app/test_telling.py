import sys

import pytest

from seqmine.app.telling import sections_of
from seqmine.structs import UserError
from tests.pages import page_run, page_subject


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return page_run(tmp_path_factory.mktemp("telling"))


def test_sections_come_in_the_order_of_reading_and_a_reader_s_own_last(run):
    own = "+sections.a={_target_: seqmine.reporting.page.sections.cost.Cost}"
    chosen = ["~sections.data_card", "~sections.standing", "~sections.slices", "~sections.beyond"]
    subject = page_subject(run, "sections=quick", own, *chosen)
    titles = [section.title for section in sections_of(subject.config, subject)]
    assert titles[0] == "What was asked" and titles[-2:] == ["Methods", "What did it cost?"]
    assert titles.index("Learning curves") < titles.index("Patterns of the log") < titles.index("Methods")


@pytest.mark.parametrize("package", ["altair", "jinja2", "vl_convert"])
def test_a_page_that_could_not_be_drawn_is_not_begun(run, package, monkeypatch):
    """A section that fails says so in the page; without a package all of them would, and the program would succeed."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=rf"the page needs {package}, which is not installed"):
        page_subject(run, "sections=quick")
