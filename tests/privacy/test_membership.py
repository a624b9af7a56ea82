import numpy as np
import pytest

from seqmine.privacy.canaries import Canaries
from seqmine.privacy.membership import attack, epsilon_bound, history_losses, one_run_audit
from tests.privacy.models import NUM_ITEMS, model_of


def test_a_history_is_scored_by_the_likelihood_of_its_next_items():
    model = model_of("transformer")
    [row] = Canaries.drawn(1, NUM_ITEMS, 6, np.random.default_rng(0)).rows()
    [loss] = history_losses(model, [row])
    scores = (model(row) @ model.item_embedding.weight[1:].T).log_softmax(2)
    by_hand = -scores.gather(2, (row.targets - 1).unsqueeze(2)).mean()
    assert loss == pytest.approx(float(by_hand.detach()), rel=1e-5)


def test_an_attack_counts_pairs_and_finds_at_a_share_of_false_alarms():
    random = np.random.default_rng(0)
    members, others = random.normal(1, 1, 400), random.normal(0, 1, 1000)
    found = attack(members, others, 0.95)
    assert found["auc"] == pytest.approx(np.mean(members[:, None] > others[None]), abs=1e-12)
    assert found["auc_low"] < found["auc"] < found["auc_high"] and found["auc_high"] - found["auc_low"] < 0.07
    for rate in (0.01, 0.001):
        threshold = np.quantile(others, 1 - rate, method="higher")
        assert (others > threshold).mean() <= rate
        assert found[f"tpr@{rate * 100:g}%"] == pytest.approx((members > threshold).mean(), abs=0.01)
        assert found[f"tpr@{rate * 100:g}%_low"] < found[f"tpr@{rate * 100:g}%"] < found[f"tpr@{rate * 100:g}%_high"]
    assert attack(np.ones(5), np.ones(7), 0.95)["auc"] == 0.5, "ties say nothing"


@pytest.mark.parametrize(("canaries", "known"), [(1000, 5.8), (8932, 8.0)])
def test_all_guesses_right_certify_what_is_known(canaries, known):
    assert epsilon_bound(canaries, canaries, canaries, 0.0, 0.95) == pytest.approx(known, abs=0.05)


def test_a_bound_grows_with_right_guesses_and_falls_with_delta():
    bounds = [epsilon_bound(1000, 200, correct, 1e-5, 0.95) for correct in (100, 130, 160, 200)]
    assert bounds[0] == 0 and bounds == sorted(bounds)
    assert epsilon_bound(1000, 200, 200, 1e-3, 0.95) < epsilon_bound(1000, 200, 200, 0.0, 0.95)


def test_a_model_that_forgets_certifies_nothing_and_one_that_remembers_is_caught():
    random = np.random.default_rng(3)
    included = random.random(1000) < 0.5
    claims = [one_run_audit(random.normal(size=1000), included, 1e-5, 0.95)["epsilon_low"] for _ in range(20)]
    assert sum(claim > 0 for claim in claims) <= 2
    leaked = one_run_audit(included + random.normal(0, 0.05, 1000), included, 1e-5, 0.95)
    assert leaked["epsilon_low"] > 4 and leaked["correct"] > 0.99 * leaked["guesses"]
