import numpy as np

from seqmine.reporting.page.sections.shortcut import overlap_rows
from tests.pages import writer


def test_hits_are_counted_on_the_same_targets(subject):
    words, chart, table = writer(subject, "shortcut")(subject)
    rows = {row[0]: row for row in table.rows}
    assert set(rows) == {"popularity", "markov", "ngram", "markov or ngram"}
    assert rows["markov or ngram"][2] >= max(rows["markov"][2], rows["ngram"][2])
    # every item is followed by the next one, so markov finds what the model finds
    assert rows["markov"][2] > 0.9
    assert f"{rows['markov or ngram'][2]:.1%} are hits of markov or ngram too" in words.text
    assert chart.kind == "chart"


def test_overlap_counts_either_side():
    own, other = np.array([True, True, True, False]), np.array([True, False, False, True])
    assert overlap_rows(own, {"x": other}) == [("x", 0.5, 1 / 3, 2, 1)]
