import numpy as np
import torch

from seqmine.privacy.canaries import Canaries


def test_canaries_are_histories_of_random_items_half_of_them_trained_on():
    canaries = Canaries.drawn(2000, 30, 50, np.random.default_rng(1))
    assert canaries.items.shape == (2000, 11)
    assert set(canaries.items.unique().tolist()) == set(range(1, 31))
    assert 0.45 < canaries.included.float().mean() < 0.55
    row = canaries.rows()[7]
    assert row.items.tolist() == [canaries.items[7, :-1].tolist()]
    assert row.targets.tolist() == [canaries.items[7, 1:].tolist()]
    assert row.lengths.tolist() == [10]
    assert Canaries.drawn(3, 30, 4, np.random.default_rng(1)).items.shape == (3, 5)
    assert torch.equal(
        Canaries.drawn(9, 30, 4, np.random.default_rng(1)).items[0],
        Canaries.drawn(9, 30, 4, np.random.default_rng(1)).items[0],
    )
