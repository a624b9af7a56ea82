from types import SimpleNamespace

import pytest
import torch
from torch import nn

from seqmine.mining.at_work.returns import ReturnReranker, ReturnReranking
from seqmine.structs import Catalog, UserError
from tests.models.baselines.small_logs import batch_of

GIVEN = {"decay": 0.5, "num_recent": 3}


class Ones(nn.Module):
    def score(self, batch):
        return torch.ones(len(batch), 10)


def with_targets(histories, targets):
    batch = batch_of(histories)
    batch.targets[torch.arange(len(histories)), batch.lengths - 1] = torch.tensor(targets)
    return batch


def test_the_latest_event_of_an_item_tells_by_how_much_it_is_raised():
    """Four events ago is too long ago; nothing is raised for the padding of a short history."""
    batch = batch_of([[9, 1, 2, 1], [5]])
    scores = ReturnReranker(model=Ones(), alpha=8.0, **GIVEN).score(batch)
    expected = torch.ones(2, 10)
    expected[0, 1], expected[0, 2], expected[1, 5] = 9.0, 5.0, 9.0
    assert torch.equal(scores, expected)
    assert torch.equal(ReturnReranker(model=Ones(), alpha=0.0, **GIVEN).score(batch), torch.ones(2, 10))


def test_a_negative_bonus_is_refused():
    with pytest.raises(UserError, match=r"bonus is -1.0, allowed are numbers from 0"):
        ReturnReranker(model=Ones(), alpha=-1.0, **GIVEN)


@pytest.mark.parametrize(("targets", "bonus"), [([2, 3], 1.0), ([8, 9], 0.0)], ids=["people return", "nobody does"])
def test_validation_chooses_the_bonus(targets, bonus):
    batches = [with_targets([[1, 2], [4, 3]], targets)]
    data = SimpleNamespace(val_dataloader=lambda: batches, catalog=Catalog.of_size(9))
    model = Ones().train()
    corrected, chosen = ReturnReranking(bonus=None, **GIVEN)(model, data)
    assert chosen == {"rerank/bonus": bonus} and corrected.recommender.alpha == bonus
    assert not model.training
    _, given = ReturnReranking(bonus=3.0, **GIVEN)(model, data)
    assert given == {"rerank/bonus": 3.0}
