from collections import Counter, defaultdict

import numpy as np
import pytest

from seqmine.models.baselines.markov import Markov, NGram
from seqmine.structs import UserError
from tests.models.baselines.small_logs import batch_of, log_of, random_histories

NUM_ITEMS = 12


def slow_shares(histories):
    counts = Counter(item for history in histories for item in history)
    total = sum(counts.values()) + NUM_ITEMS
    return [0.0] + [(counts[item] + 1) / total for item in range(1, NUM_ITEMS + 1)]


def slow_followers(histories, size):
    followers = defaultdict(Counter)
    for history in histories:
        for place in range(size, len(history)):
            followers[tuple(history[place - size : place])][history[place]] += 1
    return followers


def test_markov_equals_the_formula():
    histories = random_histories()
    model = Markov()
    model.fit(log_of(histories), NUM_ITEMS)
    shares, followers = slow_shares(histories), slow_followers(histories, 1)
    scores = model.score(batch_of([[5, last] for last in range(1, NUM_ITEMS + 1)])).numpy()
    for last in range(1, NUM_ITEMS + 1):
        after = followers[(last,)]
        total, distinct = sum(after.values()), len(after)
        expected = [(after[i] + distinct * shares[i]) / (total + distinct) for i in range(NUM_ITEMS + 1)]
        np.testing.assert_allclose(scores[last - 1], expected, rtol=1e-5)
        assert scores[last - 1].sum() == pytest.approx(1.0, abs=1e-5)


def test_markov_falls_back_to_popularity_after_an_item_that_ends_every_history():
    model = Markov()
    model.fit(log_of([[1, 2], [1, 2], [3, 2]]), num_items=3)
    assert model.score(batch_of([[2]]))[0].argmax() == 2


@pytest.mark.parametrize("order", [2, 3, 4])
def test_ngram_equals_stupid_back_off(order):
    histories = random_histories(seed=order)
    model = NGram(order=order, back_off=0.4)
    model.fit(log_of(histories), NUM_ITEMS)
    tables = {size: slow_followers(histories, size) for size in range(1, order)}
    shares = slow_shares(histories)
    queries = [*random_histories(seed=99), [3], [7, 7, 7]]

    def slow_score(history, item, size):
        if size == 0:
            return shares[item]
        after = tables[size].get(tuple(history[-size:])) if len(history) >= size else None
        if after and item in after:
            return after[item] / sum(after.values())
        return 0.4 * slow_score(history, item, size - 1)

    expected = [[slow_score(query, item, order - 1) for item in range(NUM_ITEMS + 1)] for query in queries]
    np.testing.assert_allclose(model.score(batch_of(queries)).numpy(), expected, rtol=1e-5)


def test_the_pair_decides_where_single_items_cannot():
    log = log_of([[1, 2, 5], [3, 2, 6], [2, 1, 7]] * 5)
    pairs, single = NGram(), Markov()
    pairs.fit(log, 7)
    single.fit(log, 7)
    batch = batch_of([[1, 2], [3, 2], [2, 1]])
    assert pairs.score(batch).argmax(1).tolist() == [5, 6, 7]
    assert single.score(batch)[0].argmax() == single.score(batch)[1].argmax()


def test_a_log_of_single_events_is_popularity():
    model = NGram(order=3)
    model.fit(log_of([[1], [2], [2]]), num_items=3)
    assert model.score(batch_of([[1, 3, 2]]))[0].argmax() == 2


def test_settings_are_checked():
    with pytest.raises(UserError, match=r"order is 1, allowed are whole numbers from 2"):
        NGram(order=1)
    with pytest.raises(UserError, match=r"back_off is 1.5, allowed are numbers above 0 and up to 1"):
        NGram(back_off=1.5)
