import numpy as np
import pytest
import torch

from seqmine.metrics.evaluator import RankingEvaluator
from seqmine.metrics.functional import hit_rate, ndcg, reciprocal_rank
from seqmine.metrics.horizon import MEASURES, horizon_gains
from seqmine.structs import SequenceBatch, UserError

NUM_ITEMS = 12


def batch_of(targets: list[list[int]], users=None) -> SequenceBatch:
    """Histories of one event with the given targets."""
    later = [(row, 0, item) for row, items in enumerate(targets) for item in items[1:]]
    first = torch.tensor([[items[0]] for items in targets])
    return SequenceBatch(
        items=torch.ones_like(first), targets=first, lengths=torch.ones(len(targets), dtype=torch.int64),
        user_index=torch.arange(len(targets)) if users is None else torch.tensor(users),
        target_positions=torch.ones(len(targets), dtype=torch.int64),
        later_targets=torch.tensor(later, dtype=torch.int64).reshape(-1, 3),
        later_positions=torch.tensor([2 + place for items in targets for place in range(len(items) - 1)], dtype=torch.int64),
    )  # fmt: skip


def evaluator(**settings) -> RankingEvaluator:
    counts = torch.arange(NUM_ITEMS + 1)
    return RankingEvaluator(num_items=NUM_ITEMS, train_counts=counts, cutoffs=(1, 3, 5), horizon=3, **settings)


def reference(scores: np.ndarray, targets: list[list[int]], k: int) -> dict[str, float]:
    values = {"hit_rate": [], "recall": [], "ndcg": [], "mrr": []}
    for row, wanted in zip(scores, targets, strict=True):
        order = (np.argsort(-row[1:]) + 1)[:k].tolist()
        hits = [place for place, item in enumerate(order) if item in wanted]
        ideal = sum(1 / np.log2(place + 2) for place in range(min(k, len(wanted))))
        values["hit_rate"].append(bool(hits))
        values["recall"].append(len(hits) / len(wanted))
        values["ndcg"].append(sum(1 / np.log2(place + 2) for place in hits) / ideal)
        values["mrr"].append(1 / (hits[0] + 1) if hits else 0)
    return {f"{name}@{k}": float(np.mean(of)) for name, of in values.items()}


def test_one_history_by_hand():
    """Of the targets 4, 7 and 15 (which training never saw) two are in the list, at ranks 1 and 3."""
    scores = torch.zeros(1, NUM_ITEMS + 1)
    scores[0, [4, 2, 7]] = torch.tensor([3.0, 2.0, 1.0])
    counted = evaluator()
    ranks = counted.update(scores, batch_of([[4, 7, 15]]))
    assert ranks.tolist() == [[1.0, 3.0, 13.0]]
    values = counted.compute()
    assert values["hit_rate@3"] == 1.0 and values["mrr@3"] == 1.0
    assert values["recall@1"] == pytest.approx(1 / 3) and values["recall@3"] == pytest.approx(2 / 3)
    assert values["ndcg@1"] == 1.0
    assert values["ndcg@3"] == pytest.approx((1 + 0.5) / (1 + 1 / np.log2(3) + 0.5))
    users, positions, targets, found = counted.per_user()
    assert (users.tolist(), positions.tolist(), targets.tolist()) == ([0, 0, 0], [1, 2, 3], [4, 7, 15])
    assert found.tolist() == [1, 3, 13]


@pytest.mark.parametrize("seed", range(5))
def test_values_equal_a_numpy_reference_in_any_batches(seed):
    random = np.random.default_rng(seed)
    scores = random.normal(size=(9, NUM_ITEMS + 1))
    targets = [(random.permutation(NUM_ITEMS + 3)[: random.integers(1, 5)] + 1).tolist() for _ in range(9)]
    whole, parts = evaluator(), evaluator()
    whole.update(torch.tensor(scores), batch_of(targets))
    for start in range(0, 9, 4):
        rows = slice(start, start + 4)
        parts.update(torch.tensor(scores[rows]), batch_of(targets[rows], list(range(9))[rows]))
    for k in (1, 3, 5):
        expected = reference(scores, targets, k)
        for one in (whole.compute(), parts.compute()):
            assert {name: one[name] for name in expected} == pytest.approx(expected)
    users, _, _, ranks = whole.per_user()
    for name, value in reference(scores, targets, 3).items():
        assert horizon_gains(ranks.numpy().astype(float), users.numpy(), name).mean() == pytest.approx(value)


def test_unseen_targets_may_be_dropped_and_seen_ones_are_misses():
    scores = torch.arange(NUM_ITEMS + 1.0).expand(2, -1).clone()
    dropped = evaluator(unseen_targets="drop")
    dropped.update(scores.clone(), batch_of([[12, 15], [15, 16]]))
    assert dropped.compute()["recall@1"] == 1.0 and len(dropped.per_user()[0]) == 1
    batch = batch_of([[12, 11], [12, 11]])
    batch.seen_rows, batch.seen_items = torch.tensor([0, 1]), torch.tensor([12, 12])
    seen = evaluator()
    assert seen.update(scores, batch).tolist() == [[13.0, 1.0], [13.0, 1.0]]
    assert seen.compute()["recall@5"] == 0.5


@pytest.mark.parametrize(
    ("name", "single"), [("hit_rate", hit_rate), ("recall", hit_rate), ("ndcg", ndcg), ("mrr", reciprocal_rank)]
)
def test_with_one_target_measures_are_those_of_the_rank(name, single):
    ranks = torch.arange(1.0, 9.0)
    padded = torch.stack([ranks, torch.full_like(ranks, torch.inf)], dim=1)
    assert torch.equal(MEASURES[name](padded, 5), single(ranks, 5))


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(UserError, match="draws for one target of a user, but horizon is 3"):
        evaluator(candidates="uniform_100")
    with pytest.raises(
        UserError, match="metric is 'auc', allowed are hit_rate@k, recall@k, ndcg@k, mrr@k with k from 1"
    ):
        horizon_gains(np.ones(1), np.zeros(1, np.int64), "auc")
