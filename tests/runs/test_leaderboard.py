import numpy as np
import polars as pl
import pytest
from omegaconf import OmegaConf
from scipy import stats

from seqmine.runs.comparable import find_runs, group_rows
from seqmine.runs.components import CONF_DIR
from seqmine.runs.leaderboard import compare_runs, read_gains, rows_frame
from seqmine.structs import UserError
from tests.finished import FREE, finished_run, ranks_of


def settings(folder, **changes):
    config = OmegaConf.load(CONF_DIR / "leaderboard.yaml")
    return OmegaConf.merge(config, {"runs": str(folder / "*"), "num_resamples": 400, **changes})


def ndcg(ranks: np.ndarray) -> np.ndarray:
    return np.array([1 / np.log2(rank + 1) if rank <= 10 else 0.0 for rank in ranks])


@pytest.fixture
def folder(tmp_path):
    """Two seeds of one row, better on validation and worse on test than the one seed of another."""
    rival = {"baseline/markov/test/ndcg@10": 0.05, "ceiling/test/ndcg@10": 0.9}
    finished_run(tmp_path / "a1", ranks=ranks_of(1), val=0.30, metrics=rival)
    finished_run(tmp_path / "a2", ranks=ranks_of(2), val=0.20, seed=2, traits=False)
    finished_run(tmp_path / "b1", ranks=ranks_of(3, worst=9), val=0.24, dropout=0.1)
    return tmp_path


def test_rows_hold_mean_and_deviation_over_seeds_and_the_rivals(folder):
    frame = rows_frame(group_rows(find_runs([str(folder / "*")]), FREE), "ndcg@10")
    assert frame["kind"].to_list() == ["ceiling", "model", "model", "baseline"]
    row = frame.row(by_predicate=pl.col("num_runs") == 2, named=True)
    values = [ndcg(ranks_of(seed)).mean() for seed in (1, 2)]
    assert row["test/ndcg@10"] == pytest.approx(np.mean(values))
    assert row["test/ndcg@10 sd"] == pytest.approx(abs(values[0] - values[1]) / np.sqrt(2))
    assert frame.row(by_predicate=pl.col("row") == "net dropout=0.1", named=True)["test/ndcg@10 sd"] is None
    assert frame.row(by_predicate=pl.col("row") == "markov", named=True)["test/ndcg@10"] == 0.05


def test_the_best_on_validation_is_the_reference_not_the_best_on_test(folder):
    board = compare_runs(settings(folder))
    assert board.reference == "net dropout=0.5"
    (row,) = board.comparisons.to_dicts()
    first, second = (ndcg(ranks_of(seed)) for seed in (1, 2))
    differences = ndcg(ranks_of(3, worst=9)) - (first + second) / 2
    assert row["row"] == "net dropout=0.1"
    assert row["difference"] == pytest.approx(differences.mean())
    assert row["difference"] > 0
    assert row["wilcoxon_p"] == pytest.approx(stats.wilcoxon(differences, method="approx").pvalue)


def test_another_reference_can_be_named(folder):
    board = compare_runs(settings(folder, against="net dropout=0.1"))
    assert board.comparisons["row"].to_list() == ["net dropout=0.5"]
    assert not board.chosen
    with pytest.raises(UserError, match="against is 'markov', allowed are the models 'net dropout=0.5', 'net"):
        compare_runs(settings(folder, against="markov"))


def test_p_values_are_corrected_over_all_rows(folder):
    alone = compare_runs(settings(folder)).comparisons
    finished_run(folder / "c1", ranks=ranks_of(2), dropout=0.9, val=0.0)
    both = compare_runs(settings(folder)).comparisons.filter(row="net dropout=0.1")
    assert both["wilcoxon_p"][0] == pytest.approx(2 * alone["wilcoxon_p"][0])


def test_slices_are_the_means_of_their_targets(folder):
    board = compare_runs(settings(folder))
    gains, users = ndcg(ranks_of(3, worst=9)), np.arange(40)
    of_row = board.slices.filter(row="net dropout=0.1")
    expected = {
        ("all", "all"): users >= 0,
        ("history_length", "below 5"): users % 7 < 5,
        ("train_count", "below 1"): users % 10 == 9,
        ("train_count", "1 to below 5"): users % 10 < 4,
        ("repeat_share", "0.1 to below 0.3"): (users % 7 == 1) | (users % 7 == 2),
        ("target_in_history", "from 1"): users % 7 == 6,
    }
    for (name, part), inside in expected.items():
        row = of_row.row(by_predicate=(pl.col("slice") == name) & (pl.col("part") == part), named=True)
        assert row["num_users"] == inside.sum()
        assert row["value"] == pytest.approx(gains[inside].mean())
        assert row["low"] <= row["value"] <= row["high"]


