import polars as pl
import pytest

from seqmine.reporting.page.sections.patterns import lag_columns
from seqmine.structs import UserError
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


def test_patterns_are_told_by_title_with_the_lag_that_mining_measured(page_folder, mined, tmp_path):
    subject = page_subject(page_folder, f"patterns={mined}")
    words, flow, table = writer(subject, "patterns")(subject)
    assert table.is_long and any(EVIL in row[0] for row in table.rows)
    assert flow.kind == "chart" and len(flow.spec["layer"]) == 3
    assert all(row[1] >= 10 for row in table.rows)
    assert not any("lag" in name for name in table.columns) and "evidence=full" in words.text
    frame = pl.read_parquet(mined / "patterns.parquet").with_columns(
        lag_lower=1800.0, lag_median=3600.0, lag_upper=9000.0
    )
    frame.write_parquet(tmp_path / "patterns.parquet")
    subject = page_subject(page_folder, f"patterns={tmp_path}")
    table = writer(subject, "patterns")(subject)[-1]
    assert table.columns[-2:] == ["lag, median (hours)", "lag, quartiles apart"]
    assert table.rows[0][-2:] == [1.0, 2.0]


def test_lags_of_a_log_without_time_are_events():
    frame = pl.DataFrame({"lag_lower": [1.0], "lag_median": [2.0], "lag_upper": [4.0]})
    assert lag_columns(frame, False).to_dicts() == [{"lag, median (events)": 2.0, "lag, quartiles apart": 3.0}]


def test_without_patterns_the_command_is_told(subject):
    with pytest.raises(UserError, match="run python -m seqmine.mine run=<this run>"):
        writer(subject, "patterns")(subject)
