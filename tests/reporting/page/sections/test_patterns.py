from dataclasses import replace

import numpy as np
import pytest

from seqmine.reporting.page.sections.patterns import lags
from seqmine.structs import InteractionLog, UserError
from tests.pages import EVIL, page_subject, writer
from tests.tiny import call


@pytest.fixture(scope="module")
def mined(page_folder):
    log = page_folder.parent / "log.csv"
    limits = ["miner.min_count=10", "miner.max_length=2"]
    return call(
        "mine",
        page_folder.parent / "mined",
        "data=interactions",
        f"data.path={log}",
        "evidence=none",
        "logger=none",
        *limits,
    )


def test_patterns_are_told_by_title_with_their_lag(page_folder, mined):
    subject = page_subject(page_folder, f"patterns={mined}")
    _, flow, table = writer(subject, "patterns")(subject)
    assert table.is_long and any(EVIL in row[0] for row in table.rows)
    assert table.columns[-2] == "lag, median (hours)"
    assert flow.kind == "chart" and len(flow.spec["layer"]) == 3
    timed = [row for row in table.rows if row[-2] is not None]
    assert all(row[1] >= 10 for row in table.rows) and all(row[-2] >= 1 for row in timed)
    assert len(timed) == 20 and all("→" in row[0] for row in timed)


def test_without_patterns_the_command_is_told(subject):
    with pytest.raises(UserError, match="run python -m seqmine.mine run=<this run>"):
        writer(subject, "patterns")(subject)


def test_lags_are_those_of_the_first_occurrence_with_the_latest_start():
    log = InteractionLog.from_lists([[1, 3, 1, 2, 2], [2, 1], [1, 2, 1, 2]])
    assert lags(log, [1, 2]).tolist() == [1.0, 1.0]
    assert lags(log, [1]).tolist() == []
    timed = replace(log, timestamps=np.arange(len(log.items)) * 7200)
    assert lags(timed, [1, 2]).tolist() == [2.0, 2.0]
