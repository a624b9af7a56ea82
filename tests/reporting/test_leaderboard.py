import polars as pl
import pytest
from omegaconf import OmegaConf

from seqmine.reporting.leaderboard import show, write
from seqmine.runs.components import CONF_DIR
from seqmine.runs.leaderboard import compare_runs
from tests.finished import finished_run, ranks_of


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    names = {"name": "a_name_of_a_run_without_spaces_that_is_long"}
    finished_run(folder / "c1", ranks=ranks_of(4), val=0.05, dropout=0.2, **names)
    finished_run(folder / "a1", ranks=ranks_of(1), val=0.3, metrics={"baseline/markov/test/ndcg@10": 0.05})
    finished_run(folder / "a2", ranks=ranks_of(2), val=0.3, seed=2)
    finished_run(folder / "b1", ranks=ranks_of(3, worst=9), dropout=0.1)
    config = OmegaConf.load(CONF_DIR / "leaderboard.yaml")
    return compare_runs(OmegaConf.merge(config, {"runs": str(folder / "*"), "num_resamples": 200}))


def test_the_folder_has_three_tables_and_a_picture(board, tmp_path):
    write(board, tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"leaderboard.csv", "comparisons.csv", "slices.csv", "leaderboard.png"}
    rows = pl.read_csv(tmp_path / "leaderboard.csv")
    assert rows["test/ndcg@10"].to_list() == pytest.approx(board.rows["test/ndcg@10"].to_list())
    assert pl.read_csv(tmp_path / "comparisons.csv").columns == board.comparisons.columns
    assert len(pl.read_csv(tmp_path / "slices.csv")) == len(board.slices)
    assert (tmp_path / "leaderboard.png").read_bytes().startswith(b"\x89PNG")


def test_the_terminal_shows_rows_costs_tests_and_slices_in_80_columns(board, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    columns = OmegaConf.load(CONF_DIR / "leaderboard.yaml").columns
    show(board, columns, num_shown=2)
    shown = capsys.readouterr().out
    row = board.rows.filter(row="net dropout=0.5").to_dicts()[0]
    test = board.comparisons.to_dicts()[0]
    parts = board.slices.filter(pl.col("row").str.starts_with("net"))
    words = [
        f"{row['test/ndcg@10']:.4f}",
        f"±{row['test/ndcg@10 sd']:.4f}",
        f"{row['parameters']:,.0f}",
        "reference: net dropout=0.5 (the best on validation, val/ndcg@10)",
        f"{test['low']:+.4f} to {test['high']:+.4f}",
        *(f"{row['low']:.4f} to {row['high']:.4f}" for row in parts.iter_rows(named=True)),
        "markov", "train_count", "below 1",
    ]  # fmt: skip
    assert [word for word in words if word not in shown] == []
    assert max(map(len, shown.splitlines())) <= 80


def test_a_table_that_is_too_wide_for_the_terminal_loses_no_number(board, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    show(board, ["hit_rate@10", "ndcg@10", "mrr@10", "coverage@10", "ndcg@10", "mrr@10"], num_shown=4)
    shown = capsys.readouterr().out
    words = [f"{row['low']:.4f} to {row['high']:.4f}" for row in board.slices.iter_rows(named=True)]
    words += [f"{row['low']:+.4f} to {row['high']:+.4f}" for row in board.comparisons.iter_rows(named=True)]
    assert [word for word in words if word not in shown] == []


def test_as_many_rows_are_sliced_on_the_terminal_as_asked(board, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    show(board, ["ndcg@10"], num_shown=1)
    slices = capsys.readouterr().out.split("parts of the targets")[1]
    assert "net dropout=0.5" in slices
    assert "net dropout=0.1" not in slices
