import json

import polars as pl
import pytest

from seqmine.runs.folder import read_config, read_metrics
from seqmine.structs import UserError
from tests.tiny import call, train


def test_callbacks_and_baselines_are_switched_off_by_null(small_log, tmp_path):
    off = ["callbacks.early_stopping=null", "baselines=default", "baselines.markov=null"]
    folder = train(small_log, tmp_path / "run", *off, "trainer.limit_train_batches=2")
    metrics = (folder / "metrics.json").read_text()
    assert "baseline/popularity" in metrics
    assert "baseline/markov" not in metrics


def test_a_split_that_leaves_nothing_to_measure_is_told_before_training(tmp_path):
    log = tmp_path / "log.txt"
    log.write_text("".join(f"u{user} a b\n" for user in range(9)))
    with pytest.raises(
        UserError, match="the test part has no target: LeaveOneOut finds none among 9 users of at most 2"
    ):
        train(log, tmp_path / "run")
    log.write_text("".join(f"u{user} a b c d\n" for user in range(9)))
    holdout = ["data/split=user_holdout", "data.split.val_share=0.01", "data.split.test_share=0.5"]
    with pytest.raises(UserError, match="the validation part has no target: UserHoldout finds none"):
        train(log, tmp_path / "run", *holdout)
    assert not (tmp_path / "run" / "metrics.json").exists()
    folder = train(log, tmp_path / "run", *holdout, "monitor=train/loss")
    assert json.loads((folder / "metrics.json").read_text())["protocol"]["chosen_by"] == "train/loss"


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["rerank=patterns"],
            "rerank is patterns, which counts what users did outside the budget; allowed in a private training is none; set rerank=none",
        ),
        (["rerank=[returns,patterns]"], "rerank is returns, patterns, which counts what users did"),
        (["+recipe.rules._target_=x"], "recipe follows from counts of the log, which the budget does not pay"),
    ],
)
def test_what_counts_users_beside_a_private_training_is_refused_before_the_log_is_read(overrides, sentence, tmp_path):
    with pytest.raises(UserError, match=sentence):
        train(tmp_path / "absent.txt", tmp_path / "run", "privacy=dp_sgd", *overrides)


def test_a_model_with_its_correction_is_one_model_in_every_program(small_log, tmp_path):
    """What training measured is what evaluation, lists and explanations give, by the weight that training chose."""
    short = ["trainer.max_epochs=2", "baselines=none", "logger=none", "++trainer.enable_progress_bar=false"]
    where = ["data=sequences", f"data.path={small_log}", "evaluation.seen=full", "trainer=cpu"]
    run = call("train", tmp_path / "run", "experiment=recommended", *where, *short)
    found, kept = read_metrics(run), read_config(str(run))
    assert kept.rerank.patterns.alpha == found["rerank/alpha"] > 0
    assert kept.rerank.returns.strength == found["rerank/strength"] == 0, (
        "nobody can go back where what was seen is left out"
    )
    asked = read_metrics(call("evaluate", tmp_path / "asked", f"run={run}"))
    alone = read_metrics(call("evaluate", tmp_path / "alone", f"run={run}", "rerank=none"))
    for part in ("val", "test"):
        assert asked[f"{part}/ndcg@10"] == found[f"{part}/ndcg@10"] != alone[f"{part}/ndcg@10"]
    lists = call("recommend", tmp_path / "lists", f"run={run}", "history=test", "num_shown=0")
    listed = pl.read_parquet(lists / "recommendations.parquet")
    targets = pl.read_parquet(run / "per_user.parquet").filter(split="test").select("user_id", "item_id")
    hits = len(listed.join(targets, on=["user_id", "item_id"])) / len(targets)
    assert hits == pytest.approx(found["test/hit_rate@10"])
    user, first = listed.row(0, named=True)["user_id"], listed.row(0, named=True)["item_id"]
    asked_why = [f"run={run}", f"user={user}", "after=test", "faithfulness=none"]
    why = json.loads((call("explain", tmp_path / "why", *asked_why) / "explanation.json").read_text())
    assert why["item"]["item_id"] == first


def test_a_disk_without_room_for_the_checkpoints_is_told_before_the_first_step(small_log, tmp_path, monkeypatch):
    monkeypatch.setattr("seqmine.app.fit.room_of", lambda module: 1 << 60)
    with pytest.raises(UserError, match=r"MiB free, and the checkpoints of tiny need 1,099,511,627,776\.0 MiB"):
        train(small_log, tmp_path / "run")
    assert not (tmp_path / "run" / "checkpoints").exists()
