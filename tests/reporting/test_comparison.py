import csv
import json

from seqmine.mining.comparing import DriftStudy
from seqmine.reporting.comparison import ComparisonReport
from tests.mining.test_comparing import drifting, settings
from tests.reporting.shops import Numbers


def test_drift_is_written_drawn_logged_and_printed(tmp_path, capsys):
    found, logger = DriftStudy(period="month", **settings()).find(drifting()), Numbers()
    ComparisonReport(num_shown=1, max_q_value=0.01)(found, tmp_path, [logger])
    report = json.loads((tmp_path / "pattern_report.json").read_text())
    assert report["groups"] == {"1970-01": 100, "1970-02": 100}
    assert set(report["differing"]) == {"i1 → i2", "i2 → i1"}
    assert logger.told["mine/num_differing"] == 2
    with (tmp_path / "comparison.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["pattern"] == "i1 → i2"]
    assert [row["month"] for row in rows] == ["1970-01", "1970-02"]
    assert rows[0]["people"] == "0"
    assert float(rows[1]["difference from"]) > 0.5
    assert (tmp_path / "comparison.png").stat().st_size > 0
    shown = capsys.readouterr().out
    assert "2 of " in shown
    assert "patterns differ by month" in shown
    assert shown.count("→") == 1, "num_shown=1"
