import json

import polars as pl
import pytest
import torch

from tests.programs import TINY, error_of, run

EPOCHS = ["trainer=cpu", "trainer.max_epochs=6", "scheduler=constant", "scheduler.warmup_steps=0", "optimizer.lr=0.01"]


def train(path, cwd, folder, *more, **environment):
    arguments = ["data=sequences", f"data.path={path}", *TINY, *EPOCHS, f"hydra.run.dir={folder}", *more]
    return run("train", *arguments, cwd=cwd, **environment)


def metrics_of(folder) -> dict:
    return json.loads((folder / "metrics.json").read_text())


def timeless(metrics: dict) -> dict:
    return {name: value for name, value in metrics.items() if not name.startswith(("time/", "memory/"))}


@pytest.fixture(scope="module")
def finished(small_log, tmp_path_factory):
    folder = tmp_path_factory.mktemp("train")
    done = train(small_log, folder, folder / "run")
    return folder / "run", done


def test_a_run_folder_has_everything(finished):
    folder, done = finished
    names = {path.name for path in folder.iterdir()}
    assert {
        "config.yaml", "metrics.json", "per_user.parquet", "catalog.parquet", "environment.json", "events.log",
        "learning_curve.png", "checkpoints",
    } <= names  # fmt: skip
    assert {path.name for path in (folder / "checkpoints").iterdir()} == {
        "best.ckpt", "last.ckpt", "before_last.ckpt",
    }  # fmt: skip
    metrics = metrics_of(folder)
    for name in ("val/ndcg@10", "test/hit_rate@5", "test/mrr@50", "test/coverage@10", "baseline/markov/test/ndcg@10",
                 "best_epoch", "time/train_epoch_s", "time/validate_s", "time/total_s", "memory/peak_mib"):  # fmt: skip
        assert isinstance(metrics[name], int | float), name
    assert metrics["protocol"]["seen"] == "full"
    assert "markov" in done.stdout
    assert "protocol: split LeaveOneOut" in done.stdout


def test_the_model_learns_the_order_of_items(finished):
    """Item i is followed by i + 1; the best of 30 items by chance would hit a third."""
    assert metrics_of(finished[0])["test/hit_rate@5"] > 0.9


def test_per_user_ranks_give_the_metrics_again(finished):
    folder, _ = finished
    ranks = pl.read_parquet(folder / "per_user.parquet")
    for part in ("val", "test"):
        of_part = ranks.filter(split=part)
        assert len(of_part) == of_part["user_id"].n_unique() == 200
        assert (of_part["rank"] <= 5).mean() == pytest.approx(metrics_of(folder)[f"{part}/hit_rate@5"])


@pytest.fixture(scope="session")
def spoiled(tmp_path_factory):
    """A run that gets worse by training: all targets are items that training has once, so it learns to expect none."""
    folder = tmp_path_factory.mktemp("spoiled")
    rows = [[f"u{user}", f"r{user}", "a", "b", "c", f"r{user + 1}", f"r{user + 2}"] for user in range(60)]
    rows += [[f"v{user}", f"r{60 + user}"] for user in range(2)]
    (folder / "log.txt").write_text("".join(f"{' '.join(row)}\n" for row in rows))
    data = ["data=sequences", f"data.path={folder / 'log.txt'}", "data.layout=user_per_line", "data.max_length=8"]
    small = ["model.embedding_dim=8", "model.encoder.num_layers=1", "data.batch_size=20", "scheduler=constant"]
    quick = ["trainer=cpu", "trainer.max_epochs=3", "optimizer.lr=0.05", "baselines=none", "logger=none"]
    run("train", *data, *small, *quick, f"hydra.run.dir={folder / 'run'}", cwd=folder)
    return folder / "run"


def test_the_numbers_of_a_run_are_those_of_its_best_weights(spoiled, tmp_path):
    metrics = metrics_of(spoiled)
    best, last = (torch.load(spoiled / "checkpoints" / f"{name}.ckpt", weights_only=True) for name in ("best", "last"))
    assert best["epoch"] < last["epoch"]
    assert metrics["val/ndcg@10"] == pytest.approx(metrics["best_value"])
    run("evaluate", f"run={spoiled}", f"hydra.run.dir={tmp_path}", cwd=tmp_path)
    again = metrics_of(tmp_path)
    for name in ("val/loss", "test/loss", "test/mrr@50"):
        assert metrics[name] == pytest.approx(again[name], abs=1e-6)


def test_one_seed_gives_one_result_and_another_seed_another(finished, small_log, tmp_path):
    train(small_log, tmp_path, tmp_path / "again")
    train(small_log, tmp_path, tmp_path / "other", "seed=2")
    first = timeless(metrics_of(finished[0]))
    assert timeless(metrics_of(tmp_path / "again")) == first
    assert timeless(metrics_of(tmp_path / "other"))["val/loss"] != first["val/loss"]


