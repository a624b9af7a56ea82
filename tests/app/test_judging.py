import json

import polars as pl
import pytest

from seqmine.structs import UserError
from tests.tiny import call, train


@pytest.fixture(scope="module")
def folder(small_log, tmp_path_factory):
    """A run and its lists before each test target, as another library would give them."""
    folder = tmp_path_factory.mktemp("judge")
    train(small_log, folder / "run", "trainer.max_epochs=4", "run_name=own")
    call("recommend", folder / "lists", f"run={folder / 'run'}", "history=test", "top_k=20")
    return folder


def judge(folder, log, name, path, *overrides):
    shared = ["data=sequences", f"data.path={log}", "data.max_length=8", "trainer=cpu", "baselines=none"]
    return call("judge", folder / name, f"recommendations={path}", *shared, *overrides)


def metrics(run):
    return json.loads((run / "metrics.json").read_text())


def test_our_own_lists_are_judged_as_the_run_was_measured_and_stand_beside_it(folder, small_log):
    out = judge(folder, small_log, "judged", folder / "lists" / "recommendations.parquet")
    own, found = metrics(folder / "run"), metrics(out)
    for name in ("ndcg@10", "hit_rate@10", "mrr@5", "hit_rate@20", "coverage@10"):
        assert found[f"test/{name}"] == pytest.approx(own[f"test/{name}"]), name
    assert "test/ndcg@50" not in found, "the lists have 20 items"
    assert {name: value for name, value in found.items() if name.startswith("lists/test/") and value} == {}
    board = call("leaderboard", folder / "board", f"runs=[{folder / 'run'},{out}]", "num_resamples=100")
    (row,) = pl.read_csv(board / "comparisons.csv").to_dicts()
    assert (row["row"], row["against"]) == ("judged", "own")
    assert row["difference"] == pytest.approx(0)


def test_scores_of_seen_and_unknown_items_and_missing_users_are_told_and_cost_nothing_more(folder, small_log, caplog):
    lists = pl.read_parquet(folder / "lists" / "recommendations.parquet").select("user_id", "item_id", "score")
    had = [line.split()[:2] for line in small_log.read_text().splitlines()]
    seen = pl.DataFrame([(user, item, 99.0) for user, item in had], schema=lists.schema, orient="row")
    unknown = lists.unique("user_id").with_columns(item_id=pl.lit("mars"), score=pl.lit(98.0))
    pl.concat([seen, unknown, lists]).filter(pl.col("user_id") != "u7").write_csv(folder / "scores.csv")
    found = metrics(judge(folder, small_log, "scores", folder / "scores.csv"))
    ranks = pl.read_parquet(folder / "run" / "per_user.parquet").filter(split="test")
    hits = ranks.filter(pl.col("user_id") != "u7", pl.col("rank") <= 10)
    assert found["test/hit_rate@10"] == pytest.approx(len(hits) / len(ranks))
    assert (found["lists/test/missing"], found["lists/test/unknown_items"]) == (1, 199)
    assert found["lists/test/seen_items"] == 199
    for words in ("1 of the targets have no list", "199 items are unknown", "199 items are no candidates"):
        assert words in caplog.text


def test_lists_that_the_split_does_not_know_are_refused_in_a_sentence(folder, small_log, tmp_path):
    pl.DataFrame({"user_id": ["u1"], "item_id": ["i2"], "rank": [1]}).write_csv(tmp_path / "short.csv")
    with pytest.raises(UserError, match=r"the longest list of recommendations has 1 items; set metrics.cutoffs=\[1\]"):
        judge(folder, small_log, "short", tmp_path / "short.csv")
    ranks = pl.read_parquet(folder / "run" / "per_user.parquet").filter(split="test").select("user_id", "item_id")
    ranks.write_csv(tmp_path / "targets.csv")
    lists = folder / "lists" / "recommendations.parquet"
    judge(folder, small_log, "same", lists, f"targets={tmp_path / 'targets.csv'}", "metrics.cutoffs=[10]")
    ranks.with_columns(item_id=pl.lit("i1")).write_csv(tmp_path / "other.csv")
    with pytest.raises(UserError, match=r"200 targets of which \d+ are none of the 200 of this split, such as 'i1'"):
        judge(folder, small_log, "other", lists, f"targets={tmp_path / 'other.csv'}")
