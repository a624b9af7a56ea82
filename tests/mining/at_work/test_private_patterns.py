import numpy as np
import pytest

from seqmine.mining.at_work import private_patterns
from seqmine.mining.at_work.private_patterns import PrivatePatterns, bounded_sums
from seqmine.structs import InteractionLog
from tests.models.baselines.small_logs import batch_of

HISTORIES = [[1, 2, 3, 1, 2], [2, 1], [3], [1, 1, 1, 4]]


class Spending:
    """A budget that asks for a noise that is given."""

    def __init__(self, noise: float) -> None:
        self.noise, self.taken = noise, []

    def noise_for(self, sample_rate, num_steps):
        assert (sample_rate, num_steps) == (1.0, 1), "everybody is in the one release"
        return self.noise

    def take(self, noise_multiplier, sample_rate):
        self.taken.append((noise_multiplier, sample_rate))


def sums_of(histories, share=0.2):
    return bounded_sums(InteractionLog.from_lists(histories), 4, 2, 0.5, popularity_share=share)


def vector_of(histories) -> np.ndarray:
    popularity, pairs = sums_of(histories)
    return np.concatenate([popularity, pairs.toarray().ravel()])


def by_hand(history, share=0.2):
    popularity, pairs = np.zeros(5), np.zeros((5, 5))
    popularity[list(set(history))] = np.sqrt(share / len(set(history)))
    for first in range(len(history)):
        for second in range(first + 1, min(first + 3, len(history))):
            pairs[history[first], history[second]] += 0.5 ** (second - first - 1)
    if pairs.any():
        pairs *= np.sqrt(1 - share) / np.linalg.norm(pairs)
    return popularity, pairs


@pytest.mark.parametrize("events_at_once", [1, 6, 100])
def test_the_sum_is_that_of_one_bounded_vector_a_user(events_at_once, monkeypatch):
    monkeypatch.setattr(private_patterns, "_EVENTS_AT_ONCE", events_at_once)
    popularity, pairs = sums_of(HISTORIES)
    parts = [by_hand(history) for history in HISTORIES]
    assert popularity == pytest.approx(sum(part[0] for part in parts))
    assert pairs.toarray() == pytest.approx(sum(part[1] for part in parts))


@pytest.mark.parametrize("gone", range(len(HISTORIES)))
def test_a_user_changes_the_sum_by_a_length_of_one_at_most(gone):
    """What one user adds, whatever they did, is what the noise is a multiple of."""
    outlier = [*HISTORIES, [1, 2] * 500]
    for histories in (HISTORIES, outlier):
        others = histories[:gone] + histories[gone + 1 :]
        assert np.linalg.norm(vector_of(histories) - vector_of(others)) <= 1 + 1e-9
    assert np.linalg.norm(vector_of(outlier) - vector_of(HISTORIES)) == pytest.approx(1.0)


def fitted(noise, histories=HISTORIES, num_items=4, **changed):
    settings = {"window": 2, "distance_decay": 0.5, "num_recent": 2, "decay": 0.5, "popularity_share": 0.2}
    recommender = PrivatePatterns(budget=Spending(noise), **{**settings, "shrinkage": 0.0, "noise_seed": 1, **changed})
    recommender.fit(InteractionLog.from_lists(histories), num_items)
    return recommender


def test_without_noise_scores_add_up_the_rules_of_recent_events():
    scores = fitted(0.0).score(batch_of([[3, 1], [2]])).numpy()
    pairs = sums_of(HISTORIES)[1].toarray()
    assert scores[0] == pytest.approx(pairs[1] + 0.5 * pairs[3], abs=1e-5)
    assert scores[1] == pytest.approx(pairs[2], abs=1e-5)


def test_every_pair_of_the_catalog_has_noise_of_the_scale_that_the_budget_asks_for(monkeypatch):
    monkeypatch.setattr(private_patterns, "_ENTRIES_AT_ONCE", 50_000)  # several blocks of rows
    recommender = fitted(3.0, histories=[[1, 2]], num_items=299)
    values = recommender.rules.values.numpy()  # those above 0
    assert len(values) == pytest.approx(299 * 299 / 2, rel=0.02)
    assert np.sqrt((values**2).mean()) == pytest.approx(3.0, rel=0.02)
    assert recommender.budget.taken == [(3.0, 1.0)]
    shrunk = fitted(3.0, histories=[[1, 2]], num_items=299, shrinkage=2.0)
    assert len(shrunk.rules.values) == pytest.approx(299 * 299 * 0.0228, rel=0.1)
    assert not (recommender.rules.columns == 0).any(), "padding is no item"


def test_popularity_has_noise_too_and_no_item_is_impossible():
    loud, quiet = fitted(50.0), fitted(0.0)
    assert (loud.rules.shares[1:] > 0).all()
    assert loud.rules.shares[0] == 0
    assert np.abs((loud.rules.shares - quiet.rules.shares).numpy()).max() > 0.1


def test_noise_is_secret_unless_it_has_a_seed():
    def drawn(seed):
        return fitted(3.0, noise_seed=seed).rules.shares.tolist()

    assert drawn(1) == drawn(1) != drawn(2)
    assert drawn(None) != drawn(None)


def test_checkpoints_keep_what_was_released_and_no_count():
    known, empty = fitted(1.0), PrivatePatterns(budget=Spending(1.0), num_recent=2, decay=0.5)
    empty.load_state_dict(known.state_dict())
    batch = batch_of([[3, 1]])
    assert (empty.score(batch) == known.score(batch)).all()
    assert {name.rpartition(".")[2] for name in known.state_dict()} == {"shares", "offsets", "columns", "values"}
