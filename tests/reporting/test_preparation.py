from rich.console import Console

from seqmine.data.cleaning.audit import Audit, AuditRow, LogSize
from seqmine.data.leakage import LeakCheck, LeakReport
from seqmine.reporting.preparation import audit_table, leak_table


def shown(table, tmp_path):
    console = Console(width=140, record=True, file=(tmp_path / "out").open("w"))
    console.print(table)
    return console.export_text()


def test_each_step_is_shown_with_what_it_took_out(tmp_path):
    step = AuditRow("HistoryLength(min_events=2)", "all events", LogSize(3000, 2, 3), LogSize(2000, 1, 3), 0.1)
    text = shown(audit_table(Audit(LogSize(3000, 2, 3), [step], times="whole days")), tmp_path)
    for words in ("Cleaning (times are whole days)", "history length (min events 2)", "1,000 (33.3%)", "all events"):
        assert words in text


def test_each_check_is_shown_with_its_verdict(tmp_path):
    checks = [LeakCheck("a", True, "fine"), LeakCheck("b", False, "bad"), LeakCheck("c", False, "hm", fatal=False)]
    text = shown(leak_table(LeakReport(checks)), tmp_path)
    assert "Leaks: FOUND" in text
    rows = [line.split() for line in text.splitlines()]
    assert [row[1] for row in rows if row and row[0] in "abc"] == ["ok", "LEAK", "warning"]
    assert "Leaks: none found" in shown(leak_table(LeakReport(checks[:1])), tmp_path)
