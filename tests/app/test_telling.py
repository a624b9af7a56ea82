import json
import shutil
import sys

import pytest

from seqmine.app.telling import sections_of
from seqmine.reporting.page.file import write_page
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


def test_the_page_of_a_private_run_tells_of_its_release_alone(run, tmp_path):
    private = shutil.copytree(run, tmp_path / "private")
    (private / "release").mkdir()
    told = {
        "epsilon_spent": 7.9,
        "delta": 1e-5,
        "noise_is_secret": True,
        "may_leave": [],
        "stays": "",
        "taken_as_public": [],
    }
    (private / "release" / "privacy.json").write_text(json.dumps(told))
    subject = page_subject(private, "sections=quick")
    sections = sections_of(subject.config, subject)
    assert [section.title for section in sections] == ["What is promised to each user?"]
    write_page(subject, sections, tmp_path / "report.html")
    assert f"{subject.metrics['test/ndcg@10']:.4f}" not in (tmp_path / "report.html").read_text()
    subject.config.patterns = "elsewhere"
    with pytest.raises(UserError, match="patterns is 'elsewhere', but the page of a private run .* set patterns=null"):
        sections_of(subject.config, subject)
