from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from seqmine.data.batching import Batching
from seqmine.data.cleaning.edges import WholeLog
from seqmine.data.cleaning.pipeline import Cleaning
from seqmine.data.datamodule import SequenceDataModule
from seqmine.data.sources.sequences import SequenceFile
from seqmine.data.splits import LeaveOneOut
from seqmine.data.windows import LatestWindow
from seqmine.metrics.evaluator import RankingEvaluator
from seqmine.mining.at_work.recommender import PatternRecommender
from seqmine.mining.at_work.reranker import GRID, PatternReranker, PatternReranking
from seqmine.mining.at_work.weighing import choose_alpha
from seqmine.structs import InteractionLog, UserError
from tests.models.baselines.small_logs import with_targets

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


def to_predict(histories):
    return with_targets([history[:-1] for history in histories], [history[-1] for history in histories])


def test_a_weight_of_zero_is_the_model_and_others_add_the_log_ratio_to_popularity(histories, reranker):
    batch = to_predict(histories[:50])
    assert torch.equal(reranker.score(batch), Uniform().score(batch))
    reranker.alpha = 2.0
    told = reranker.patterns.score(batch).double()
    ratio = (told / told.sum(1, keepdim=True) + 1e-3) / (reranker.patterns.shares.double() + 1e-3)
    assert torch.allclose(reranker.score(batch).double(), 2 * ratio.log(), atol=1e-5)


def test_validation_chooses_the_smallest_of_the_best_weights(histories, reranker):
    alpha, values = choose_alpha(reranker, [to_predict(histories[:50])], grid=GRID)
    assert alpha == min(a for a, value in values.items() if value == max(values.values()))
    assert alpha > 0
    assert values[alpha] > 0.9 > values[0.0]


@pytest.mark.parametrize(("alpha", "eps"), [(-1.0, 1e-3), (1.0, 0.0)], ids=["alpha", "eps"])
def test_weights_out_of_range_are_refused(alpha, eps):
    with pytest.raises(
        UserError, match=rf"(alpha is {alpha}, allowed are numbers from 0)|(eps is {eps}, allowed are numbers above 0)"
    ):
        PatternReranker(model=Uniform(), patterns=PatternRecommender(), alpha=alpha, eps=eps)


def test_the_weight_is_chosen_among_the_candidates_of_the_evaluation(histories, reranker):
    """Where the patterns point at what was seen, the weight is worth what an evaluation without it says."""
    batch = replace(to_predict(histories[:50]), seen_rows=None, seen_items=None)
    last = batch.items[torch.arange(50), batch.lengths - 1]
    seen = {"seen_rows": torch.arange(50), "seen_items": last % NUM_ITEMS + 1}  # what the patterns expect
    batch.targets[torch.arange(50), batch.lengths - 1] = (last + 1) % NUM_ITEMS + 1  # the one after that
    _, free = choose_alpha(reranker, [batch], grid=GRID)
    _, values = choose_alpha(reranker, [replace(batch, **seen)], grid=GRID)
    assert values[2.0] > free[2.0]
    evaluator = RankingEvaluator(num_items=NUM_ITEMS, train_counts=torch.ones(NUM_ITEMS + 1, dtype=torch.int64))
    reranker.alpha = 2.0
    evaluator.update(reranker.score(batch), replace(batch, **seen))
    assert evaluator.compute()["ndcg@10"] == pytest.approx(values[2.0])


def test_a_run_is_corrected_by_patterns_of_its_training_part_and_left_as_it_is(small_log, tmp_path):
    data = SequenceDataModule(
        source=SequenceFile(path=str(small_log)), cleaning=Cleaning(steps=[], edge=WholeLog()), split=LeaveOneOut(),
        windows=LatestWindow(), max_length=8, batching=Batching(batch_size=16, eval_batch_size=32), seen="full", seed=0,
        store=str(tmp_path),
    )  # fmt: skip
    fitted = []

    class Recorded(PatternRecommender):
        def fit(self, log, num_items):
            fitted.append(log.num_events)
            super().fit(log, num_items)

    class Model(nn.Module):
        def score(self, batch):
            return torch.zeros(len(batch), data.catalog.num_items + 1)

    model = Model().train()
    corrected, chosen = PatternReranking(rules=Recorded(), alpha=0.5, eps=1e-3)(model, data)
    assert fitted == [int(data.prepared.split.train_stops.sum())]
    assert not model.training
    assert chosen == {"rerank/alpha": 0.5}
    assert corrected.recommender.model is model
    data.test_dataloader = None  # nothing asks for it
    free, chosen = PatternReranking(rules=PatternRecommender(), alpha=None, eps=1e-3)(model, data)
    best, _ = choose_alpha(corrected.recommender, data.val_dataloader(), grid=GRID)
    assert chosen == {"rerank/alpha": best}
    assert free.recommender.alpha == best > 0


def test_the_weight_is_chosen_by_all_targets_of_a_horizon(histories, reranker):
    """Where the first target is what the model says anyway, the ones behind it decide."""
    batch = to_predict(histories[:50])
    first = batch.targets[torch.arange(50), batch.lengths - 1]
    batch.targets[torch.arange(50), batch.lengths - 1] = (first + 14) % NUM_ITEMS + 1
    rows = torch.arange(50)
    later = torch.stack([rows, batch.lengths - 1, first], dim=1)
    _, alone = choose_alpha(reranker, [batch], grid=GRID)
    horizon = replace(batch, later_targets=later, later_positions=torch.ones(50, dtype=torch.int64))
    alpha, values = choose_alpha(reranker, [horizon], grid=GRID)
    assert alpha > 0 and values[alpha] > alone[alpha]
