"""Slow and obvious versions of what the miners do, and models whose beliefs are known."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import torch

from seqmine.data.collate import HistoryCollate
from seqmine.data.targets import Targets
from seqmine.mining.against_model.held_out import held_out_cases
from seqmine.structs import InteractionLog


def last_event_cases(histories, max_length=50):
    """Return one case a history: its last event, after all others."""
    log = InteractionLog.from_lists(histories)
    lasts = np.array([row[-1] for row in histories], np.int32)
    collate = HistoryCollate(log=log, max_length=max_length, seen="full")
    targets = Targets(np.arange(log.num_users), log.lengths - 1)
    return held_out_cases(collate, targets, lasts, num_items=int(log.items.max()))


class PairModel:
    """Believes that 9 follows once 7 and 11 came in this order, and in nothing else."""

    num_items = 60

    def score(self, batch):
        scores = torch.zeros(len(batch), self.num_items + 1)
        for row in range(len(batch)):
            history = batch.items[row, : batch.lengths[row]].tolist()
            fires = 7 in history and 11 in history[history.index(7) + 1 :]
            scores[row, 9] = 8.0 if fires else 0.5
        return scores


def brute_force(histories, times, constraints, min_count):
    """Return the support of every frequent pattern by trying all position tuples."""
    users = defaultdict(set)

    def extend(user, places, pattern):
        history, time = histories[user], times[user]
        if pattern:
            users[pattern].add(user)
        if len(pattern) == (constraints.max_length or len(history)):
            return
        for place in range(places[-1] + 1 if places else 0, len(history)):
            if places and not allowed(constraints, places, place, time):
                continue
            extend(user, [*places, place], (*pattern, history[place]))

    for user in range(len(histories)):
        extend(user, [], ())
    return {
        pattern: len(members)
        for pattern, members in users.items()
        if len(members) >= min_count
        and len(pattern) >= constraints.min_length
        and all(symbol in pattern for symbol in constraints.must_contain)
    }


def allowed(constraints, places, place, time):
    """Return whether a match may go on at a place."""
    return not (
        (constraints.max_gap is not None and place - places[-1] > constraints.max_gap)
        or (constraints.min_gap is not None and place - places[-1] < constraints.min_gap)
        or (constraints.max_gap_time is not None and time[place] - time[places[-1]] > constraints.max_gap_time)
        or (constraints.min_gap_time is not None and time[place] - time[places[-1]] < constraints.min_gap_time)
        or (constraints.max_span is not None and place - places[0] + 1 > constraints.max_span)
        or (constraints.max_duration is not None and time[place] - time[places[0]] > constraints.max_duration)
        or (constraints.strict_time and time[place] <= time[places[-1]])
    )


def contains(pattern, other):
    """Return whether the first pattern is a subsequence of the second."""
    rest = iter(other)
    return all(symbol in rest for symbol in pattern)


def timed_log(histories, times):
    """Return a log of histories with the times of their events."""
    return replace(
        InteractionLog.from_lists(histories), timestamps=np.concatenate([np.empty(0), *times]).astype(np.int64)
    )
