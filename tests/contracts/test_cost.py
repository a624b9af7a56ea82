"""Guards of the cost of a step: counts, never seconds, so that they hold on any machine."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from seqmine.data.batching import Batching, TrainingBatches
from seqmine.data.collate import NextItemCollate
from seqmine.data.windows import LatestWindow
from seqmine.models.encoders.sasrec import SASRecEncoder
from seqmine.models.losses.cross_entropy import CrossEntropy
from seqmine.models.losses.sampled_softmax import SampledSoftmax
from seqmine.models.module import SequenceModule
from seqmine.models.negatives import UniformSampler
from seqmine.models.optimizers import LazyAdamW, clip_norm
from seqmine.models.schedules import constant
from seqmine.structs import Catalog, InteractionLog

NUM_ITEMS = 3000
RANDOM = np.random.default_rng(0)
LENGTHS = np.minimum(5 + RANDOM.geometric(0.25, 8000), 51)
LOG = InteractionLog.from_lists([RANDOM.integers(1, NUM_ITEMS + 1, length).tolist() for length in LENGTHS])


def batches() -> list:
    return list(
        TrainingBatches(
            log=LOG, collate=NextItemCollate(log=LOG, train_stops=LOG.lengths), train_stops=LOG.lengths, windows=LatestWindow(), max_length=50, batching=Batching(batch_size=128),
            seed=0, rank=0, world_size=1, progress=lambda: (0, 0),
        )
    )  # fmt: skip


def module(loss, optimizer=torch.optim.AdamW, num_items=NUM_ITEMS) -> SequenceModule:
    torch.manual_seed(0)
    return SequenceModule(
        embedding_dim=32, loss=loss, catalog=Catalog.of_size(num_items), scheduler=constant,
        encoder=SASRecEncoder(embedding_dim=32, max_length=50, num_layers=2, num_heads=1, dropout=0.2),
        optimizer=partial(optimizer, lr=0.1, weight_decay=0.0, betas=(0.9, 0.98), fused=True),
    )  # fmt: skip


def profile_step(net, batch) -> list:
    """Return the operations of a whole training step, after one that warms up."""
    optimizer = net.build_optimizer(net.parameters())
    for number in range(2):
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
            loss, _ = net.training_losses(batch)
            loss.backward()
            clip_norm(net.parameters(), 5.0)
            optimizer.step()
            optimizer.zero_grad()
        if number:
            return list(profiler.events())
    raise AssertionError


def largest_allocation(net, batch) -> int:
    """Return the bytes of the largest allocation of a step."""
    return max(event.self_cpu_memory_usage for event in profile_step(net, batch))


LOSSES = [CrossEntropy(), SampledSoftmax(num_negatives=500, sampler=UniformSampler(), temperature=1.0)]


def test_at_most_5_of_100_computed_tokens_are_padding():
    computed = sum(group.items.numel() for batch in batches() for group in batch.in_groups())
    useful = sum(int(batch.lengths.sum()) for batch in batches())
    assert computed <= 1.05 * useful


@pytest.mark.parametrize("loss", LOSSES, ids=["full", "sampled"])
def test_kernels_of_a_step_are_few(loss):
    """Views and allocations left out; the bound leaves room for another version of torch, not for a loop over rows."""
    free = ("view", "empty", "as_strided", "detach", "resolve_conj", "alias", "unsqueeze", "expand")
    events = profile_step(module(loss), replace(batches()[0], groups=()))
    leaves = [event.name for event in events if event.name.startswith("aten::") and not event.cpu_children]
    kernels = [name for name in leaves if not any(word in name for word in free)]
    assert 100 < len(kernels) < 600


def test_scores_of_all_positions_are_never_in_memory_together():
    batch = max(batches(), key=lambda batch: int(batch.targets.count_nonzero()))
    scores = 4 * int(batch.targets.count_nonzero()) * NUM_ITEMS
    assert 0 < largest_allocation(module(CrossEntropy()), batch) < scores / 2


def test_a_lazy_step_allocates_nothing_of_the_size_of_the_table():
    few = SampledSoftmax(num_negatives=50, sampler=UniformSampler(), temperature=1.0)
    batch, table = batches()[0], 4 * 32 * 50_001
    assert largest_allocation(module(few, LazyAdamW, num_items=50_000), batch) < table / 4
    assert largest_allocation(module(few, num_items=50_000), batch) >= table


def operations(function) -> int:
    """Return the floating-point operations of the matrix products of a call."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        function()
    return counter.get_total_flops()


def test_a_score_encodes_only_the_last_event_in_the_last_layer():
    net, batch = module(LOSSES[0]).eval(), replace(batches()[0], groups=())
    catalog = 2 * 32 * (NUM_ITEMS + 1) * len(batch)
    assert catalog < operations(lambda: net.score(batch)) < catalog + 0.75 * operations(lambda: net(batch))


def test_a_batch_has_few_bytes_an_event():
    """Items and targets of 8 bytes a position, and 16 bytes a row."""
    for batch in batches():
        tensors = [batch.items, batch.targets, batch.lengths, batch.user_index]
        size = sum(tensor.element_size() * tensor.numel() for tensor in tensors)
        assert size <= 16 * batch.items.numel() + 16 * len(batch)
        assert batch.behaviors is None and batch.timestamps is None
