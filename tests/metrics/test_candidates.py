import math

import torch

from seqmine.metrics import candidates
from seqmine.metrics.candidates import keep_sampled


def kept(scores):
    return [set(row.nonzero().flatten().tolist()) for row in scores > -math.inf]


def fresh(num_users=6, num_items=300, seen=(5, 6, 7)):
    scores = torch.zeros(num_users, num_items + 1)
    scores[:, 0] = -math.inf
    scores[:, list(seen)] = -math.inf
    return scores, torch.full((num_users,), 9), torch.arange(num_users)


def test_a_row_keeps_its_target_and_the_number_drawn():
    scores, targets, users = fresh()
    for row in kept(keep_sampled(scores, targets, users, weights=torch.ones(301), seed=1)):
        assert len(row) == 101
        assert 9 in row
        assert not row & {0, 5, 6, 7}


def test_the_draw_depends_on_seed_and_user_alone(monkeypatch):
    draw = lambda scores, targets, users, seed: kept(  # noqa: E731
        keep_sampled(scores, targets, users, weights=torch.ones(301), seed=seed)
    )
    scores, targets, users = fresh()
    whole = draw(scores, targets, users, 1)
    order = torch.tensor([3, 0, 5, 1])
    monkeypatch.setattr(candidates, "_BLOCK_KEYS", 301)
    scores, targets, users = fresh()
    part = draw(scores[order], targets[order], users[order], 1)
    assert part == [whole[user] for user in order.tolist()]
    scores, targets, users = fresh()
    assert draw(scores, targets, users, 2) != whole
    assert whole[0] != whole[1]


def test_uniform_draws_are_uniform_and_weights_count():
    num_users, num_items = 4000, 20
    scores = torch.zeros(num_users, num_items + 1)
    scores[:, 0] = -math.inf
    targets = torch.full((num_users,), num_items + 5)
    weights = torch.ones(num_items + 1)
    weights[1], weights[2] = 0.0, 4.0
    keep_sampled(scores, targets, torch.arange(num_users), weights=weights, seed=3, num_sampled=1)
    counts = (scores > -math.inf).sum(0).tolist()
    expected = num_users / (num_items - 2 + 4)
    assert counts[1] == 0
    assert abs(counts[2] - 4 * expected) < 5 * math.sqrt(4 * expected)
    assert all(abs(count - expected) < 5 * math.sqrt(expected) for count in counts[3:])


def test_all_candidates_stay_where_fewer_are_left():
    scores, targets, users = fresh(num_items=50)
    keep_sampled(scores, targets, users, weights=torch.ones(51), seed=1)
    assert all(len(row) == 50 - 3 for row in kept(scores))
