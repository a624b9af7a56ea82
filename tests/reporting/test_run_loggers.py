import json
import subprocess
import sys

import polars as pl
import pytest
from lightning.pytorch.loggers import WandbLogger
from omegaconf import OmegaConf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import seqmine as sm
from seqmine.reporting.run_loggers import log_picture, logged_to

SETTINGS = [
    "logger=[default,tensorboard]", "trainer=cpu", "model.embedding_dim=8", "data.batch_size=64", "optimizer.lr=0.5",
    "trainer.log_every_n_steps=1", "tags=[small]", "+note.api_key=sesame",
    *(f"baselines.{name}=null" for name in ("markov", "ngram", "session_knn", "item_knn", "patterns")),
]  # fmt: skip


@pytest.fixture(scope="module")
def run(small_log, tmp_path_factory):
    folder = tmp_path_factory.mktemp("logged")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "offline")
        patch.setenv("WANDB_PROJECT", "of-the-environment")
        patch.setenv("SEQMINE_SWEEP", "the-sweep")
        data = sm.prepare(small_log, outputs=folder, overrides=["data.max_length=6"])
        return sm.train(data, model="gru", epochs=3, overrides=SETTINGS, folder=folder / "run_1f")


@pytest.fixture(scope="module")
def epochs(run):
    """What another logger kept of each epoch."""
    rows = pl.read_csv(run.folder / "csv" / "metrics.csv", infer_schema_length=None)
    return rows.filter(pl.col("val/ndcg@10").is_not_null()).to_dicts()


@pytest.fixture(scope="module")
def records(run):
    """What W&B's own reader finds in the offline run, by kind of record."""
    (folder,) = run.folder.glob("wandb/offline-run-*")
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = {}
    for record in map(json.loads, done.stdout.splitlines()):
        found.setdefault(record["type"], []).append(record[record["type"]])
    return found


@pytest.fixture(scope="module")
def summary(records):
    last = {}
    for record in records["summary"]:
        last |= record["update"]
    return last


def test_an_offline_run_says_whose_it_is(records):
    (run,) = records["run"]
    assert run["project"] == "of-the-environment"
    typed = "data=sequences max_length=6 seed=1 max_epochs=3 trainer=cpu embedding_dim=8 batch_size=64 lr=0.5"
    assert run["display_name"] == f"gru {typed} 1f"
    assert (run["run_group"], run["job_type"], run["tags"]) == ("the-sweep", "train", ["small"])
    assert records["exit"][0]["exit_code"] == 0


def test_it_has_the_configuration_without_secrets(records, run):
    found = {}
    for record in records["config"]:
        found |= record["update"]
    settings = OmegaConf.to_container(OmegaConf.load(run.folder / "config.yaml"))
    assert found["optimizer"]["lr"] == 0.5
    assert found["note"] == {"api_key": "***"}
    assert {name: found[name] for name in settings} == settings
    assert "sesame" not in json.dumps(records)


def test_it_has_every_epoch_once_and_every_step(records, epochs):
    rows = [record["item"] for record in records["history"]]
    curve = [row["val/ndcg@10"] for row in rows if "val/ndcg@10" in row]
    assert curve == pytest.approx([row["val/ndcg@10"] for row in epochs], abs=1e-6)
    assert len(curve) == 3
    assert [row["epoch"] for row in rows if "train/loss" in row] == [0, 1, 2]
    steps = [row["trainer/global_step"] for row in rows if "train/lr" in row]
    assert steps == list(range(len(steps)))
    assert all(row["train/gradient_norm"] > 0 for row in rows if "train/lr" in row)


def test_its_summary_has_best_and_last_epoch_baselines_costs_and_protocol(summary, run, epochs):
    metrics, last = run.metrics, epochs[-1]
    assert summary["best/epoch"] == metrics["best_epoch"]
    assert summary["best/val/ndcg@10"] == pytest.approx(metrics["val/ndcg@10"])
    assert summary["last/val/ndcg@10"] == pytest.approx(last["val/ndcg@10"], abs=1e-6)
    assert summary["last/epoch"] == 2
    for name in ("test/ndcg@10", "baseline/popularity/test/ndcg@10", "time/train_epoch_s", "parameters"):
        assert summary[name] == pytest.approx(metrics[name], abs=1e-6), name
    assert summary["protocol"]["split"] == "LeaveOneOut"


