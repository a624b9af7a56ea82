"""A model that sees both sides goes through all programs as any other."""

import json

import polars as pl
import pytest

from tests.programs import TINY, error_of, run

SETTINGS = [*TINY, "model=bert4rec", "trainer=cpu", "trainer.max_epochs=10", "scheduler=constant", "optimizer.lr=0.01"]


@pytest.fixture(scope="module")
def folder(small_log, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bert4rec")
    run("train", "data=sequences", f"data.path={small_log}", *SETTINGS, f"hydra.run.dir={folder / 'run'}", cwd=folder)
    return folder


def metrics_of(folder):
    return json.loads((folder / "metrics.json").read_text())


def test_it_learns_the_order_of_items(folder):
    assert metrics_of(folder / "run")["test/hit_rate@5"] > 0.9


def test_evaluate_gives_the_metrics_of_the_run_again(folder):
    run("evaluate", f"run={folder / 'run'}", f"hydra.run.dir={folder / 'again'}", cwd=folder)
    again, trained = metrics_of(folder / "again"), metrics_of(folder / "run")
    for name in ("val/ndcg@10", "test/ndcg@10", "test/hit_rate@5"):
        assert again[name] == pytest.approx(trained[name], abs=1e-6)


def test_recommend_asks_for_what_follows_the_whole_history(folder):
    rows = [f"somebody,i{number}\n" for number in range(3, 11)]
    (folder / "new.csv").write_text("user_id,item_id\n" + "".join(rows))
    run("recommend", f"run={folder / 'run'}", "input=new.csv", "top_k=3", "output=lists.csv", cwd=folder)
    lists = pl.read_csv(folder / "lists.csv")
    assert lists["item_id"].to_list()[0] == "i11"


def test_a_task_that_shows_its_targets_is_refused(folder, small_log):
    arguments = ["data=sequences", f"data.path={small_log}", *SETTINGS, "baselines=none", "data/task=next_item"]
    assert "set data.task=masked_item" in error_of(run("train", *arguments, cwd=folder, status=1))
