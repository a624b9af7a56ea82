import math

import numpy as np

from seqmine.models.baselines.item_knn import ItemKNN
from tests.models.baselines.small_logs import batch_of, log_of, random_histories

NUM_ITEMS = 12


def slow_similarity(histories, left, right, shrinkage):
    sets = [set(history) for history in histories]
    together = sum(left in one and right in one for one in sets)
    if left == right:
        together = sum(history.count(left) > 1 for history in histories)
    counts = [sum(item in one for one in sets) for item in (left, right)]
    return together / (math.sqrt(counts[0] * counts[1]) + shrinkage) if together else 0.0


def test_scores_are_decayed_sums_of_cosines():
    histories = random_histories()
    model = ItemKNN(num_neighbors=NUM_ITEMS, num_recent=3, decay=0.5, shrinkage=2.0)
    model.fit(log_of(histories), NUM_ITEMS)
    queries = [[1, 2, 3, 4, 5], [7], [9, 9]]
    scores = model.score(batch_of(queries)).numpy()
    for row, query in zip(scores, queries, strict=True):
        expected = [
            sum(0.5**back * slow_similarity(histories, item, other, 2.0) for back, item in enumerate(query[::-1][:3]))
            for other in range(NUM_ITEMS + 1)
        ]
        np.testing.assert_allclose(row, expected, atol=2e-6)


def test_an_item_that_users_come_back_to_is_its_own_neighbor_beside_the_others():
    histories = [[1, 1, 2]] * 4 + [[3, 2]] * 4 + [[4]]
    model = ItemKNN(num_neighbors=1, shrinkage=0.0)
    model.fit(log_of(histories), num_items=4)
    scores = model.score(batch_of([[1], [3]]))
    assert scores[0, 1] > scores[0, 2] > 0.1
    assert scores[1, 3] < 1e-5 and scores[1, 2] > 0.1


def test_only_the_nearest_are_kept_and_popularity_orders_the_rest():
    histories = [[1, 2]] * 5 + [[1, 3]] * 2 + [[4], [4], [5]]
    model = ItemKNN(num_neighbors=1)
    model.fit(log_of(histories), num_items=5)
    scores = model.score(batch_of([[1]]))[0]
    assert scores.argmax() == 2
    assert scores[3] < 1e-5
    assert scores[4] > scores[5] > 0