def test_the_seed_decides_the_draws_and_nothing_else(folder):
    first, again, other = (compare_runs(settings(folder, seed=seed)) for seed in (0, 0, 1))
    assert first.slices.equals(again.slices)
    assert not first.slices.equals(other.slices)
    assert first.slices["value"].equals(other.slices["value"])


def test_slices_need_what_no_run_stored(tmp_path, caplog):
    for number in (1, 2):
        finished_run(tmp_path / str(number), ranks=ranks_of(number), dropout=number / 10, traits=False)
    board = compare_runs(settings(tmp_path))
    assert set(board.slices["slice"]) == {"all", "train_count"}
    assert "no run stored history_length" in caplog.text
    with pytest.raises(UserError, match=r"slices.colour is unknown, allowed are history_length"):
        compare_runs(settings(tmp_path, slices={"colour": [1]}))


def test_runs_of_different_users_are_refused(tmp_path):
    finished_run(tmp_path / "a", ranks=ranks_of(1))
    finished_run(tmp_path / "b", ranks=ranks_of(1, num_users=39), seed=2)
    with pytest.raises(UserError, match=r"b' ranked different users or targets \(40 and 39\)"):
        read_gains(group_rows(find_runs([str(tmp_path / "*")]), FREE), "ndcg@10")


def test_several_targets_of_a_user_are_paired_by_position_and_resampled_by_user(tmp_path):
    ranks = [np.repeat(ranks_of(seed, num_users=60), 4) for seed in (1, 2)]
    for name, of_users in zip("ab", ranks, strict=True):
        finished_run(tmp_path / "several" / name, ranks=of_users, dropout=ord(name) / 1000, targets=4)
        finished_run(tmp_path / "one" / name, ranks=of_users[::4], dropout=ord(name) / 1000)
    several, one = (compare_runs(settings(tmp_path / name)) for name in ("several", "one"))
    for column in ("difference", "low", "high", "wilcoxon_p"):
        assert several.comparisons[column][0] == pytest.approx(one.comparisons[column][0]), column
    whole = several.slices.filter(slice="all")
    assert (whole["num_targets"].to_list(), whole["num_users"].to_list()) == ([240, 240], [60, 60])


def test_positions_that_differ_are_other_targets(tmp_path):
    for name, dropout in (("a", 0.1), ("b", 0.2)):
        folder = finished_run(tmp_path / name, ranks=ranks_of(1), dropout=dropout)
        if name == "b":
            path = folder / "per_user.parquet"
            pl.read_parquet(path).with_columns(pl.col("position") + 1).write_parquet(path)
    with pytest.raises(UserError, match="ranked different users or targets"):
        compare_runs(settings(tmp_path))


def test_runs_without_positions_are_read_where_a_user_has_one_target(tmp_path):
    finished_run(tmp_path / "one" / "old", ranks=ranks_of(1), dropout=0.1, positions=False)
    finished_run(tmp_path / "one" / "new", ranks=ranks_of(2), dropout=0.2)
    assert len(compare_runs(settings(tmp_path / "one")).comparisons) == 1
    finished_run(tmp_path / "two" / "old", ranks=ranks_of(1), dropout=0.1, positions=False, targets=2)
    finished_run(tmp_path / "two" / "new", ranks=ranks_of(2), dropout=0.2, targets=2)
    with pytest.raises(UserError, match=r"old' ranked several targets of a user, and its per_user.parquet is of an"):
        compare_runs(settings(tmp_path / "two"))


def test_one_row_alone_is_refused_and_beside_a_baseline_is_shown(tmp_path):
    finished_run(tmp_path / "a", ranks=ranks_of(1))
    with pytest.raises(UserError, match="matches the one row 'net', without baselines"):
        compare_runs(settings(tmp_path))
    finished_run(tmp_path / "b", ranks=ranks_of(2), seed=2, metrics={"baseline/markov/test/ndcg@10": 0.05})
    board = compare_runs(settings(tmp_path))
    assert len(board.comparisons) == 0
    assert board.rows["row"].to_list() == ["net", "markov"]


def test_a_metric_that_the_runs_do_not_have_is_told(folder):
    with pytest.raises(UserError, match=r"has no test/ndcg@7, it has test/ndcg@10.*; change metric"):
        compare_runs(settings(folder, metric="ndcg@7"))
