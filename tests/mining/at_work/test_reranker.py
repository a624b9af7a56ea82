import numpy as np
import pytest
import torch

from seqmine.mining.at_work.recommender import PatternRecommender
from seqmine.mining.at_work.reranker import PatternReranker, choose_alpha
from seqmine.probing.questions import batch_of
from seqmine.structs import InteractionLog, UserError

NUM_ITEMS = 30


class Uniform:
    """Knows nothing."""

    def score(self, batch):
        return torch.zeros(len(batch), NUM_ITEMS + 1)


@pytest.fixture
def histories():
    """Histories in which i is followed by i + 1."""
    rng = np.random.default_rng(0)
    starts, lengths = rng.integers(0, NUM_ITEMS, 200).tolist(), rng.integers(3, 9, 200).tolist()
    return [
        [(start + step) % NUM_ITEMS + 1 for step in range(length)]
        for start, length in zip(starts, lengths, strict=True)
    ]


@pytest.fixture
def reranker(histories):
    reranker = PatternReranker(model=Uniform(), patterns=PatternRecommender(), alpha=0.0)
    reranker.fit(InteractionLog.from_lists(histories), NUM_ITEMS)
    return reranker


def with_targets(histories):
    batch = batch_of([history[:-1] for history in histories])
    batch.targets[torch.arange(len(histories)), batch.lengths - 1] = torch.tensor([row[-1] for row in histories])
    return batch


def test_a_weight_of_zero_is_the_model_and_others_add_the_log_ratio_to_popularity(histories, reranker):
    batch = with_targets(histories[:50])
    assert torch.equal(reranker.score(batch), Uniform().score(batch))
    reranker.alpha = 2.0
    told = reranker.patterns.score(batch).double()
    ratio = (told / told.sum(1, keepdim=True) + 1e-3) / (reranker.patterns.shares.double() + 1e-3)
    assert torch.allclose(reranker.score(batch).double(), 2 * ratio.log(), atol=1e-5)


def test_validation_chooses_the_smallest_of_the_best_weights(histories, reranker):
    alpha, values = choose_alpha(reranker, [with_targets(histories[:50])])
    assert alpha == min(a for a, value in values.items() if value == max(values.values()))
    assert alpha > 0
    assert values[alpha] > 0.9 > values[0.0]


def test_the_grid_must_hold_the_model_alone(reranker):
    with pytest.raises(UserError, match=r"grid=\[1.0\] leaves out 0"):
        choose_alpha(reranker, [], grid=[1.0])


@pytest.mark.parametrize(("alpha", "eps"), [(-1.0, 1e-3), (1.0, 0.0)])
def test_weights_out_of_range_are_refused(alpha, eps):
    with pytest.raises(UserError, match=rf"alpha={alpha} and eps={eps} are not allowed: set rerank.alpha"):
        PatternReranker(model=Uniform(), patterns=PatternRecommender(), alpha=alpha, eps=eps)
