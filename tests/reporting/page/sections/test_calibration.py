import numpy as np
import pytest

from seqmine.reporting.page.sections.calibration import expected_error, reliability
from tests.pages import writer


def test_groups_of_listed_items_by_probability(subject):
    words, chart, table = writer(subject, "calibration")(subject)
    assert sum(row[0] for row in table.rows) == int((subject.lists > 0).sum())
    hits = sum(row[0] * row[2] for row in table.rows)
    assert hits == pytest.approx((subject.lists == subject.cases.items[:, None]).sum())
    assert [row[1] for row in table.rows] == sorted(row[1] for row in table.rows)
    assert "expected calibration error" in words.text and chart.kind == "chart"


def test_true_probabilities_are_calibrated_and_others_are_not():
    rng = np.random.default_rng(0)
    said = rng.random(20_000)
    came = rng.random(20_000) < said
    assert expected_error(said, came, 10) < 0.02
    assert expected_error(said / 2, came, 10) == pytest.approx(0.25, abs=0.02)
    assert len(reliability(said[:3], came[:3], 10)) == 3
