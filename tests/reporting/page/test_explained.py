import numpy as np
import polars as pl
import pytest

from seqmine.explanation.question import Attribution
from seqmine.reporting.page.explained import answer_sections, write_answer
from tests.reporting.test_explanation import CATALOG, answer, reason, verdict


def blocks_of(sections, kind):
    return [block for section in sections for block in section.blocks if block.kind == kind]


def test_the_answer_is_a_page_with_titles_as_text(tmp_path):
    write_answer(answer(verdict=verdict()), CATALOG, tmp_path / "explanation.html")
    page = (tmp_path / "explanation.html").read_text()
    own = page[: page.index("</main>")]
    assert "<script>B" not in own and "&lt;script&gt;B" in own
    assert "for user u: rank 1, probability 0.5000" in own


def test_every_event_is_told_and_the_strongest_is_named():
    sections = answer_sections(answer(verdict=verdict()), CATALOG)
    table = blocks_of(sections, "grid")[0]
    assert table.rows == [[1, "<script>B", -0.5], [2, "[red]A[/red]", 0.25]]
    chart, lost, kept = blocks_of(sections, "chart")
    assert chart.alt == "The event that speaks most for c is 2 ago: [red]A[/red]."
    assert [row["value"] for row in chart.spec["data"]["values"]] == [-0.5, 0.25]
    assert lost.alt == "Without half of the events there stay: Deletion 50%, random 100%."
    assert lost.caption == "POS-P: what stays in the list of 2 while the most important events go; lower is better"
    assert kept.caption == "NEG-P: what stays in the list of 2 while the least important events go; higher is better"
    assert lost.spec["data"]["values"][3] == {"x": 0.3, "y": pytest.approx(0.7), "by": "Deletion"}


def test_what_was_not_measured_and_what_is_a_picture_alone_is_said():
    sections = answer_sections(answer(caution="a picture, not an explanation"), CATALOG)
    notes = [block.text for block in blocks_of(sections, "note")]
    assert notes[0] == "A picture, not an explanation." and "was not measured" in notes[1]


def test_patterns_are_told_by_title():
    patterns = pl.DataFrame({"pattern": [["a", "c"]], "support_count": [30]})
    table = answer_sections(answer(patterns=patterns), CATALOG)[-1].blocks[0]
    assert table.rows == [["[red]A[/red] → c", 30]]


def test_an_empty_history_speaks_for_nothing():
    empty = reason(history=(), attribution=Attribution(np.zeros(0)), deletion=None)
    [chart] = blocks_of(answer_sections(answer(empty, precedents=[]), CATALOG), "chart")
    assert chart.alt == "The history is empty."
