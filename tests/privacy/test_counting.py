import json
from types import SimpleNamespace

import pytest
import torch
from torch.nn import Linear

from seqmine.models.baselines.markov import Markov
from seqmine.models.baselines.module import BaselineModule
from seqmine.privacy.accountant import Budget
from seqmine.privacy.counting import PrivateCounting
from seqmine.runs.folder import read_metrics
from seqmine.structs import Catalog, UserError
from tests.tiny import call

COUNTS = ["data=sequences", "privacy=counts", "privacy.delta=1e-3", "logger=none", "baselines=none", "trainer=cpu"]
COUNTS += ["trainer.enable_model_summary=false", "++trainer.enable_progress_bar=false"]


def count(log, folder, *overrides):
    return call("train", folder, *COUNTS, f"data.path={log}", *overrides)


def test_a_counted_run_with_a_promise_tells_what_it_spent_and_releases_noisy_rules(small_log, tmp_path, capsys):
    folder = count(small_log, tmp_path / "run", "privacy.epsilon=3", "privacy.noise_seed=1")
    metrics = read_metrics(folder)
    assert (metrics["privacy/epsilon"], metrics["privacy/delta"], metrics["privacy/steps"]) == (3.0, 1e-3, 1)
    assert 2.9 < metrics["privacy/epsilon_spent"] <= 3.0
    assert metrics["protocol"]["chosen_by"] == "none, last weights"
    assert "privacy of each user: epsilon 2.9" in capsys.readouterr().out.replace("\n", " ")
    about = json.loads((folder / "release" / "privacy.json").read_text())
    assert about["noise_is_secret"] is False
    released = torch.load(folder / "release" / "weights.ckpt", weights_only=True)["state_dict"]
    assert {name.rpartition(".")[2] for name in released} == {"shares", "offsets", "columns", "values"}
    asked = read_metrics(call("evaluate", tmp_path / "asked", f"run={folder}"))
    assert asked["test/ndcg@10"] == metrics["test/ndcg@10"], "a restored run releases nothing anew"


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["data/cleaning=core5"], "KCore, which looks at all users outside the budget; allowed with privacy=counts"),
        (["privacy.delta=0.005"], "delta is 0.005, allowed for 200 users are numbers below 1 / 200"),
        (["rerank=patterns"], "rerank is patterns, which counts what users did outside the budget"),
    ],
)
def test_what_looks_at_users_beside_the_release_is_refused_by_name(overrides, sentence, small_log, tmp_path):
    with pytest.raises(UserError, match=sentence):
        count(small_log, tmp_path / "run", *overrides)


def test_models_that_count_without_a_budget_are_refused_by_name():
    for module, name in (
        (BaselineModule(recommender=Markov(), catalog=Catalog.of_size(3)), "Markov"),
        (Linear(1, 1), "Linear"),
    ):
        with pytest.raises(
            UserError, match=f"model is a {name}, allowed with privacy=counts is model=private_patterns"
        ):
            PrivateCounting().setup(None, module, "fit")


def test_several_processes_would_each_have_noise_of_their_own():
    module = BaselineModule(recommender=Markov(), catalog=Catalog.of_size(3))
    module.recommender.budget = Budget(8.0, 1e-5)
    with pytest.raises(UserError, match=r"trainer.devices is 2, .* allowed with privacy=counts is 1: set trainer.dev"):
        PrivateCounting().setup(SimpleNamespace(world_size=2), module, "fit")


def test_a_release_is_not_paid_twice(small_log, tmp_path):
    folder = count(small_log, tmp_path / "run")
    with pytest.raises(
        UserError, match="goes on from a run whose counts were released, which going on would pay again"
    ):
        count(small_log, tmp_path / "more", f"ckpt_path={folder}/checkpoints/last.ckpt")
