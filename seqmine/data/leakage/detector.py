"""Runs every check that applies to a prepared log."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from seqmine.data.cleaning.audit import Audit
from seqmine.data.clock import clock_of_log
from seqmine.data.collate import NextItemCollate, TrainingCollate
from seqmine.data.leakage import checks
from seqmine.data.leakage.canary import canary
from seqmine.data.leakage.report import LeakCheck, LeakReport
from seqmine.data.sequences import PreparedData
from seqmine.data.splits import Splitter
from seqmine.data.windows import WindowChoice


def find_leaks(
    data: PreparedData,
    *,
    splitter: Splitter,
    windows: WindowChoice,
    max_length: int,
    audit: Audit | None,
    seed: int,
    task: Callable[..., TrainingCollate] = NextItemCollate,
    target_behaviors: Sequence[str] | None = None,
) -> LeakReport:
    """Look for every known kind of leak.

    Args:
        data: the prepared log.
        splitter: made its parts; what it promises of time and of users is checked.
        windows: chooses the stretches of history that are trained on.
        max_length: longest input, in events.
        audit: what cleaning did to the log before, or None.
        seed: decides the windows that are looked at and the canary.
        task: builds the collate that makes training batches.
        target_behaviors: kinds of events that are predicted, or None when every event is.
    """
    log, split, num_items = data.log, data.split, data.catalog.num_items
    parts = (("validation", split.val, data.val_items), ("test", split.test, data.test_items))
    found = [checks.training_before_targets(log, split)]
    found += [checks.target_outside_input(log, targets, items, num_items, part) for part, targets, items in parts]
    found.append(checks.counts_from_training(log, split, data.catalog.train_counts.numpy()))
    chosen = windows.choose(log.offsets, split.train_stops, max_length, np.random.default_rng(seed))
    found.append(checks.windows_inside_training(log, split, chosen))
    found.append(checks.batches_blind_to_held_out(log, split, chosen, task, num_items=num_items, seed=seed))
    if audit is not None and audit.counts:
        stops = audit.edge.counted_stops(log, lengths_before(data))
        found.append(checks.counted_inside_training(split, stops))
    numbers = log.behavior_numbers(target_behaviors)
    if numbers is not None:
        found += [
            checks.targets_of_behavior(log, targets, items, num_items, numbers, part) for part, targets, items in parts
        ]
    if splitter.keeps_users_apart:
        found.append(checks.users_apart(log, split))
    if log.timestamps is not None:
        found += _checks_of_time(data, splitter)
    found.append(canary(log, split, windows, max_length=max_length, num_items=num_items, seed=seed))
    return LeakReport(tuple(found))


def lengths_before(data: PreparedData) -> NDArray[np.int64]:
    """Return the length of each history with the targets that have no event in the log, as cleaning saw it."""
    targets = ((data.split.val, data.val_items), (data.split.test, data.test_items))
    unseen = [part.users[items > data.catalog.num_items] for part, items in targets]
    return data.log.lengths + np.bincount(np.concatenate(unseen), minlength=data.log.num_users)


def _checks_of_time(data: PreparedData, splitter: Splitter) -> list[LeakCheck]:
    log, split, num_items = data.log, data.split, data.catalog.num_items
    clock = clock_of_log(log)
    assert clock is not None
    found = [
        checks.histories_in_order(log),
        checks.targets_not_repeated(log, split.val, data.val_items, num_items, "validation", clock),
        checks.targets_not_repeated(log, split.test, data.test_items, num_items, "test", clock),
        checks.order_is_defined(log),
    ]
    if splitter.divides_by_time:
        promised = (num_items, splitter.validates_by_time)
        found.append(checks.training_before_edge(log, split, data.val_items, data.test_items, *promised))
        parts = (("validation", split.val), ("test", split.test))
        found += [checks.own_moment_outside_input(log, of, part) for part, of in parts if of.inputs is None]
    if splitter.keeps_users_apart:
        found.append(checks.histories_not_repeated(log, split))
    return found
