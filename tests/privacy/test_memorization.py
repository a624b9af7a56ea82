import numpy as np
import pytest
import torch

from seqmine.privacy.canaries import Canaries
from seqmine.privacy.memorization import completion_ranks, memorized
from tests.privacy.models import NUM_ITEMS, model_of


def test_the_last_item_is_ranked_after_all_before_it_and_ties_count_against_the_model():
    model, canaries = model_of("transformer"), Canaries.drawn(5, NUM_ITEMS, 6, np.random.default_rng(0))
    found = completion_ranks(model, canaries)
    for rank, items in zip(found, canaries.items, strict=True):
        [row] = Canaries(items[None], canaries.included[:1]).rows()
        scores = (model(row) @ model.item_embedding.weight[1:].T)[0, -1].detach()
        order = (-scores).argsort().add(1).tolist()
        assert order[rank - 1] == int(items[-1])
    with torch.no_grad():
        model.item_embedding.weight.zero_()
    assert completion_ranks(model, canaries).tolist() == [NUM_ITEMS] * 5


def test_exposure_is_the_log_of_the_candidates_over_the_rank(monkeypatch):
    canaries = Canaries(torch.ones(4, 3, dtype=torch.int64), torch.tensor([True, True, False, False]))
    monkeypatch.setattr(
        "seqmine.privacy.memorization.completion_ranks", lambda model, canaries: np.array([1, 2, 16, 11])
    )
    model = type("Model", (), {"num_items": 16})()
    found = memorized(model, canaries, 0.95)
    assert found["trained_on"]["exposures"] == [4.0, 3.0] and found["trained_on"]["exposure"] == 3.5
    assert (found["trained_on"]["first"], found["trained_on"]["top_10"]) == (0.5, 1.0)
    assert (found["never_seen"]["first"], found["never_seen"]["top_10"]) == (0.0, 0.0)
    assert found["never_seen"]["exposures"] == [0.0, pytest.approx(np.log2(16 / 11), abs=1e-3)]
    assert found["trained_on"]["exposure_low"] < 3.5 < found["trained_on"]["exposure_high"]
    assert found["never_seen"]["median_rank"] == 13.5 and found["candidates"] == 16
