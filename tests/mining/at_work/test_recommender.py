import numpy as np
import pytest
import torch

from seqmine.mining.at_work.recommender import PatternRecommender
from seqmine.mining.statistics.permutation import shuffle_within_users
from seqmine.mining.statistics.sequentiality import SequentialityCheck, first_order_ndcg
from seqmine.structs import InteractionLog
from tests.models.baselines.small_logs import batch_of


def chains(num_users=200, seed=0):
    """Return histories in which i is mostly followed by i + 1."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(num_users):
        start = int(rng.integers(1, 31))
        rows.append([(start + step - 1) % 30 + 1 for step in range(int(rng.integers(3, 9)))])
    return InteractionLog.from_lists(rows)


def test_scores_equal_the_sum_over_rules():
    histories = [[1, 2, 3, 1], [2, 1, 3]]
    recommender = PatternRecommender(window=2, num_recent=2, decay=0.5, count_power=1.0)
    recommender.fit(InteractionLog.from_lists(histories), 3)
    counts = np.bincount(np.concatenate(histories), minlength=4)
    rules = np.zeros((4, 4))
    for row in histories:
        for a in range(len(row)):
            for b in range(a + 1, min(a + 3, len(row))):
                rules[row[a], row[b]] += 1 / (b - a) / counts[row[a]]
    scores = recommender.score(batch_of([[3, 1, 2], [3]])).numpy()
    assert scores[0] == pytest.approx(rules[2] + 0.5 * rules[1], abs=2e-6)
    assert scores[1] == pytest.approx(rules[3], abs=2e-6)


def test_checkpoints_keep_the_rules():
    fitted, empty = PatternRecommender(), PatternRecommender()
    fitted.fit(chains(), 30)
    empty.load_state_dict(fitted.state_dict())
    batch = batch_of([[4, 5]])
    assert torch.equal(fitted.score(batch), empty.score(batch))


def test_a_log_of_chains_is_sequential_and_its_shuffled_copy_is_not():
    log = chains(600)
    found = SequentialityCheck(num_copies=3).check(log)
    assert found.is_sequential
    assert found.ndcg > 0.9
    assert "no order" not in found.verdict
    assert found.num_pairs == 30
    rows = np.random.default_rng(0).integers(1, 31, (600, 6)).tolist()
    none = SequentialityCheck(num_copies=3).check(InteractionLog.from_lists(rows))
    assert not none.is_sequential
    assert "no order worth mining" in none.verdict


def test_ties_are_reported():
    log = chains(100)
    times = np.repeat(np.arange(log.num_events // 2 + 1), 2)[: log.num_events]
    tied = InteractionLog(log.items, log.offsets, timestamps=times)
    found = SequentialityCheck(num_copies=1).check(tied)
    assert 0.3 < found.tie_share < 0.7
    assert "miner.strict_time=true" in found.verdict


def test_first_order_ndcg_by_hand():
    log = InteractionLog.from_lists([[1, 2, 9], [1, 2, 9], [5, 1, 2]])
    # fitted on 1-2, 1-2, 5-1: after 2 nothing is known; after 1 comes 2
    assert first_order_ndcg(log) == pytest.approx(1 / 3)
    assert first_order_ndcg(shuffle_within_users(log, 0, keep_ties=False)) <= 1
