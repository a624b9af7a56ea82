import json
import math

import pytest

from seqmine.privacy import dp_sgd
from seqmine.structs import UserError
from tests.tiny import call, train

PRIVATE = [
    "privacy=dp_sgd", "privacy.epsilon=2", "privacy.delta=1e-5", "privacy.noise_seed=1", "privacy.canaries=100",
    "data.batch_size=20", "data.max_length=4", "model=gru", "model.encoder.hidden_dim=32",
]  # fmt: skip


def audited(run, folder, *overrides):
    found = call("audit", folder, f"run={run}", *overrides)
    assert (found / "privacy_audit.png").stat().st_size > 1000
    return json.loads((found / "privacy_audit.json").read_text())


def test_an_honest_run_stands_and_a_broken_clip_is_caught(small_log, tmp_path, monkeypatch, capsys):
    log = tmp_path / "log.txt"
    log.write_text("\n".join(small_log.read_text().splitlines()[:40]) + "\n")
    honest = train(log, tmp_path / "honest", *PRIVATE, "trainer.max_epochs=2")
    found = audited(honest, tmp_path / "first")
    assert found["one_run"]["epsilon_low"] <= found["claimed_epsilon"] <= 2.0
    assert found["one_run"]["refutes_the_claim"] is False
    assert found["canaries"]["members"] + found["canaries"]["others"] == 100
    told = json.loads((honest / "metrics.json").read_text())
    assert told["privacy/attack_auc"] == pytest.approx(found["canaries"]["auc"], abs=1e-6)
    assert told["privacy/epsilon_low"] == pytest.approx(found["one_run"]["epsilon_low"], abs=1e-6)
    assert json.loads((honest / "release" / "privacy.json").read_text())["planted_users"] == 100
    assert "nothing speaks against it" in capsys.readouterr().out
    with pytest.raises(UserError, match=r"keeps no user out of training.*privacy.canaries=1000 or data/split=user_h"):
        call("audit", tmp_path / "none", f"run={train(log, tmp_path / 'plain')}")

    clipped_sum = dp_sgd.clipped_sum
    monkeypatch.setattr(dp_sgd, "clipped_sum", lambda *parts: clipped_sum(*parts[:3], math.inf))
    longer = ["trainer.max_epochs=25", "privacy.max_grad_norm=1e-3", "optimizer.lr=0.03", "model.embedding_dim=32"]
    broken = train(log, tmp_path / "broken", *PRIVATE, *longer, "scheduler.warmup_steps=1")
    found = audited(broken, tmp_path / "second", f"reference={honest}")
    assert found["one_run"]["epsilon_low"] > found["claimed_epsilon"]
    assert found["one_run"]["refutes_the_claim"] is True
    assert found["canaries"]["auc"] > 0.8
    trained_on, never_seen = found["memorization"]["trained_on"], found["memorization"]["never_seen"]
    assert trained_on["histories"] == found["canaries"]["members"]
    assert trained_on["exposure_low"] > never_seen["exposure_high"]
    assert (tmp_path / "second" / "memorization.png").stat().st_size > 1000
    assert "THE PROMISE IS BROKEN" in capsys.readouterr().out


def test_users_who_were_held_out_are_told_from_those_who_were_not(small_log, tmp_path):
    run = train(small_log, tmp_path / "run", "data/split=user_holdout", "trainer.max_epochs=3")
    found = audited(run, tmp_path / "audit")
    assert found["claimed_epsilon"] is None and "one_run" not in found
    everyone, *by_length = found["users"].values()
    assert everyone["members"] == 160 and everyone["others"] == 40
    assert sum(one["members"] for one in by_length) == 160
    assert 0.3 < everyone["auc"] < 0.9
