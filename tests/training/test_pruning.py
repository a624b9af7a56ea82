import json

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from seqmine.training.pruning import PRUNED, TRIAL, pruning_of_search
from tests.tiny import train


@pytest.fixture
def study(tmp_path):
    """A search of five runs that were perfect from their first epoch on."""
    made = optuna.create_study(storage=f"sqlite:///{tmp_path / 'study.db'}", study_name="seqmine", direction="maximize")
    for _ in range(5):
        made.add_trial(
            create_trial(state=TrialState.COMPLETE, value=1.0, intermediate_values=dict.fromkeys(range(9), 1.0))
        )
    return made


@pytest.mark.parametrize(("prune_after", "epochs"), [(2, 2), (None, 3)])
def test_a_run_without_hope_ends_after_the_epochs_it_is_sure_of(
    prune_after, epochs, study, small_log, tmp_path, monkeypatch
):
    trial = study.ask()
    told = {"storage": f"sqlite:///{tmp_path / 'study.db'}", "trial": trial._trial_id, "prune_after": prune_after}
    monkeypatch.setenv(TRIAL, json.dumps(told))
    folder = train(small_log, tmp_path / "run", "trainer.max_epochs=3")
    said = study.trials[-1]
    assert list(said.intermediate_values) == list(range(epochs))
    assert said.user_attrs == ({} if prune_after is None else {PRUNED: 2})
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["val/ndcg@10"] == pytest.approx(max(said.intermediate_values.values()))
    assert "test/ndcg@10" in metrics


def test_a_run_of_no_search_tells_nobody(monkeypatch):
    monkeypatch.delenv(TRIAL, raising=False)
    assert pruning_of_search("val/ndcg@10") == []
