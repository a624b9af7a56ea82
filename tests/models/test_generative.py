import json
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

from seqmine.metrics.evaluator import RankingEvaluator
from seqmine.models.embeddings.semantic import SemanticItems
from seqmine.models.generative import GenerativeModule
from seqmine.models.schedules import constant
from seqmine.structs import Catalog, ListRecommender, Recommender, SequenceBatch
from tests.tiny import call, train

NUM_ITEMS = 40


class Echo(nn.Module):
    """Returns what it is given."""

    def forward(self, embedded, batch):
        return embedded


def module(beam_width=NUM_ITEMS, num_codes=8, **settings) -> GenerativeModule:
    """Return a model whose items share digits: 27 prefixes, and one digit more."""
    torch.manual_seed(0)
    net = GenerativeModule(
        embedding_dim=8, encoder=Echo(), scheduler=constant, catalog=Catalog.of_size(NUM_ITEMS), dropout=0.0,
        optimizer=partial(torch.optim.AdamW, lr=0.1, weight_decay=0.0), beam_width=beam_width,
        item_table=partial(SemanticItems, semantic_ids=None, num_levels=3, num_codes=num_codes), **settings,
    )  # fmt: skip
    random = np.random.default_rng(0)
    digits = random.integers(0, 3, (NUM_ITEMS, 3))
    codes = [[*digits[row], sum((digits[:row] == digits[row]).all(1))] for row in range(NUM_ITEMS)]
    state = net.state_dict()
    state["item_embedding.trie.codes"] = torch.tensor([[0, 0, 0, 0], *codes])
    state["item_embedding.digits"] = torch.randn(state["item_embedding.digits"].shape)
    net.load_state_dict(state)
    return net.eval()


def batch_of(num_rows=6, num_seen=0) -> SequenceBatch:
    generator = torch.Generator().manual_seed(1)
    items = torch.randint(1, NUM_ITEMS + 1, (num_rows, 3), generator=generator)
    seen = torch.randint(1, NUM_ITEMS + 1, (num_rows, num_seen), generator=generator)
    targets = torch.zeros_like(items)
    targets[:, 2] = torch.randint(1, NUM_ITEMS + 1, (num_rows,), generator=generator)
    rows = torch.arange(num_rows)
    return SequenceBatch(
        items, targets, torch.full((num_rows,), 3), rows, seen_items=seen.flatten(),
        seen_rows=rows.repeat_interleave(num_seen),
    )  # fmt: skip


def by_hand(net: GenerativeModule, hidden: torch.Tensor, item: int) -> float:
    """Return the logarithm of the probability of an item, digit by digit, over the digits that lead to an item."""
    table, codes = net.item_embedding, net.item_embedding.trie.codes
    state, total = hidden.clone(), 0.0
    for level, code in enumerate(codes[item].tolist()):
        below = (codes[1:, :level] == codes[item, :level]).all(1)
        legal = codes[1:][below][:, level].unique()
        logs = (net.heads[level](state[None, None])[0] @ table.digits[level][legal].T).log_softmax(1)[0]
        total += logs[legal == code].item()
        state = state + table.digits[level][code] * 8**0.5
    return total


@pytest.mark.parametrize("temperature", [None, 0.5])
def test_probabilities_are_exact_and_those_of_all_items_sum_to_1(temperature):
    net, batch = module(cosine_temperature=temperature), batch_of()
    assert isinstance(net, ListRecommender) and isinstance(net, Recommender)
    scores = net.score(batch)[:, 1:]
    torch.testing.assert_close(scores.exp().sum(1), torch.ones(6))
    hidden = net(batch)[:, -1]
    for item in (1, 7, NUM_ITEMS):
        one = net.log_probabilities(hidden, torch.full((6,), item))
        torch.testing.assert_close(one, scores[:, item - 1])
        if temperature is None:
            assert one[2].item() == pytest.approx(by_hand(net, hidden[2], item), abs=1e-4)
    assert net.next_item_loss(hidden, batch.last_targets).item() == pytest.approx(
        -scores.gather(1, batch.last_targets[:, None] - 1).mean().item(), rel=1e-5
    )


@pytest.mark.parametrize("num_seen", [0, 12])
def test_a_beam_as_wide_as_the_catalog_ranks_as_scoring_every_item(num_seen):
    net, batch = module(), batch_of(num_rows=50, num_seen=num_seen)
    settings = {
        "num_items": NUM_ITEMS,
        "train_counts": Catalog.of_size(NUM_ITEMS).train_counts,
        "cutoffs": [5, NUM_ITEMS],
    }
    by_scores, by_lists = RankingEvaluator(**settings), RankingEvaluator(**settings)
    ranks = by_scores.update(net.score(batch), batch)
    assert torch.equal(by_lists.update_lists(net, batch), ranks)
    assert ranks.unique().numel() > 15
    assert by_lists.compute() == by_scores.compute()


def test_a_narrow_beam_finds_real_items_that_were_not_seen_and_in_order():
    net, batch = module(beam_width=5), batch_of(num_rows=50)
    seen = torch.randint(0, NUM_ITEMS + 1, (50, 30), generator=torch.Generator().manual_seed(2))
    items, scores = net.top(batch, 5, seen)
    exact = net.score(batch)
    for row in range(50):
        listed = [item for item in items[row].tolist() if item]
        assert len(set(listed)) == len(listed) and not set(listed) & set(seen[row].tolist())
        assert all(first >= second for first, second in pairwise(scores[row, : len(listed)].tolist()))
        torch.testing.assert_close(scores[row, : len(listed)], exact[row, listed])
    assert (items > 0).all()  # a prefix whose items were all seen takes no place in the beam


def test_nothing_is_listed_where_all_was_seen_but_one():
    net, batch = module(), batch_of(num_rows=1)
    seen = torch.tensor([[item for item in range(1, NUM_ITEMS + 1) if item != 9]])
    items, scores = net.top(batch, 3, seen)
    assert items.tolist() == [[9, 0, 0]] and scores.isfinite().all()


def test_gradients_reach_every_part_also_where_no_digit_is_open():
    net = module()
    for some in (batch_of(), replace(batch_of(), targets=torch.full((6, 3), 1))):
        net.zero_grad()
        net.training_losses(some)[0].backward()
        assert [name for name, weight in net.named_parameters() if weight.grad is None] == []


def test_it_learns_is_restored_and_delivers_probabilities(small_log, tmp_path):
    small = ["model=generative", "model.item_table.num_codes=6", "model.beam_width=30", "metrics.cutoffs=[10]"]
    quick = ["trainer.max_epochs=4", "optimizer.lr=0.03", "scheduler=constant", "scheduler.warmup_steps=0"]
    folder = train(small_log, tmp_path / "run", *small, *quick)
    lists = call("recommend", tmp_path / "lists", f"run={folder}", "top_k=3") / "recommendations.parquet"
    assert json.loads((folder / "metrics.json").read_text())["test/hit_rate@10"] > 0.6
    found = pl.read_parquet(lists)
    assert found["score"].max() <= 0 and found.group_by("user_id").len()["len"].max() == 3
    shares = call("recommend", tmp_path / "shares", f"run={folder}", "top_k=30", "scores=probability", "seen=none")
    total = pl.read_parquet(shares / "recommendations.parquet").group_by("user_id").agg(pl.col("score").sum())
    assert np.allclose(total["score"], 1.0, atol=1e-4)
