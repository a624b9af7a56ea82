import pytest

from seqmine.structs import UserError
from tests.finished import finished_run, ranks_of
from tests.pages import page_subject, writer


def test_runs_that_match_stand_beside_each_other(tmp_path):
    for number, dropout in enumerate([0.1, 0.2]):
        finished_run(tmp_path / "runs" / str(number), ranks=ranks_of(number), dropout=dropout, val=number)
    subject = page_subject(tmp_path / "runs" / "0", f"runs='{tmp_path}/runs/*'")
    words, chart, table, tests = writer(subject, "side_by_side")(subject)
    assert "against net dropout=0.2, which is best on validation" in words.text
    assert {row[0] for row in table.rows} == {"net dropout=0.1", "net dropout=0.2"}
    assert table.rows[table.strong][0] == "net dropout=0.2"
    assert [row[0] for row in tests.rows] == ["net dropout=0.1"]
    assert chart.kind == "chart"


def test_without_runs_the_setting_is_told(subject):
    with pytest.raises(UserError, match="set runs=<glob>"):
        writer(subject, "side_by_side")(subject)
