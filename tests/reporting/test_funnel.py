import csv
import json

from seqmine.mining.paths.study import FunnelStudy
from seqmine.mining.symbols import BehaviorProjection
from seqmine.reporting.funnel import FunnelReport
from tests.mining.paths.test_study import shop
from tests.reporting.shops import Numbers


def test_a_funnel_is_written_drawn_logged_and_printed(tmp_path, capsys):
    found = FunnelStudy(projection=BehaviorProjection(), steps=["view", "buy"]).find(shop())
    logger = Numbers()
    FunnelReport()(found, tmp_path, [logger])
    report = json.loads((tmp_path / "pattern_report.json").read_text())
    assert [step["people"] for step in report["steps"]] == [2, 1]
    assert logger.told["mine/converted"] == 1
    assert logger.status == "success"
    with (tmp_path / "funnel.csv").open(encoding="utf-8-sig", newline="") as lines:
        assert [row["people"] for row in csv.DictReader(lines)] == ["2", "1"]
    with (tmp_path / "variants.csv").open(encoding="utf-8-sig", newline="") as lines:
        assert next(csv.DictReader(lines))["path"] == "view"
    assert (tmp_path / "funnel.png").stat().st_size > 0
    shown = capsys.readouterr().out
    for words in ("histories of one user and one item", "whole paths", "view → buy"):
        assert words in shown
