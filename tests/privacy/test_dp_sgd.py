import json
import math
from types import SimpleNamespace

import polars as pl
import pytest
import torch

from seqmine.privacy.accountant import epsilon_of
from seqmine.privacy.dp_sgd import PrivateTraining, seed_of
from seqmine.runs.folder import read_metrics
from seqmine.structs import UserError
from tests.privacy.models import model_of
from tests.privacy.test_user_gradients import batch_of
from tests.programs import TINY, run
from tests.tiny import train

PRIVATE = ["privacy=dp_sgd", "privacy.delta=1e-3", "data.batch_size=50"]


def promise(**changed) -> PrivateTraining:
    return PrivateTraining(**{"epsilon": 8.0, "delta": 1e-5, "max_grad_norm": 1.0, **changed})


@pytest.mark.parametrize("name", ["epsilon", "delta", "max_grad_norm"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan])
def test_a_promise_has_numbers_above_zero(name, value):
    with pytest.raises(UserError, match=rf"{name} is {value}, allowed are numbers above 0"):
        promise(**{name: value})


def test_a_step_is_the_clipped_sum_with_noise_over_the_expected_size():
    model, batch = model_of("transformer", "model/loss=cross_entropy").eval(), batch_of()
    parameters = list(model.parameters())
    step = promise(max_grad_norm=1e-3, noise_seed=5)
    step._generator = torch.Generator().manual_seed(5)
    step.noise_multiplier, step.sample_rate, step.expected_size, step._steps_left = 0.0, 0.5, 4.0, 3
    total = torch.cat([part.flatten() for part in step.private_gradients(model, parameters, batch)])
    assert 0 < total.norm() <= 5 * 1e-3 / 4 * (1 + 1e-5), "five users, each bounded, divided by the four expected"
    assert (step.budget.num_steps, step._steps_left) == (1, 2)
    step.noise_multiplier = 3.0
    noisy = torch.cat([part.flatten() for part in step.private_gradients(model, parameters, batch)])
    assert float((noisy - total).std()) == pytest.approx(3.0 * 1e-3 / 4, rel=0.05)
    step._generator.manual_seed(6)
    one = step.private_gradients(model, parameters, batch)
    step._generator.manual_seed(6)
    assert all(torch.equal(*pair) for pair in zip(one, step.private_gradients(model, parameters, batch), strict=True))
    empty = step.private_gradients(model, parameters, batch_of([2])._take(0, 0, 1))
    assert float(torch.cat([part.flatten() for part in empty]).std()) == pytest.approx(3.0 * 1e-3 / 4, rel=0.05)


def on_train_start(step, **changed):
    state = {"global_step": 0, "ckpt_path": None, "estimated_stepping_batches": 40, "world_size": 1, "loggers": []}
    state |= {"accumulate_grad_batches": 1, "precision": "32-true", "callbacks": [], "optimizers": []}
    state |= {"datamodule": SimpleNamespace(split=None)}
    step.on_train_start(SimpleNamespace(**{**state, **changed}), None)


def test_the_noise_pays_all_planned_steps_and_what_is_left_is_counted_over_resumed_runs():
    first = promise(epsilon=2.0)
    first.sample_rate = 0.1
    on_train_start(first)
    assert 1.95 < epsilon_of([(first.noise_multiplier, 0.1, 40)], 1e-5) <= 2.0
    assert first._steps_left == 40
    for _ in range(30):
        first.budget.take(first.noise_multiplier, 0.1)
    resumed = promise(epsilon=2.0)
    resumed.sample_rate = 0.1
    resumed.load_state_dict(json.loads(json.dumps(first.state_dict())))
    on_train_start(resumed, global_step=30, estimated_stepping_batches=50)
    assert resumed.noise_multiplier == first.noise_multiplier
    assert 10 <= resumed._steps_left < 15
    for _ in range(resumed._steps_left):
        resumed.budget.take(resumed.noise_multiplier, 0.1)
    assert resumed.results["privacy/epsilon_spent"] <= 2.0
    with pytest.raises(UserError, match=r"epsilon is 2.0, of which 1.9\d* are spent after 4\d steps, too much for ano"):
        on_train_start(resumed, global_step=40, estimated_stepping_batches=42)


def test_a_step_of_three_processes_is_paid_three_times_and_each_has_noise_of_its_own():
    model, batch = model_of("transformer", "model/loss=cross_entropy").eval(), batch_of()
    step = promise(epsilon=2.0)
    step.sample_rate, step.expected_size, step._num_processes = 0.1, 4.0, 3
    on_train_start(step)
    assert 1.95 < epsilon_of([(step.noise_multiplier, 0.1, 120)], 1e-5) <= 2.0
    step._generator, trainer = torch.Generator(), SimpleNamespace(should_stop=False)
    for left in (3, 2):
        step._steps_left = left + 3
        step.private_gradients(model, list(model.parameters()), batch)
        step.on_train_batch_end(trainer, None, None, None, 0)
        assert (step._steps_left, trainer.should_stop) == (left, left < 3)
    assert step.budget.num_steps == 6
    assert seed_of(5, 0) == 5 and seed_of(5, 1) != 5 and seed_of(None, 0) != seed_of(None, 0)


