import math

import numpy as np

from seqmine.models.baselines.session_knn import SessionKNN
from seqmine.structs import InteractionLog
from tests.models.baselines.small_logs import batch_of, log_of, random_histories

NUM_ITEMS = 12


def slow_votes(histories, query, num_neighbors, num_candidates, num_recent):
    recent = query[-num_recent:]
    weights = {item: 1 - (len(recent) - 1 - step) / num_recent for step, item in enumerate(recent)}
    overlap = {}
    for item in sorted(weights):
        holders = [user for user in reversed(range(len(histories))) if item in histories[user]][:num_candidates]
        for user in holders:
            overlap[user] = overlap.get(user, 0.0) + weights[item]
    nearest = sorted(overlap, key=lambda user: -overlap[user])[:num_neighbors]
    scores = np.zeros(NUM_ITEMS + 1)
    for user in nearest:
        weight, distance = 0.0, 0
        for item in histories[user]:
            distance += 1
            holders = sum(item in history for history in histories)
            scores[item] += overlap[user] * weight * math.log((len(histories) + 1) / holders) / distance
            if item in weights:
                weight, distance = weights[item], 0
    return scores


def test_votes_equal_a_plain_loop():
    histories = random_histories(num_users=40)
    model = SessionKNN(num_neighbors=100, num_candidates=6, num_recent=4)
    model.fit(log_of(histories), NUM_ITEMS)
    queries = random_histories(num_users=8, seed=5)
    scores = model.score(batch_of(queries)).numpy()
    for row, query in zip(scores, queries, strict=True):
        np.testing.assert_allclose(row, slow_votes(histories, query, 100, 6, 4), rtol=1e-4, atol=2e-6)


def test_the_nearest_history_wins():
    model = SessionKNN(num_neighbors=1)
    model.fit(log_of([[1, 2, 3, 4], [1, 5, 6, 7], [8, 9]]), NUM_ITEMS)
    assert model.score(batch_of([[1, 2, 3]]))[0].argmax() == 4


def test_an_item_that_others_come_back_to_is_voted_for():
    model = SessionKNN()
    model.fit(log_of([[1, 2, 1], [3, 2, 3], [4, 5, 6]]), NUM_ITEMS)
    assert model.score(batch_of([[3, 2]]))[0].argmax() == 3


def test_time_decides_which_histories_are_new():
    items, offsets = np.array([1, 2, 1, 3], np.int32), np.array([0, 2, 4])
    for times, expected in (([0, 1, 5, 6], 3), ([5, 6, 0, 1], 2)):
        model = SessionKNN(num_candidates=1)
        model.fit(InteractionLog(items, offsets, timestamps=np.array(times)), num_items=3)
        assert model.score(batch_of([[1]]))[0].argmax() == expected


def test_users_without_events_are_no_neighbors():
    model = SessionKNN()
    model.fit(log_of([[], [1, 2], []]), num_items=2)
    assert model.score(batch_of([[1]]))[0].argmax() == 2
