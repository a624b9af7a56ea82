import numpy as np

from seqmine.data.cleaning.audit import Audit, AuditRow, LogSize
from seqmine.data.leakage import LeakReport
from seqmine.data.leakage.report import LeakCheck
from seqmine.reporting.page.sections.data_card import audit_grid, days, leak_grid, length_bins
from tests.pages import writer


def test_the_card_of_a_log(subject):
    blocks = writer(subject, "data_card")(subject)
    assert [block.kind for block in blocks] == ["words", "chart", "chart", "chart", "grid", "grid", "words"]
    assert "120 users" in blocks[0].text
    assert blocks[-1].text.startswith("Is there order? This log has clear order")


def test_bins_hold_every_user_with_an_event():
    lengths = np.array([0, 1, 5, 70, 3000])
    assert sum(row["value"] for row in length_bins(lengths)) == 4


def test_stretches_of_time_hold_every_event():
    rows = days(np.array([0, 86_400, 86_400 * 30]))
    assert sum(row["y"] for row in rows) == 3 and rows[0]["x"] == "1970-01-01T00:00:00"


def test_audit_and_leaks_are_told():
    audit = Audit(LogSize(40, 4, 9), [AuditRow("Short()", "each event", LogSize(40, 4, 9), LogSize(30, 4, 8), 0.1)])
    assert audit_grid(audit).rows[1] == ["Short()", "each event", 30, 4, 8, 10]
    checks = [LeakCheck("a", True, ""), LeakCheck("b", False, "", fatal=False), LeakCheck("c", False, "x")]
    grid = leak_grid(LeakReport(checks))
    assert [row[1] for row in grid.rows] == ["ok", "warning", "LEAK"] and grid.caption == "Leaks: FOUND"
