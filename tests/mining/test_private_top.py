from dataclasses import dataclass, replace

import numpy as np
import pytest

from seqmine.mining.engine.miners import FrequentMiner
from seqmine.mining.private_top import PrivateTopStudy, bounded_counts, choose_top
from seqmine.mining.study import Subject
from seqmine.mining.symbols import Projection
from seqmine.structs import InteractionLog, PatternTable, UserError
from seqmine.structs.constraints import Constraints

HISTORIES = [[1, 2, 3]] * 30 + [[1, 2]] * 20 + [[3, 1]] * 10
SINGLES = Constraints(min_length=1, max_length=1)


@dataclass
class Spending:
    epsilon: float = 1.0
    delta: float = 1e-6
    rho: float = 2.0


def study(**changed):
    settings = {"miner": FrequentMiner(min_count=5, min_length=2, max_length=2), "projection": Projection()}
    settings |= {"budget": Spending(), "num_patterns": 3, "noise_seed": 1}
    return PrivateTopStudy(**{**settings, **changed})


def subject(histories=HISTORIES):
    return Subject(InteractionLog.from_lists(histories), ["a", "b", "c"], {})


def test_nearly_without_noise_the_best_patterns_have_their_counts():
    found = study(budget=Spending(rho=1e6)).find(subject())
    assert sorted(zip(found.patterns, found.noisy_counts.tolist(), strict=True)) == [
        ((1, 2), 50),
        ((1, 3), 30),
        ((2, 3), 30),
    ]


def test_patterns_are_chosen_by_the_exponential_mechanism_also_those_that_were_not_listed():
    """Supports 6 and 4; three more symbols are below the least and count as 2: chances are those of softmax."""
    table = PatternTable.from_lists([(1,), (2,)], [6, 4], 9)
    generator, draws = np.random.default_rng(0), 6000
    chosen = [choose_top(table, 3, 5, SINGLES, 1, 2.0, generator)[0][0] for _ in range(draws)]
    weights = np.exp(np.array([6, 4, 2, 2, 2]) / 2.0)
    assert np.bincount(chosen, minlength=6)[1:] / draws == pytest.approx(weights / weights.sum(), abs=0.02)


def test_all_that_there_are_can_be_chosen_and_none_twice():
    table = PatternTable.from_lists([(1,), (2,)], [6, 4], 9)
    for seed in range(5):
        chosen = choose_top(table, 3, 5, SINGLES, 7, 50.0, np.random.default_rng(seed))
        assert sorted(chosen) == [(1,), (2,), (3,), (4,), (5,)]


def test_a_user_counts_for_so_many_patterns_at_most():
    log, patterns = InteractionLog.from_lists([[1, 2, 3], [1], [2]]), [(1,), (2,), (3,)]
    for seed in range(10):
        counts = bounded_counts(log, patterns, SINGLES, 1, np.random.default_rng(seed))
        assert counts.sum() == 3, "one for each user, whatever they have"
    assert bounded_counts(log, patterns, SINGLES, 3, np.random.default_rng(0)).tolist() == [2, 2, 1]


def test_the_error_of_counts_is_what_theory_says():
    """With half of rho = 2 for counts of 3 patterns a user may touch: sigma = sqrt(3 / 2)."""
    exact = {(1, 2): 50, (1, 3): 30, (2, 3): 30, (3, 1): 10}
    errors = []
    for seed in range(400):
        found = study(noise_seed=seed).find(subject())
        errors += [
            count - exact[pattern]
            for pattern, count in zip(found.patterns, found.noisy_counts, strict=True)
            if pattern in exact
        ]
    theory = np.sqrt(3 / 2)
    assert found.about["count_noise"] == pytest.approx(theory)
    assert np.std(errors) == pytest.approx(np.sqrt(theory**2 + 1 / 12), rel=0.06), "rounding adds a twelfth"
    assert abs(np.mean(errors)) < 0.15


def test_noise_is_secret_unless_it_has_a_seed():
    counts = [study(noise_seed=None, budget=Spending(rho=1e-4)).find(subject()).noisy_counts.tolist() for _ in range(2)]
    assert counts[0] != counts[1]


def test_what_has_no_promise_is_refused():
    with pytest.raises(UserError, match="max_length is null, but task=private chooses among all patterns"):
        study(miner=FrequentMiner(min_count=5)).find(subject())
    with pytest.raises(UserError, match="delta is 0.02, allowed for 60 users are numbers below 1 / 60 = 0.0167"):
        study(budget=Spending(delta=0.02)).find(subject())
    with pytest.raises(UserError, match="run names a model that was trained without a promise to its users"):
        study().find(replace(subject(), model=object()))


def test_what_the_model_spent_on_the_same_users_is_added():
    found = study(budget=Spending(epsilon=1.0, delta=0.01)).find(replace(subject(), model=object(), spent=(7.5, 1e-3)))
    told = [found.about[f"{name}_{of}"] for of in ("of_run", "together") for name in ("epsilon", "delta")]
    assert told == pytest.approx([7.5, 1e-3, 8.5, 0.011])
    with pytest.raises(UserError, match="delta is 0.0175, allowed for 60 users"):
        study(budget=Spending(delta=0.01)).find(replace(subject(), spent=(7.5, 0.0075)))
    assert study().find(subject()).about["epsilon_together"] == 1.0
    with pytest.raises(UserError, match="must_contain is"):
        study(must_contain=["a"])
    with pytest.raises(UserError, match="run names a model"):
        study().find(replace(subject(), model=object()))
