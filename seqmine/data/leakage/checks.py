"""Checks of a prepared log, each a pure function of arrays that looks for one kind of leak.

Targets whose item training never saw have a number above that of the catalog and no event in the log; their position is
the end of their input.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqmine.data.clock import DAY, Clock
from seqmine.data.collate import TrainingCollate
from seqmine.data.leakage.people import targets_behind_others
from seqmine.data.leakage.report import LeakCheck
from seqmine.data.targets import Split, Targets
from seqmine.data.windows import Windows
from seqmine.structs import InteractionLog, SequenceBatch
from seqmine.structs.log import FEW_TIES, segment_positions, tie_share
from seqmine.structs.places import told

_HASHED_USERS = 200_000  # histories read at once


def histories_in_order(log: InteractionLog) -> LeakCheck:
    """Check that times never fall within a history."""
    assert log.timestamps is not None
    gaps, same_user = _steps(log)
    falls = int(((gaps < 0) & same_user).sum())
    detail = f"{falls:,} events are earlier than the one before; sort by time before splitting"
    return LeakCheck("histories are in order of time", falls == 0, detail if falls else "no event is earlier")


def training_before_targets(log: InteractionLog, split: Split) -> LeakCheck:
    """Check that each user is trained only on events before its targets, and validated before it is tested."""
    late_val = split.train_stops[split.val.users] > split.val.input_stops
    late_test = split.train_stops[split.test.users] > split.test.input_stops
    last_val = np.full(log.num_users, -1)
    np.maximum.at(last_val, split.val.users, split.val.positions)
    # A user whose validation target has no event in the log is tested at the same position.
    crossed = last_val[split.test.users] > split.test.input_stops
    count = int(late_val.sum() + late_test.sum() + crossed.sum()) + targets_behind_others(log, split)
    detail = f"{count:,} targets lie inside the training part of their user, or before a validation target"
    return LeakCheck(
        "training ends before the targets of its user", count == 0, detail if count else "no target is inside"
    )


def training_before_edge(
    log: InteractionLog,
    split: Split,
    val_items: NDArray,
    test_items: NDArray,
    num_items: int,
    validates_by_time: bool = True,
) -> LeakCheck:
    """Check that in a split by time all training is older than the targets that it promises, validation than test."""
    assert log.timestamps is not None
    train = log.timestamps[_training_mask(log, split)]
    val = log.timestamps[_events_of(log, split.val, val_items, num_items)]
    test = log.timestamps[_events_of(log, split.test, test_items, num_items)]
    edges = [part.min() for part in ((val, test) if validates_by_time else (test,)) if len(part)]
    late = int((train >= min(edges)).sum()) if edges else 0
    crossed = int((val >= test.min()).sum()) if len(test) else 0
    detail = (
        f"{late:,} training events are not older than the first target, {crossed:,} validation targets than the test"
    )
    return LeakCheck("training ends before the test period", late + crossed == 0, detail)


def target_outside_input(
    log: InteractionLog, targets: Targets, items: NDArray[np.integer], num_items: int, part: str
) -> LeakCheck:
    """Check that the event after the input is the target itself, so that the input ends before it."""
    name = f"the {part} target is not in its own input"
    beyond = (targets.positions > log.lengths[targets.users]) | (targets.input_stops > targets.positions)
    known = (items <= num_items) & ~beyond
    inside = known & (targets.positions < log.lengths[targets.users])
    following = log.items[(log.offsets[targets.users] + targets.positions)[inside]]
    wrong = int(beyond.sum() + (known & ~inside).sum() + (following != items[inside]).sum())
    detail = f"{wrong:,} of {len(targets):,} targets are not the event that follows their input"
    return LeakCheck(name, wrong == 0, detail)


def own_moment_outside_input(log: InteractionLog, targets: Targets, part: str) -> LeakCheck:
    """Check that in a split by time no input has an event of the moment of its target, or of a later one."""
    assert log.timestamps is not None
    assert targets.times is not None
    some = targets.input_stops > 0
    last = (log.offsets[targets.users] + targets.input_stops)[some] - 1
    late = int((log.timestamps[last] >= targets.times[some]).sum())
    detail = f"{late:,} of {len(targets):,} inputs reach the moment of their target"
    return LeakCheck(f"the moment of a {part} target is not in its input", late == 0, detail)


def targets_of_behavior(
    log: InteractionLog,
    targets: Targets,
    items: NDArray[np.integer],
    num_items: int,
    behaviors: Sequence[int],
    part: str,
) -> LeakCheck:
    """Check that every target is an event of a target behavior."""
    name = " or ".join(log.behavior_names[number - 1] for number in behaviors)
    wrong = int((~log.is_of(_events_of(log, targets, items, num_items), behaviors)).sum())
    detail = f"{wrong:,} of {len(targets):,} targets are of another behavior; remove the store or change paths.store"
    return LeakCheck(
        f"every {part} target is of behavior {name}", wrong == 0, detail if wrong else f"{len(targets):,} targets"
    )


def counts_from_training(log: InteractionLog, split: Split, train_counts: NDArray[np.integer]) -> LeakCheck:
    """Check that the vocabulary and the popularity of items come only from training events."""
    items = log.items[_training_mask(log, split)]
    size = max(len(train_counts), int(items.max(initial=0)) + 1)
    expected = np.bincount(items, minlength=size)
    given = np.zeros(size, dtype=np.int64)
    given[: len(train_counts)] = train_counts
    strange = int((expected[1:] != given[1:]).sum())
    unseen = int((given[1 : len(train_counts)] == 0).sum() + (expected[1 : len(train_counts)] == 0).sum())
    detail = f"{strange:,} item counts differ from those of training, {unseen:,} items never occur in it"
    return LeakCheck("vocabulary and counts come from training", strange == 0 and unseen == 0, detail)


def counted_inside_training(split: Split, counted_stops: NDArray[np.integer]) -> LeakCheck:
    """Check that cleaning counted only training events.

    Args:
        split: the parts.
        counted_stops: (U,) one past the last event of each user that counting steps of the cleaning looked at.
    """
    beyond = counted_stops > split.train_stops
    detail = told(
        f"cleaning counted later events of {int(beyond.sum()):,} users; "
        "set `cleaning.edge` to the one that matches `split`"
    )
    name = "cleaning counts training events alone"
    return LeakCheck(name, not beyond.any(), detail if beyond.any() else "no step looked beyond")


def users_apart(log: InteractionLog, split: Split) -> LeakCheck:
    """Check that in a split by user nobody is in two parts, with none of the sessions of a person."""
    owners = log.owners
    parts = [owners[part] for part in (np.flatnonzero(split.train_stops), split.val.users, split.test.users)]
    _, times_found = np.unique(np.concatenate([np.unique(part) for part in parts]), return_counts=True)
    shared = int((times_found > 1).sum())
    return LeakCheck("users are in one part each", shared == 0, f"{shared:,} users are in two parts")


def windows_inside_training(log: InteractionLog, split: Split, windows: Windows) -> LeakCheck:
    """Check that the stretches of an epoch, as augmented, end where training ends and stay with their user."""
    first = log.offsets[windows.users]
    outside = (windows.starts < first) | (windows.stops > first + split.train_stops[windows.users])
    detail = f"{int(outside.sum()):,} of {len(windows):,} training sequences reach beyond the training part"
    return LeakCheck("training sequences stay inside training", not outside.any(), detail)


def batches_blind_to_held_out(
    log: InteractionLog,
    split: Split,
    windows: Windows,
    task: Callable[..., TrainingCollate],
    *,
    num_items: int,
    seed: int,
    max_rows: int = 512,
) -> LeakCheck:
    """Check that training batches, as augmented, stay the same when every held-out event is of another item.

    Args:
        log: histories of all users.
        split: the parts.
        windows: stretches that are trained on.
        task: builds the collate that makes batches of them.
        num_items: size of the catalog.
        seed: decides the windows that are looked at and what the collate draws.
        max_rows: windows that are looked at.
    """
    items, held_out = np.array(log.items), ~_training_mask(log, split)
    items[held_out] = items[held_out] % num_items + 1
    rows = np.random.default_rng(seed).permutation(len(windows))[:max_rows]
    one, other = (
        task(log=known, train_stops=split.train_stops)(windows, rows, np.random.default_rng(seed))
        for known in (log, replace(log, items=items))
    )
    same = all(torch.equal(seen, changed) for seen, changed in zip(_items_of(one), _items_of(other), strict=True))
    detail = f"{len(rows):,} training sequences " + ("stay as they are" if same else told("change; look at `task`"))
    return LeakCheck("training batches show nothing of held-out events", same, detail)


def targets_not_repeated(
    log: InteractionLog, targets: Targets, items: NDArray[np.integer], num_items: int, part: str, clock: Clock
) -> LeakCheck:
    """Check that no target has an exact copy (user, item, time, behavior) in its input.

    A copy in a log of dates may be another event of that day, so there it is a warning.
    """
    assert log.timestamps is not None
    there = (items <= num_items) & (targets.positions < log.lengths[targets.users])
    first = log.offsets[targets.users][there]
    events = _events_of(log, targets, items, num_items)
    repeated = np.zeros(len(events), dtype=bool)
    # Copies share the time of the target, so they stand at the end of its input.
    ends = first + targets.input_stops[there]
    steps, near = 1, np.arange(len(events))
    while len(near):
        near = near[ends[near] - steps >= first[near]]
        near = near[log.timestamps[ends[near] - steps] == log.timestamps[events[near]]]
        repeated[near] |= _same_event(log, ends[near] - steps, events[near])
        steps += 1
    count, dates = int(repeated.sum()), clock.tick >= DAY
    name = f"no {part} target is recorded twice"
    if dates:
        detail = f"times are whole days: {count:,} of {len(targets):,} targets have a copy on their day"
        return LeakCheck(name, count == 0, detail, fatal=False)
    detail = f"{count:,} of {len(targets):,} targets have an exact copy in their input"
    remedy = told("; take duplicates out with `cleaning`=duplicates or standard") if count else ""
    return LeakCheck(name, count == 0, detail + remedy)


def histories_not_repeated(log: InteractionLog, split: Split, min_events: int = 5) -> LeakCheck:
    """Check that in a split by user no held-out history is a copy of one in training (items and times)."""
    held_out = np.union1d(split.val.users, split.test.users)
    trained = np.flatnonzero(split.train_stops)
    kept, known = (_history_hashes(log, users[log.lengths[users] >= min_events]) for users in (held_out, trained))
    copies = int(np.isin(kept, known).sum())
    return LeakCheck(
        "no history is in two parts", copies == 0, f"{copies:,} held-out histories are copies of trained ones"
    )


def _history_hashes(log: InteractionLog, users: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return 64 bits that tell the items and times of each history, none of them empty, from those of others."""
    assert log.timestamps is not None
    hashes = [np.zeros(0, np.uint64)]
    for start in range(0, len(users), _HASHED_USERS):
        block = users[start : start + _HASHED_USERS]
        lengths = log.lengths[block]
        rows = segment_positions(log.offsets[block], lengths)
        ends = np.cumsum(lengths)
        steps = segment_positions(np.zeros_like(lengths), lengths)
        events = _scramble(_scramble(log.timestamps[rows].astype(np.uint64)) + log.items[rows].astype(np.uint64))
        hashes.append(np.add.reduceat(_scramble(events + steps.astype(np.uint64)), ends - lengths))
    return np.concatenate(hashes)