def test_it_has_the_table_of_the_terminal_and_the_curve(run, summary):
    (folder,) = run.folder.glob("wandb/offline-run-*/files")
    table = json.loads((folder / summary["standings.path"]).read_text())
    assert table["columns"][:3] == ["row", "hit_rate@10", "ndcg@10"]
    assert [row[0] for row in table["data"]] == ["popularity", "gru"]
    assert table["data"][1][2] == pytest.approx(run.metrics["test/ndcg@10"])
    (picture,) = summary["learning_curve.filenames"]
    assert (folder / picture).read_bytes() == (run.folder / "learning_curve.png").read_bytes()


def test_it_shows_a_few_recommendations_and_no_key_of_a_user(run, summary, small_log):
    (folder,) = run.folder.glob("wandb/offline-run-*/files")
    table = json.loads((folder / summary["recommendations.path"]).read_text())
    assert table["columns"] == ["user", "rank", "item_id", "score"]
    assert [row[:2] for row in table["data"]] == [[user, rank] for user in range(10) for rank in range(1, 6)]
    lists = run.recommend(history="test", top_k=5)
    assert [row[2] for row in table["data"]] == lists["item_id"].to_list()[:50]


def test_it_says_which_log_its_weights_come_from(records, run):
    of_kind = {artifact["type"]: artifact for artifact in records["artifact"]}
    log, weights = of_kind["dataset"], of_kind["model"]
    assert log["name"] == f"log-{run.metrics['protocol']['data_fingerprint']}"
    assert log["use_after_commit"]
    assert json.loads(log["metadata"])["split"] == "LeaveOneOut"
    assert "contents" not in log["manifest"]
    assert sorted(weights["aliases"]) == ["best", "latest"]
    assert json.loads(weights["metadata"])["val/ndcg@10"] == pytest.approx(run.metrics["val/ndcg@10"])
    (entry,) = weights["manifest"]["contents"]
    assert entry["ref"] == (run.folder / "checkpoints" / "best.ckpt").resolve().as_uri()


def test_the_terminal_is_not_sent(records, run):
    assert "output_raw" not in records
    (kept,) = run.folder.glob("wandb/offline-run-*/*.wandb")
    assert kept.stat().st_size < 60_000
    assert not list(run.folder.glob("wandb/offline-run-*/files/output.log"))


def test_tensorboard_has_the_same_numbers_and_pictures(run, summary):
    events = EventAccumulator(str(run.folder / "tensorboard"))
    events.Reload()
    tags = events.Tags()
    assert tags["images"] == ["learning_curve"]
    for name in ("best/val/ndcg@10", "last/val/loss", "baseline/popularity/test/ndcg@10", "test/ndcg@10", "best/epoch"):
        assert events.Scalars(name)[-1].value == pytest.approx(summary[name], abs=1e-6), name
    assert len(events.Scalars("val/ndcg@10")) == 3
    assert len(events.Scalars("train/lr")) > 3


def test_a_run_that_fails_ends_its_logger(tmp_path):
    """Else the next run of the same process would write into it."""
    codes = []

    class Started(WandbLogger):
        def __init__(self) -> None:
            self._experiment = type("Run", (), {"finish": lambda self, exit_code: codes.append(exit_code)})()

        experiment = property(lambda self: self._experiment)

        def log_hyperparams(self, params) -> None:
            assert params == {"seed": 1}

    config = OmegaConf.create({"seed": 1})
    with pytest.raises(ZeroDivisionError), logged_to([Started()], config):
        _ = 1 / 0
    with logged_to([Started()], config):
        pass
    assert codes == [1, 0]


def test_a_picture_that_was_not_drawn_is_not_logged(tmp_path):
    log_picture([None], "rules", tmp_path / "rules.png")
