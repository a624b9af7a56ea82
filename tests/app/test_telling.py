import pytest

from seqmine.app.telling import sections_of
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