def test_a_checkpoint_without_a_promise_is_refused():
    step = promise()
    step.sample_rate = 0.1
    with pytest.raises(UserError, match="ckpt_path is 'plain.ckpt', which was trained without privacy"):
        on_train_start(step, global_step=7, ckpt_path="plain.ckpt")


@pytest.mark.parametrize(("left", "stops"), [(1, False), (0, True)])
def test_training_ends_with_the_last_step_that_is_paid(left, stops):
    step, trainer = promise(), SimpleNamespace(should_stop=False)
    step._steps_left = left
    step.on_train_batch_end(trainer, None, None, None, 0)
    assert trainer.should_stop is stops


def test_a_chance_to_break_the_promise_to_a_whole_user_is_refused(small_log, tmp_path):
    with pytest.raises(UserError, match=r"delta is 0.005, allowed for 200 users are numbers below 1 / 200 = 0.005"):
        train(small_log, tmp_path / "run", "privacy=dp_sgd", "privacy.delta=0.005")


def test_a_private_run_tells_what_it_spent_and_names_what_may_leave(small_log, tmp_path, capsys):
    folder = train(small_log, tmp_path / "run", *PRIVATE, "privacy.noise_seed=1", "logger=csv")
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["privacy/epsilon"] == 8.0
    assert 7.9 < metrics["privacy/epsilon_spent"] <= 8.0
    assert metrics["privacy/sample_rate"] == 0.25
    assert metrics["privacy/steps"] == 4
    assert metrics["protocol"]["chosen_by"] == "none, last weights"
    assert "privacy of each user: epsilon 7.9" in capsys.readouterr().out.replace("\n", " ")
    columns = pl.concat([pl.read_csv(path) for path in folder.rglob("metrics.csv")], how="diagonal").columns
    assert not [name for name in columns if name.startswith("train/loss")], "the loss of users is not paid for"
    about = json.loads((folder / "release" / "privacy.json").read_text())
    assert sorted(about["may_leave"]) == sorted(
        str(path.relative_to(folder)) for path in (folder / "release").iterdir()
    )
    assert about["epsilon_spent"] == metrics["privacy/epsilon_spent"]
    assert about["noise_is_secret"] is False
    assert pl.read_parquet(folder / "release" / "items.parquet").columns == ["item_id", "item_index"]
    released = torch.load(folder / "release" / "weights.ckpt", weights_only=True)
    kept = torch.load(folder / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"]
    assert released.keys() == {"state_dict"}
    assert all(torch.equal(value, kept[name]) for name, value in released["state_dict"].items())
    with pytest.raises(UserError, match="epsilon is 8.0, of which 7.9.* are spent after 4 steps"):
        train(
            small_log, tmp_path / "more", *PRIVATE, f"ckpt_path={folder}/checkpoints/last.ckpt", "trainer.max_epochs=3"
        )


def test_two_processes_share_a_step_that_is_paid_twice(small_log, tmp_path):
    asked = [*PRIVATE, "privacy.canaries=40", "privacy.epsilon=0.5", "privacy.noise_seed=1", "data.batch_size=200"]
    arguments = ["data=sequences", f"data.path={small_log}", *TINY, "model=gru", "trainer=cpu", "trainer.max_epochs=1"]
    run("train", *arguments, *asked, "trainer.devices=2", "baselines=none", "hydra.run.dir=run", cwd=tmp_path)
    metrics = read_metrics(tmp_path / "run")
    assert (metrics["privacy/steps"], metrics["privacy/planted_users"]) == (2, 40)
    assert 0.45 < metrics["privacy/epsilon_spent"] <= 0.5
    kept = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    assert kept["global_step"] == 1
    state = kept["callbacks"]["PrivateTraining"]
    assert [step[2] for step in state["spent"]] == [2]


def test_public_users_choose_the_weights_and_the_release_says_so(small_log, tmp_path):
    short = ["privacy.noise_seed=1", "baselines=none"]
    public = ["privacy/validation=public_share", "privacy.public_share=0.1"]
    folder = train(small_log, tmp_path / "run", *PRIVATE, *short, *public)
    metrics = read_metrics(folder)
    assert metrics["privacy/public_users"] == 20
    assert metrics["privacy/sample_rate"] == pytest.approx(50 / 180)
    assert metrics["protocol"]["chosen_by"] == "val/ndcg@10"
    assert "best_epoch" in metrics
    told = json.loads((folder / "release" / "privacy.json").read_text())["taken_as_public"]
    assert told[-1].startswith("20 users who were not trained on, and whose events chose the weights")
