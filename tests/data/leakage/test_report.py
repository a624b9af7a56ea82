import json

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


def test_a_fatal_check_that_fails_is_in_the_json():
    found = LeakReport(
        [LeakCheck("a", True, "fine"), LeakCheck("b", False, "bad"), LeakCheck("c", False, "hm", fatal=False)]
    )
    assert json.loads(found.to_json())["passed"] is False


def test_warnings_are_what_fails_and_stops_nothing():
    checks = [
        LeakCheck("a", True, "", fatal=False),
        LeakCheck("b", False, "bad"),
        LeakCheck("c", False, "hm", fatal=False),
    ]
    assert LeakReport(checks).warnings() == ["c: not so, hm"]
