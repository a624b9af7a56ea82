import json

from rich.console import Console

from seqmine.data.leakage import LeakCheck, LeakReport, find_leaks
from seqmine.data.splits import LeaveOneOut
from seqmine.data.windows import SlidingWindows


def report(data, splitter=None, windows=None, audit=None):
    return find_leaks(
        data,
        splitter=splitter or LeaveOneOut(),
        windows=windows or SlidingWindows(stride=3),
        max_length=5,
        audit=audit,
        seed=1,
    )


def test_report_as_json_and_table(tmp_path):
    found = LeakReport(
        [LeakCheck("a", True, "fine"), LeakCheck("b", False, "bad"), LeakCheck("c", False, "hm", fatal=False)]
    )
    assert json.loads(found.to_json())["passed"] is False
    console = Console(width=100, record=True, file=(tmp_path / "out").open("w"))
    console.print(found.table())
    text = console.export_text()
    assert "Leaks: FOUND" in text
    assert [word for word in ("LEAK", "warning", "ok") if word in text] == ["LEAK", "warning", "ok"]


def test_warnings_are_what_fails_and_stops_nothing():
    checks = [
        LeakCheck("a", True, "", fatal=False),
        LeakCheck("b", False, "bad"),
        LeakCheck("c", False, "hm", fatal=False),
    ]
    assert LeakReport(checks).warnings() == ["c: not so, hm"]