def _scramble(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread numbers over 64 bits (the end of SplitMix64)."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def order_is_defined(log: InteractionLog) -> LeakCheck:
    """Warn when many events share their time with the one before, so that only their order in the file decides."""
    share = tie_share(log) or 0.0
    detail = (
        f"{share:.1%} of events have the time of the event before; their order is that of the file, and with it what "
        "is last and predicted"
    )
    return LeakCheck("times define the order", share <= FEW_TIES, detail, fatal=False)


def _steps(log: InteractionLog) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the time between neighboring events, and whether both belong to one user."""
    same_user = np.ones(max(log.num_events - 1, 0), dtype=bool)
    borders = log.offsets[1:-1] - 1
    same_user[borders[(borders >= 0) & (borders < len(same_user))]] = False
    return np.diff(np.asarray(log.timestamps)), same_user


def _training_mask(log: InteractionLog, split: Split) -> NDArray[np.bool_]:
    """Return which events are in training; one byte an event, since logs may have a hundred million."""
    edges = np.zeros(log.num_events + 1, dtype=np.int8)
    np.add.at(edges, log.offsets[:-1], 1)
    np.add.at(edges, log.offsets[:-1] + split.train_stops, -1)
    return np.cumsum(edges[:-1], dtype=np.int8).astype(bool)


def _items_of(batch: SequenceBatch) -> list[Tensor]:
    later = [] if batch.later_targets is None else [batch.later_targets]
    return [batch.items, batch.targets, *later, *([] if batch.views is None else _items_of(batch.views))]


def _same_event(log: InteractionLog, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
    same = np.asarray(log.items[one] == log.items[other])
    return same if log.behaviors is None else same & (log.behaviors[one] == log.behaviors[other])


def _events_of(log: InteractionLog, targets: Targets, items: NDArray[np.integer], num_items: int) -> NDArray[np.int64]:
    """Return the positions in the flat arrays of the targets that have an event there."""
    there = (items <= num_items) & (targets.positions < log.lengths[targets.users])
    return (log.offsets[targets.users] + targets.positions)[there]
