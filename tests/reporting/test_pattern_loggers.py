import numpy as np
import pytest
from lightning.pytorch.loggers import WandbLogger

from seqmine.mining.symbols import Projection
from seqmine.reporting.pattern_loggers import log_patterns, log_report
from tests.reporting.shops import Numbers, judged, shop_log


class Recorded(WandbLogger):
    """Keeps what it is told."""

    def __init__(self):
        self.told = {}

    def log_table(self, key, columns=None, data=None):
        self.told[key] = [dict(zip(columns, row, strict=True)) for row in data]

    def log_metrics(self, metrics, step=None):
        self.told |= metrics

    def finalize(self, status):
        self.told["status"] = status


def test_loggers_get_tables_of_patterns_and_rules():
    symbols, logger = Projection()(shop_log(), ["lamp", "bulb"], {"title": ["Desk lamp", None]}), Recorded()
    report = {"num_patterns": 4, "tie_share": None, "seconds": {"mining": 1.0}}
    rule = judged(symbols).take(np.array([2]))
    log_patterns([logger], judged(symbols), symbols, report, {"unknown_to_model": rule})
    assert [row["pattern"] for row in logger.told["patterns"]][:2] == ["Desk lamp", "Desk lamp → Desk lamp"]
    assert logger.told["patterns"][0]["confidence"] is None
    assert logger.told["rules"][1]["consequent"] == "bulb"
    assert logger.told["rules"][1]["confidence"] == pytest.approx(2 / 3)
    assert logger.told["mine/num_patterns"] == 4
    assert [row["consequent"] for row in logger.told["unknown_to_model"]] == ["bulb"]
    assert set(logger.told) == {"patterns", "rules", "unknown_to_model", "mine/num_patterns", "status"}


def test_a_logger_without_tables_gets_the_finite_numbers():
    logger = Numbers()
    report = {"num_patterns": 4, "overlap": float("nan"), "verdict": "some", "nested": {"a": 1}, "share": 0.5}
    log_report([logger], report)
    assert logger.told == {"mine/num_patterns": 4.0, "mine/share": 0.5}
    assert logger.status == "success"
