import json

import numpy as np
import polars as pl

from seqmine.mining.judging.evidence import CountsAlone
from seqmine.mining.statistics.sequentiality import SequentialityCheck
from seqmine.mining.study import SequentialityStudy
from seqmine.reporting.mined import PatternReport, SequentialityReport, pattern_report
from tests.mining.studies import study, subject
from tests.reporting.shops import Numbers


def test_findings_are_written_logged_and_printed(tmp_path, capsys):
    findings, logger = study().find(subject()), Numbers()
    PatternReport(num_shown=3)(findings, tmp_path, [logger])
    report = json.loads((tmp_path / "pattern_report.json").read_text())
    assert report["num_patterns"] == len(findings.table) == len(pl.read_parquet(tmp_path / "patterns.parquet"))
    assert report["num_believed_by_model"] == len(report["believed_by_model"]) > 0
    assert report["model"]["judged_on_test_targets"] == 240
    assert logger.told["mine/num_released"] == len(findings.released)
    shown = capsys.readouterr().out
    for words in ("i7 → i11 → i9", "believed by model", "grown rules: ", "released patterns of"):
        assert words in shown
    assert shown.index("grown rules: ") < shown.index("released patterns of"), "the patterns come last"


def test_counts_alone_have_no_lists(tmp_path):
    counted = study(evidence=CountsAlone()).find(subject(model=False))
    report = pattern_report(counted)
    assert set(report) == {"num_patterns", "num_users", "num_people", "num_events", "tie_share", "notes", "seconds"}


def test_the_verdict_on_order_is_printed_and_its_numbers_are_written(tmp_path, capsys):
    found = SequentialityStudy(check=SequentialityCheck(min_count=5, num_copies=2)).find(subject(model=False))
    logger = Numbers()
    SequentialityReport()(found, tmp_path, [logger])
    report = json.loads((tmp_path / "pattern_report.json").read_text())
    assert report["num_pairs"] == logger.told["mine/num_pairs"] == found.num_pairs
    assert np.isclose(report["ndcg"], found.ndcg)
    assert " ".join(capsys.readouterr().out.split()).startswith("This log has")
