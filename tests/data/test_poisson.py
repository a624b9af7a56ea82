import numpy as np
import pytest

from seqmine.data.poisson import PoissonBatching
from seqmine.structs import UserError


def test_each_row_is_drawn_by_a_throw_of_its_own():
    lengths = np.arange(1, 41)
    batches = PoissonBatching(batch_size=10, draw_seed=1).divide(lengths, np.random.default_rng(0), 2000)
    drawn = np.zeros((2000, 40), bool)
    for row, batch in zip(drawn, batches, strict=True):
        row[batch] = True
        assert (np.diff(lengths[batch]) > 0).all(), "shortest first, no row twice"
    assert abs(drawn.mean() - 0.25) < 0.01
    assert np.abs(drawn.mean(0) - 0.25).max() < 0.05, "a row has the same chance whatever its length"
    sizes = drawn.sum(1)
    assert abs(sizes.var() - 40 * 0.25 * 0.75) < 1, "the size of a batch is binomial, not fixed"


def test_an_epoch_expects_each_row_once_and_a_small_log_is_one_batch():
    assert len(PoissonBatching(batch_size=10, draw_seed=1).divide(np.ones(40), np.random.default_rng(0))) == 4
    [all_rows] = PoissonBatching(batch_size=50, draw_seed=1).divide(np.ones(40), np.random.default_rng(0))
    assert len(all_rows) == 40


def test_throws_are_secret_unless_they_are_seeded():
    def divided(seed, generator=0):
        batching = PoissonBatching(batch_size=10, draw_seed=seed)
        return [rows.tolist() for rows in batching.divide(np.ones(40), np.random.default_rng(generator))]

    assert divided(1, generator=0) == divided(1, generator=1)
    assert divided(None) != divided(None), "the seed of the run decides nothing"


def test_a_limit_on_events_would_draw_by_length():
    with pytest.raises(UserError, match=r"batch_tokens is 100.*set batch_tokens=null"):
        PoissonBatching(batch_size=10, batch_tokens=100)
    with pytest.raises(UserError, match="batch_size is 0, allowed are whole numbers from 1"):
        PoissonBatching(batch_size=0)