@pytest.mark.parametrize("loss", ["cross_entropy", "intent_prototypes"])
def test_a_resumed_run_ends_where_the_uninterrupted_one_does(loss, small_log, tmp_path):
    """Losses too that keep something of the batches that they saw."""
    settings = ["scheduler=constant", f"model/loss={loss}"]
    train(small_log, tmp_path, tmp_path / "whole", *settings, "trainer.max_epochs=5")
    train(small_log, tmp_path, tmp_path / "half", *settings, "trainer.max_epochs=3")
    last = tmp_path / "half" / "checkpoints" / "last.ckpt"
    train(small_log, tmp_path, tmp_path / "rest", *settings, "trainer.max_epochs=5", f"ckpt_path={last}")
    whole, rest = (
        torch.load(tmp_path / run / "checkpoints" / "last.ckpt", weights_only=True) for run in ("whole", "rest")
    )
    assert (rest["epoch"], rest["global_step"]) == (whole["epoch"], whole["global_step"])
    for name, weights in whole["state_dict"].items():
        torch.testing.assert_close(rest["state_dict"][name], weights, rtol=0, atol=0)
    resumed, uninterrupted = (timeless(metrics_of(tmp_path / run)) for run in ("rest", "whole"))
    assert resumed == uninterrupted


def test_two_processes_measure_what_one_does(finished, small_log, tmp_path):
    """201 users, of whom none are left for the second device: nobody is counted twice, and no number differs."""
    uneven = tmp_path / "uneven.txt"
    uneven.write_text(small_log.read_text() + "extra i1 i2 i3 i4 i5\n")
    train(uneven, tmp_path, tmp_path / "two", "trainer.devices=2", "trainer.max_epochs=3")
    run("evaluate", f"run={tmp_path / 'two'}", f"hydra.run.dir={tmp_path / 'one'}", "trainer.devices=1", cwd=tmp_path)
    two, one = metrics_of(tmp_path / "two"), metrics_of(tmp_path / "one")
    assert len(pl.read_parquet(tmp_path / "two" / "per_user.parquet").filter(split="test")) == 201
    for name, value in one.items():
        if name.startswith(("val/", "test/", "baseline/")):
            assert two[name] == pytest.approx(value, abs=1e-12), name


def test_a_sweep_runs_each_job_alone_and_ranks_them(small_log, tmp_path):
    arguments = [
        "-m",
        "data=sequences",
        f"data.path={small_log}",
        *TINY,
        "trainer=smoke",
        "model=transformer,lstm",
    ]
    arguments = [argument for argument in arguments if "num_layers" not in argument]
    run("train", *arguments, "baselines=none", f"hydra.sweep.dir={tmp_path / 'sweep'}", cwd=tmp_path)
    board = pl.read_csv(tmp_path / "sweep" / "leaderboard.csv")
    assert len(board) == 2
    assert board["val/ndcg@10"].is_sorted(descending=True)


def test_a_fused_optimizer_trains_and_clips_in_bf16(small_log, tmp_path):
    done = train(
        small_log, tmp_path, tmp_path / "run", "trainer.precision=bf16-mixed", "trainer.enable_progress_bar=false"
    )
    assert metrics_of(tmp_path / "run")["test/hit_rate@5"] > 0.9
    logged = pl.concat(map(pl.read_csv, tmp_path.glob("run/**/metrics.csv")), how="diagonal_relaxed")
    used = logged["throughput/mfu"].drop_nulls()
    assert len(used) == 6
    assert used.is_between(0, 1).all(), "no device does more than its peak"
    # whether bf16 is slower here each process measures for itself, and a busy machine may measure it in two ways
    assert done.stderr.count("trainer.precision is bf16-mixed") <= 1


def test_a_diverging_training_stops_with_a_sentence(small_log, tmp_path):
    arguments = [
        "data=sequences",
        f"data.path={small_log}",
        *TINY,
        "trainer=cpu",
        "optimizer.lr=1e38",
        "baselines=none",
    ]
    done = run("train", *arguments, f"hydra.run.dir={tmp_path / 'run'}", cwd=tmp_path, status=1)
    assert "lower optimizer.lr" in error_of(done)


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        ("data.path=missing.txt", "missing.txt"),
        (
            "trainer.max_epochs=abc",
            "trainer.max_epochs is 'abc', allowed are whole numbers from 1, -1 or null; change trainer.max_epochs",
        ),
        ("trainer.max_epoch=3", "trainer.max_epoch is no setting; did you mean trainer.max_epochs"),
        ("trainer.enable_progressbar=false", "did you mean trainer.enable_progress_bar"),
        ("model=transfomer", "transformer"),
        ("evaluation.seen=all", "evaluation.seen is 'all', allowed are auto, full, window or none"),
        ("data.split=global_time", "the log has no timestamps, which data.split=global_time needs"),
    ],
)
def test_mistakes_are_told_in_one_sentence(small_log, tmp_path, argument, sentence):
    done = run(
        "train",
        "data=sequences",
        f"data.path={small_log}",
        "trainer=smoke",
        "logger=none",
        argument,
        cwd=tmp_path,
        status=1,
    )
    assert sentence in error_of(done)
