from types import SimpleNamespace

import pytest
import torch
from torch import nn

from seqmine.mining.at_work.weighing import WeighedCorrection, choose_alpha, weighed
from seqmine.structs import Catalog, InteractionLog, UserError
from tests.models.baselines.small_logs import batch_of, with_targets

GRID = (0.0, 1.0, 2.0)


class Flat(nn.Module):
    def score(self, batch):
        return torch.zeros(len(batch), 10)


class Raises(WeighedCorrection):
    """Raises one item, by how much its training part says."""

    columns = ("behaviors",)

    def __init__(self, item, **given):
        super().__init__(**given)
        self.item, self.counted = item, 0

    def fit(self, log, num_items):
        self.counted = log.num_events

    def correction(self, batch):
        return (torch.nn.functional.one_hot(torch.full((len(batch),), self.item), 10).float(),)

    def corrected(self, scores, correction, alpha):
        return scores + alpha * correction[0]


@pytest.mark.parametrize(("targets", "alpha"), [([3, 3], 1.0), ([8, 9], 0.0)], ids=["it helps", "it does not"])
def test_validation_chooses_the_smallest_of_the_best_weights(targets, alpha):
    """The data have no other part than training and validation."""
    batches = [with_targets([[1, 2], [4, 3]], targets)]
    training = InteractionLog.from_lists([[1, 2, 3]])
    data = SimpleNamespace(
        val_dataloader=lambda: batches,
        catalog=Catalog.of_size(9),
        prepared=SimpleNamespace(training_log=lambda: training),
    )
    correction = Raises(3, model=Flat(), alpha=0.0).train()
    corrected = weighed(correction, data, alpha=None, grid=GRID, words="patterns weigh")
    assert corrected.recommender is correction and correction.alpha == alpha
    assert correction.counted == 3 and not correction.training
    assert data.reader is correction, "what it reads must be in the batches that choose"
    given = weighed(Raises(3, model=Flat(), alpha=7.0), data, alpha=7.0, grid=GRID, words="patterns weigh")
    assert given.recommender.alpha == 7.0


def test_a_weight_of_zero_is_the_model():
    batch = batch_of([[1, 2]])
    assert torch.equal(Raises(3, model=Flat(), alpha=0.0).score(batch), Flat().score(batch))
    assert Raises(3, model=Flat(), alpha=2.0).score(batch)[0, 3] == 2


def test_the_grid_must_hold_the_model_alone():
    with pytest.raises(UserError, match=r"grid is \[1.0\], which leaves out 0"):
        choose_alpha(Raises(3, model=Flat(), alpha=0.0), [], grid=[1.0])


def test_a_batch_without_targets_counts_nobody():
    batches = [with_targets([[1], [2]], [3, 3])]
    correction = Raises(3, model=Flat(), alpha=0.0)
    alone = choose_alpha(correction, batches, grid=GRID)
    assert choose_alpha(correction, [*batches, with_targets([[1], [2]], [0, 0])], grid=GRID) == alone


def test_processes_choose_by_the_targets_of_all(monkeypatch):
    """Here no target is of item 3; the other process has two of it."""
    batches = [with_targets([[1], [2]], [8, 9])]
    alone, own = choose_alpha(Raises(3, model=Flat(), alpha=0.0), batches, grid=GRID)
    others = torch.tensor([0.0, 2.0, 2.0, 2.0], dtype=torch.float64)
    monkeypatch.setattr("seqmine.mining.at_work.weighing.added_over_devices", lambda sums: sums + others)
    alpha, values = choose_alpha(Raises(3, model=Flat(), alpha=0.0), batches, grid=GRID)
    assert (alone, alpha) == (0.0, 1.0)
    assert values == pytest.approx({0.0: own[0.0] / 2, 1.0: (own[1.0] + 1) / 2, 2.0: (own[2.0] + 1) / 2})
