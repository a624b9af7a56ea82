import numpy as np
import pytest

from seqmine.reporting.page.sections.beyond import group_shares, item_groups, personalization
from tests.pages import writer


def test_what_the_lists_are_like(subject):
    words, table, chart = writer(subject, "beyond")(subject)
    rows = {row[0]: row[1] for row in table.rows}
    assert rows["coverage"] == subject.metrics["test/coverage@10"]
    assert 0 <= rows["personalization"] <= 1 and 0 <= rows["concentration (Gini)"] <= 1 and 0 <= rows["diversity"] <= 2
    assert chart.kind == "chart" and f"{len(subject.cases)} test users" in words.text


@pytest.mark.parametrize(("other", "value"), [([1, 2], 0.0), ([3, 4], 1.0), ([2, 3], 0.5)], ids=["0", "1", "half"])
def test_personalization_of_equal_and_of_different_lists(other, value):
    assert personalization(np.array([[1, 2], other]), 0) == value


def test_groups_have_about_as_many_events_each():
    counts = np.concatenate([[0], np.random.default_rng(0).zipf(1.5, 400).clip(max=500)])
    sums = np.bincount(item_groups(counts)[1:], weights=counts[1:], minlength=5) / counts.sum()
    assert sums == pytest.approx(np.full(5, 0.2), abs=0.08)


def test_shares_of_groups_add_up():
    rows = group_shares(np.array([[1, 0], [2, 3]]), np.array([0, 5, 3, 1]), np.array([1, 2]))
    for by in ("catalog", "test targets", "lists"):
        assert sum(row["value"] for row in rows if row["by"] == by) == pytest.approx(1)
