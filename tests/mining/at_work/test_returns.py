from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from seqmine.mining.at_work.returns import ReturnRates, ReturnReranker, ReturnReranking
from seqmine.structs import Catalog, InteractionLog, UserError
from tests.models.baselines.small_logs import batch_of, with_targets


class Ones(nn.Module):
    def score(self, batch):
        return torch.ones(len(batch), 10)


def rates_of(log, num_recent=3, smoothing=1.0):
    rates = ReturnRates(num_recent=num_recent, smoothing=smoothing)
    rates.fit(log)
    return rates


def with_behaviors(histories, behaviors):
    flat = np.concatenate([np.asarray(row, np.uint8) for row in behaviors])
    return replace(InteractionLog.from_lists(histories), behaviors=flat, behavior_names=("cart", "buy"))


def slowly(histories, behaviors, num_recent):
    """Count cases and returns by place and behaviors, event by event."""
    cases, returns = np.zeros((2, num_recent, 3, 3))
    for items, kinds in zip(histories, behaviors, strict=True):
        for place in range(1, len(items)):
            had = []
            for before in range(place - 1, max(place - num_recent, 0) - 1, -1):
                if items[before] not in had:
                    case = (len(had), kinds[place - 1], kinds[before])
                    cases[case] += 1
                    returns[case] += items[before] == items[place]
                    had.append(items[before])
    return cases, returns


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_rates_are_those_of_a_slow_count(data):
    event = st.tuples(st.integers(1, 3), st.integers(1, 2))
    rows = data.draw(st.lists(st.lists(event, min_size=1, max_size=8), min_size=1, max_size=4))
    histories, behaviors = [[item for item, _ in row] for row in rows], [[kind for _, kind in row] for row in rows]
    cases, returns = slowly(histories, behaviors, 3)
    by_place = returns.sum((1, 2)) / np.maximum(cases.sum((1, 2)), 1)
    expected = (returns + 2.0 * by_place[:, None, None]) / (cases + 2.0)
    expected[:, 0, 0] = by_place
    kinds = max(map(max, behaviors)) + 1
    found = rates_of(with_behaviors(histories, behaviors), smoothing=2.0).rates
    assert np.allclose(found, expected[:, :kinds, :kinds], atol=1e-6)
    plain = rates_of(InteractionLog.from_lists(histories)).rates
    assert np.allclose(plain[:, 0, 0], by_place, atol=1e-6) and plain.shape == (3, 1, 1)


def test_each_item_that_was_had_lately_stands_once_at_its_last_event():
    """Four events ago is too long ago; the padding of a short history has no chance."""
    rates = rates_of(InteractionLog.from_lists([[1]]))
    rates.rates = torch.tensor([0.5, 0.25, 0.125]).reshape(3, 1, 1)
    items, chances = rates.had(batch_of([[9, 1, 2, 1], [5]]))
    assert items.tolist() == [[1, 2, 0], [5, 0, 0]]
    assert chances.tolist() == [[0.5, 0.25, 0.0], [0.5, 0.0, 0.0]]


def test_an_item_in_the_cart_is_bought_and_then_left_alone():
    cart, buy = 1, 2
    log = with_behaviors([[1, 1, 2, 2, 3]] * 50, [[cart, buy, cart, buy, cart]] * 50)
    rates = rates_of(log)
    batch = batch_of([[4, 5], [4, 5]])
    batch.behaviors = torch.tensor([[cart, cart], [cart, buy]])
    _, chances = rates.had(batch)
    assert chances[0, 0] > 0.9 and chances[1, 0] < 0.1
    batch.behaviors = None
    assert rates.had(batch)[1][:, 0].tolist() == pytest.approx([0.5, 0.5]), "without behaviors it is the mean"


def test_a_model_is_mixed_with_the_chances_to_return():
    rates = rates_of(InteractionLog.from_lists([[1]]))
    rates.rates = torch.tensor([0.5, 0.25, 0.125]).reshape(3, 1, 1)
    batch = batch_of([[1, 2]])
    mixed = ReturnReranker(model=Ones(), rates=rates, alpha=2.0).score(batch).exp()[0]
    expected = torch.full((10,), 1 / 9)
    expected[2], expected[1] = 1 / 9 + 1, 1 / 9 + 0.5
    assert torch.allclose(mixed, expected / 2.5) and float(mixed[1:].sum()) == pytest.approx(1)
    assert torch.equal(ReturnReranker(model=Ones(), rates=rates, alpha=0.0).score(batch), torch.ones(1, 10))


def test_a_negative_strength_is_refused():
    rates = ReturnRates(num_recent=3, smoothing=1.0)
    with pytest.raises(UserError, match=r"alpha is -1.0, allowed are numbers from 0"):
        ReturnReranker(model=Ones(), rates=rates, alpha=-1.0)


@pytest.mark.parametrize(("targets", "strength"), [([2, 3], 0.5), ([8, 9], 0.0)], ids=["people return", "nobody does"])
def test_validation_chooses_the_strength_and_training_the_chances(targets, strength):
    batches = [with_targets([[1, 2], [4, 3]], targets)]
    training = InteractionLog.from_lists([[1, 1, 2, 2, 3, 3]])
    data = SimpleNamespace(
        val_dataloader=lambda: batches,
        catalog=Catalog.of_size(9),
        prepared=SimpleNamespace(training_log=lambda: training),
    )
    rates = ReturnRates(num_recent=3, smoothing=1.0)
    corrected, chosen = ReturnReranking(rates=rates, strength=None)(Ones(), data)
    assert chosen == {"rerank/strength": strength} and corrected.recommender.alpha == strength
    assert float(rates.rates[0, 0, 0]) == pytest.approx(3 / 5)
    _, kept = ReturnReranking(rates=rates, strength=1.0)(Ones(), data)
    assert kept == {"rerank/strength": 1.0}
