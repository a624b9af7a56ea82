import numpy as np
import pytest
import torch
from scipy import sparse

from seqmine.models.baselines.ease import EASE, item_weights
from seqmine.structs import UserError
from tests.models.baselines.small_logs import batch_of, log_of, random_histories

NUM_ITEMS = 12


def slow_weights(histories, regularization):
    """Regress each item on the others: the normal equations without the item's own column."""
    users = np.zeros((len(histories), NUM_ITEMS))
    for row, history in enumerate(histories):
        users[row, np.array(history) - 1] = 1.0
    weights = np.zeros((NUM_ITEMS, NUM_ITEMS))
    for item in range(NUM_ITEMS):
        others = np.delete(np.arange(NUM_ITEMS), item)
        x = users[:, others]
        weights[others, item] = np.linalg.solve(x.T @ x + regularization * np.eye(len(others)), x.T @ users[:, item])
    return weights


def test_each_item_is_a_ridge_regression_on_the_others():
    histories = random_histories()
    model = EASE(regularization=3.0)
    model.fit(log_of(histories), NUM_ITEMS)
    np.testing.assert_allclose(model.weights[1:, 1:].numpy(), slow_weights(histories, 3.0), atol=1e-5)
    assert not model.weights[0].any() and not model.weights[:, 0].any()
    assert not model.weights.diagonal().any()


def test_neither_order_nor_repeats_change_a_score():
    model = EASE(regularization=3.0)
    model.fit(log_of(random_histories()), NUM_ITEMS)
    scores = model.score(batch_of([[1, 5, 9], [9, 1, 5], [5, 5, 1, 9, 1], [9, 5]]))
    assert torch.equal(scores[0], scores[1]) and torch.equal(scores[0], scores[2])
    assert not torch.allclose(scores[0], scores[3])
    expected = model.weights[[1, 5, 9]].sum(0)
    torch.testing.assert_close(scores[0, 1:], expected[1:], rtol=0, atol=1e-6)


def test_popularity_orders_what_shares_no_user():
    model = EASE()
    model.fit(log_of([[1, 2], [1, 2], [3, 4], [3], [3]]), 4)
    scores = model.score(batch_of([[1]]))[0]
    assert scores[2] > scores[3] > scores[4] > 0


def test_more_regularization_means_smaller_weights():
    table = np.array([[0, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]])
    small, large = (np.abs(item_weights(sparse.csr_matrix(table), value)).sum() for value in (1.0, 50.0))
    assert large < small


def test_a_catalog_that_does_not_fit_is_refused_before_it_is_counted():
    with pytest.raises(UserError, match=r"max_gib is 0.5, and EASE needs 11175.9 GiB for 1,000,000 items; allow more"):
        EASE(max_gib=0.5).fit(log_of([[1, 2]]), 1_000_000)
    with pytest.raises(UserError, match="regularization is 0.0, allowed are numbers above 0"):
        EASE(regularization=0.0)
