import json
import math
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch

from seqmine.metrics.evaluator import RankingEvaluator
from seqmine.metrics.functional import NonFiniteScores
from seqmine.structs import SequenceBatch, UserError
from tests.listing import Listing, Told

NUM_ITEMS = 40


def make_batch(targets, users=None, seen=()):
    targets = torch.as_tensor(targets)
    size = len(targets)
    columns = torch.zeros(size, 3, dtype=torch.int64)
    columns[:, 1] = targets
    items = torch.ones(size, 3, dtype=torch.int64)
    items[:, 2] = 0
    return SequenceBatch(
        items=items,
        targets=columns,
        lengths=torch.full((size,), 2),
        user_index=torch.arange(size) if users is None else torch.as_tensor(users),
        seen_rows=torch.tensor([row for row, _ in seen], dtype=torch.int64),
        seen_items=torch.tensor([item for _, item in seen], dtype=torch.int64),
    )


def make_evaluator(**settings):
    return RankingEvaluator(num_items=NUM_ITEMS, train_counts=torch.arange(NUM_ITEMS + 1), **settings)


def random_problem(size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(size, NUM_ITEMS + 1, generator=generator)
    targets = torch.randint(1, NUM_ITEMS + 3, (size,), generator=generator)
    return scores, targets


def test_values_equal_a_numpy_reference():
    scores, targets = random_problem(30)
    seen = [(row, item) for row in range(30) for item in (1, 2, 3, 17)]
    evaluator = make_evaluator()
    ranks = evaluator.update(scores.clone(), make_batch(targets, seen=seen))
    expected, lists = [], []
    for row, target in zip(scores.numpy(), targets.tolist(), strict=True):
        allowed = [item for item in range(1, NUM_ITEMS + 1) if item not in (1, 2, 3, 17)]
        order = sorted(allowed, key=lambda item: -row[item])
        lists.append(order[:10])
        expected.append(1 + order.index(target) if target in order else NUM_ITEMS + 1)
    assert NUM_ITEMS + 1 in [rank for rank, target in zip(expected, targets, strict=True) if target <= NUM_ITEMS]
    assert ranks.tolist() == expected
    values = evaluator.compute()
    expected = np.array(expected)
    assert values["hit_rate@5"] == pytest.approx((expected <= 5).mean(), abs=1e-12)
    assert values["ndcg@20"] == pytest.approx(((expected <= 20) / np.log2(expected + 1)).mean(), abs=1e-12)
    assert values["mrr@10"] == pytest.approx(((expected <= 10) / expected).mean(), abs=1e-12)
    assert values["coverage@10"] == pytest.approx(len({item for row in lists for item in row}) / NUM_ITEMS, abs=1e-12)
    share = np.arange(NUM_ITEMS + 1) / np.arange(NUM_ITEMS + 1).sum()
    assert values["novelty@10"] == pytest.approx(-np.log2(share[np.array(lists)]).mean(), abs=1e-12)
    assert set(values) == {
        *(f"{name}@{k}" for name in ("hit_rate", "ndcg", "mrr") for k in (5, 10, 20, 50)),
        *("coverage@10", "novelty@10", "popularity_bias@10"),
    }


def test_measures_of_ones_own_stand_beside_the_others():
    scores, targets = random_problem(20)
    evaluator = make_evaluator(
        of_ranks={"first": lambda ranks: (ranks == 1).double()}, of_lists={"fifth": lambda lists: lists[:, 4].double()}
    )
    ranks = evaluator.update(scores.clone(), make_batch(targets))
    found = evaluator.compute()
    assert {"first", "fifth"} <= set(evaluator.names)
    assert found["first"] == pytest.approx(float((ranks == 1).double().mean()))
    scores[:, 0] = -torch.inf
    assert found["fifth"] == pytest.approx(float(scores.argsort(descending=True)[:, 4].double().mean()))
    evaluator.reset()
    assert math.isnan(evaluator.compute()["first"])


def test_batches_add_up_and_reset_forgets():
    scores, targets = random_problem(12)
    whole, parts = make_evaluator(), make_evaluator()
    whole.update(scores.clone(), make_batch(targets))
    parts.update(scores.clone(), make_batch(targets))
    parts.reset()
    for rows in (slice(0, 5), slice(5, 12)):
        parts.update(scores[rows].clone(), make_batch(targets[rows], users=range(*rows.indices(12))))
    assert parts.compute() == pytest.approx(whole.compute(), abs=1e-12)
    for left, right in zip(parts.per_user(), whole.per_user(), strict=True):
        assert torch.equal(left, right)


def test_per_user_is_in_user_order_and_exact():
    scores, targets = random_problem(5)
    evaluator = make_evaluator()
    users = [2**40 + 1, 3, 9, 1, 7]
    ranks = evaluator.update(scores, make_batch(targets, users=users))
    index, _, target, rank = evaluator.per_user()
    assert index.tolist() == sorted(users)
    order = np.argsort(users)
    assert target.tolist() == targets[order].tolist()
    assert rank.tolist() == ranks[order].tolist()


def test_targets_of_one_user_stand_by_their_position():
    scores, targets = random_problem(6)
    evaluator = make_evaluator()
    batch = make_batch(targets, users=[5, 2, 5, 2, 2, 5])
    batch.target_positions = torch.tensor([9, 30, 7, 10, 20, 8])
    ranks = evaluator.update(scores, batch)
    user, position, target, rank = evaluator.per_user()
    assert list(zip(user.tolist(), position.tolist(), strict=True)) == [
        (2, 10),
        (2, 20),
        (2, 30),
        (5, 7),
        (5, 8),
        (5, 9),
    ]
    order = [3, 4, 1, 2, 5, 0]
    assert (target.tolist(), rank.tolist()) == (targets[order].tolist(), ranks[order].tolist())


@pytest.mark.parametrize(("unseen", "expected"), [("keep", 0.5), ("drop", 1.0)])
def test_targets_unseen_in_training(unseen, expected):
    evaluator = make_evaluator(unseen_targets=unseen)
    scores = torch.zeros(2, NUM_ITEMS + 1)
    scores[:, 5] = 1.0
    evaluator.update(scores, make_batch([5, NUM_ITEMS + 1]))
    # The largest cut-off exceeds the catalog: a miss must stay a miss.
    assert evaluator.compute()["hit_rate@50"] == expected


@pytest.mark.parametrize("candidates", ["full", "uniform_100", "popularity_100"])
def test_a_target_that_is_taken_out_is_a_miss_under_every_rule(candidates):
    for ties in ("pessimistic", "mean", "optimistic"):
        evaluator = make_evaluator(candidates=candidates, ties=ties)
        scores = torch.zeros(2, NUM_ITEMS + 1)
        scores[:, 5] = 1.0
        assert evaluator.update(scores, make_batch([5, 5], seen=[(0, 5)])).tolist() == [NUM_ITEMS + 1, 1]


@pytest.mark.parametrize("unseen", ["keep", "drop"])
@pytest.mark.parametrize("candidates", ["full", "available"])
@pytest.mark.parametrize("digits", [1, 6], ids=["ties", "no ties"])
def test_lists_have_the_metrics_of_the_scores_that_they_are_made_of(unseen, candidates, digits):
    scores, targets = random_problem(60, seed=3)
    scores = scores.round(decimals=digits)
    batch = make_batch(targets, seen=[(row, item) for row in range(0, 60, 2) for item in (1, 2, 3, row % 40 + 1)])
    if candidates == "available":
        batch.not_available = torch.rand(60, NUM_ITEMS + 1, generator=torch.Generator().manual_seed(1)) < 0.2
    settings = {"cutoffs": (5, 10), "unseen_targets": unseen, "candidates": candidates}
    by_scores, by_lists = make_evaluator(**settings), make_evaluator(**settings)
    expected = by_scores.update(scores.clone(), batch)
    ranks = by_lists.update_lists(Listing(Told(scores)), batch)
    assert by_lists.compute() == pytest.approx(by_scores.compute(), abs=1e-12)
    assert torch.equal(ranks, torch.where(ranks <= 10, expected, NUM_ITEMS + 1).where(ranks != 11, torch.tensor(11)))
    assert len(by_lists.per_user()[0]) == len(by_scores.per_user()[0])


@pytest.mark.parametrize(
    ("settings", "longest", "sentence"),
    [
        ({"candidates": "uniform_100"}, 99, "candidates is 'uniform_100', but the model names its best items"),
        ({"ties": "mean"}, 99, "ties is 'mean', but the model names its best items.*set ties=pess"),
        ({"horizon": 3}, 99, "horizon is set, but the model names its best items"),
        ({"cutoffs": (5, 20)}, 19, r"cutoffs is \[5, 20\], but the lists .* at most 19 items and 20 are needed"),
        ({"cutoffs": (5,)}, 9, r"cutoffs is \[5\], but the lists .* at most 9 items and 10 are needed; change"),
        ({"candidates": "available"}, 99, "candidates is 'available', but the run was made before"),
    ],
)  # fmt: skip
def test_what_lists_do_not_tell_is_refused(settings, longest, sentence):
    scores, targets = random_problem(4)
    with pytest.raises(UserError, match=sentence):
        make_evaluator(**settings).update_lists(Listing(Told(scores), longest), make_batch(targets))


def test_a_cut_off_beyond_the_catalog_needs_no_longer_list_than_the_catalog():
    scores, targets = random_problem(9)
    evaluator, by_scores = make_evaluator(cutoffs=(50,)), make_evaluator(cutoffs=(50,))
    evaluator.update_lists(Listing(Told(scores), NUM_ITEMS), make_batch(targets))
    by_scores.update(scores.clone(), make_batch(targets))
    assert evaluator.compute() == by_scores.compute()
    assert evaluator.per_user()[3].tolist() == by_scores.per_user()[3].tolist()


def test_a_constant_model_scores_zero_and_ties_are_an_option():
    for ties, expected in (("pessimistic", 0.0), ("mean", 0.0), ("optimistic", 1.0)):
        evaluator = make_evaluator(ties=ties)
        evaluator.update(torch.zeros(3, NUM_ITEMS + 1), make_batch([1, 2, 3]))
        assert evaluator.compute()["hit_rate@10"] == expected


def test_a_broken_model_is_an_error_even_where_the_score_is_masked():
    scores = torch.zeros(2, NUM_ITEMS + 1)
    scores[0, 7] = float("nan")
    with pytest.raises(NonFiniteScores, match="the model has diverged"):
        make_evaluator().update(scores, make_batch([1, 2], seen=[(0, 7)]))


def test_sampled_candidates_flatter_and_repeat_with_the_seed():
    counts = torch.arange(1001)
    scores = torch.randn(64, 1001, generator=torch.Generator().manual_seed(1))
    targets = torch.arange(1, 65)
    values = {}
    for name in ("full", "uniform_100", "popularity_100"):
        for seed in (1, 2):
            evaluator = RankingEvaluator(num_items=1000, train_counts=counts, candidates=name, seed=seed)
            evaluator.update(scores.clone(), make_batch(targets))
            values[name, seed] = evaluator.per_user()[3].tolist()
    assert max(values["uniform_100", 1]) <= 101
    assert values["full", 1] == values["full", 2]
    assert values["uniform_100", 1] != values["uniform_100", 2]
    assert values["uniform_100", 1] != values["popularity_100", 1]
    assert all(one <= full for one, full in zip(values["popularity_100", 1], values["full", 1], strict=True))


def test_a_cut_off_below_one_is_named():
    with pytest.raises(UserError, match=r"cutoffs is \[0, 10\], allowed are whole numbers from 1"):
        make_evaluator(cutoffs=(0, 10))


def test_candidates_that_no_batch_tells_of_are_refused():
    with pytest.raises(UserError, match="candidates is 'available', but the run was made before"):
        make_evaluator(candidates="available").update(torch.zeros(1, NUM_ITEMS + 1), make_batch([1]))


WORKER = textwrap.dedent(
    """
    import json, sys
    sys.path.insert(0, {folder!r})
    import torch, torch.distributed as dist
    from test_evaluator import make_batch, make_evaluator, random_problem
    rank, world, size = int(sys.argv[1]), 2, int(sys.argv[2])
    store = dist.FileStore(sys.argv[3], world)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=world)
    scores, targets = random_problem(size)
    evaluator = make_evaluator()
    mine = torch.arange(size)[rank::world]
    for rows in mine.split(3):
        evaluator.update(scores[rows].clone(), make_batch(targets[rows], users=rows))
    values = evaluator.compute()
    users, *_, ranks = evaluator.per_user()
    print(json.dumps([values, users.tolist(), ranks.tolist()]))
    dist.destroy_process_group()
    """
)


@pytest.mark.parametrize("size", [13, 1])
def test_two_processes_with_uneven_users_equal_one(tmp_path, size, request):
    script = WORKER.format(folder=str(request.path.parent))
    command = [sys.executable, "-W", "ignore", "-c", script]
    store = str(tmp_path / "store")
    workers = [
        subprocess.Popen([*command, str(rank), str(size), store], stdout=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    outputs = [json.loads(worker.communicate(timeout=120)[0].splitlines()[-1]) for worker in workers]
    scores, targets = random_problem(size)
    single = make_evaluator()
    single.update(scores, make_batch(targets))
    for values, users, ranks in outputs:
        assert values == pytest.approx(single.compute(), abs=1e-12)
        assert users == list(range(size))
        assert ranks == single.per_user()[3].tolist()


def test_nothing_to_count_is_not_a_number():
    evaluator = make_evaluator(unseen_targets="drop")
    evaluator.update(torch.zeros(1, NUM_ITEMS + 1), make_batch([NUM_ITEMS + 1]))
    assert math.isnan(evaluator.compute()["hit_rate@10"])


def test_the_evaluator_leaves_no_trace_in_a_checkpoint():
    assert make_evaluator().state_dict() == {}


def test_unseen_items_are_candidates_of_all_and_missed_by_a_model_that_has_no_scores_of_them():
    """Items 4 and 5 were never seen: the one model scores them, the other does not."""
    counts = torch.tensor([0, 3, 2, 1, 0, 0])
    settings = {"num_items": 5, "train_counts": counts, "cutoffs": [2], "unseen_targets": "score"}
    batch = make_batch([4, 2])
    scores = torch.tensor([[0.0, 0.1, 0.2, 0.3, 0.9, 0.5], [0.0, 0.1, 0.8, 0.3, 0.9, 0.5]])
    assert RankingEvaluator(**settings).update(scores.clone(), batch).tolist() == [1, 2]
    assert RankingEvaluator(**settings).update(scores[:, :4].clone(), batch).tolist() == [6, 1]
    with pytest.raises(UserError, match=r"unseen_targets is 'score' and candidates 'available', allowed is full"):
        RankingEvaluator(**settings, candidates="available")
