"""Events that a model was not trained on, each with what its user did before, and the rules that are open there."""

from dataclasses import dataclass
from typing import Self, no_type_check

import numpy as np
from numba import njit
from numpy.typing import NDArray

from seqmine.mining.symbols import keep_users
from seqmine.structs import InteractionLog
from seqmine.structs.constraints import Constraints
from seqmine.structs.log import segment_positions


@dataclass(frozen=True)
class HeldOut:
    """Cases: a history, and the event that came next and had no part in training. A user has at most one.

    Args:
        inputs: what the user of each case did before, one history a case, of items.
        items: (C,) the event that came next.
        times: (C,) when it came, in seconds since 1970; None for a log without time.
        users: (C,) whose case it is, by number in the log that it was taken from.
    """

    inputs: InteractionLog
    items: NDArray[np.int32]
    times: NDArray[np.int64] | None
    users: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of cases C."""
        return len(self.items)

    @classmethod
    def of(
        cls,
        log: InteractionLog,
        users: NDArray[np.int64],
        positions: NDArray[np.int64],
        items: NDArray[np.int32],
        num_items: int,
    ) -> Self:
        """Take the first target of each user that a model of the catalog can speak of.

        Args:
            log: whole histories of known items.
            users: (T,) user of each target.
            positions: (T,) events of the user before it.
            items: (T,) the target.
            num_items: items of the catalog; targets above it, and targets with nothing before them, are left out.
        """
        able = np.flatnonzero((items <= num_items) & (positions > 0))
        able = able[np.unique(users[able], return_index=True)[1]]
        starts, stops = log.offsets[users[able]], positions[able]
        inputs = log.take(segment_positions(starts, stops), np.concatenate([[0], np.cumsum(stops)]).astype(np.int64))
        times = None if log.timestamps is None else log.timestamps[starts + stops]
        return cls(inputs, items[able], times, users[able])

    def drawn(self, share: float, seed: int) -> Self:
        """Return a random share of the cases, rounded down.

        Args:
            share: of the cases.
            seed: of the draw.
        """
        order = np.random.default_rng(seed).permutation(len(self))
        cases = np.sort(order[: int(len(self) * share)])
        times = None if self.times is None else self.times[cases]
        return type(self)(keep_users(self.inputs, cases), self.items[cases], times, self.users[cases])

    def history(self, case: int, max_length: int) -> list[int]:
        """Return the last events of the input of a case."""
        return self.inputs.history(case)[-max_length:].tolist()


@dataclass(frozen=True)
class OpenCases:
    """The cases in which a rule can come true with the very next event.

    Args:
        cases: (M,) the cases, ascending.
        places: (M, k) the events of the antecedent, counted from the end of the input: -1 is its last event.
        is_next: (M,) whether the consequent did come next.
    """

    cases: NDArray[np.int64]
    places: NDArray[np.int64]
    is_next: NDArray[np.bool_]


@no_type_check
@njit(cache=True, nogil=True)
def _open_matches(
    items: NDArray[np.int32],
    offsets: NDArray[np.int64],
    times: NDArray[np.int64],
    next_times: NDArray[np.int64],
    pattern: NDArray[np.int32],
    limits: NDArray[np.int64],
    strict_time: bool,
    max_length: int,
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return (C,) whether a rule is open, and (C, k) the latest match of its antecedent, counted from the end."""
    size, consequent = len(pattern) - 1, pattern[-1]
    is_open = np.zeros(len(next_times), np.bool_)
    places = np.zeros((len(next_times), size), np.int64)
    longest = min(max_length, np.max(np.diff(offsets))) if len(next_times) else 0
    # reached[k, i]: some match of the first k + 1 symbols ends at the i-th event of the window
    reached = np.zeros((size, longest), np.bool_)
    for case in range(len(next_times)):
        stop = offsets[case + 1]
        begin = max(offsets[case], stop - max_length, stop + 1 - limits[2])
        while begin < stop and next_times[case] - times[begin] > limits[3]:
            begin += 1
        for step in range(size):
            for event in range(begin, stop):
                found = items[event] == pattern[step]
                if found and step:
                    found = False
                    for before in range(max(begin, event - limits[1]), event):
                        if reached[step - 1, before - begin] and not (strict_time and times[before] == times[event]):
                            found = True
                            break
                reached[step, event - begin] = found
        after, after_time = stop, next_times[case]
        matched = 0
        for step in range(size - 1, -1, -1):
            for event in range(after - 1, max(begin, after - limits[1]) - 1, -1):
                if reached[step, event - begin] and not (strict_time and times[event] == after_time):
                    places[case, step] = event - stop
                    after, after_time = event, times[event]
                    matched += 1
                    break
        is_open[case] = matched == size
        for event in range(stop + places[case, size - 1] + 1, stop):
            if items[event] == consequent:
                is_open[case] = False
    return is_open, places


def open_cases(held_out: HeldOut, pattern: tuple[int, ...], constraints: Constraints, max_length: int) -> OpenCases:
    """Return the cases in which a rule is open: its antecedent is there, and only its consequent is missing.

    The next event would complete the rule within every limit (gap, span, duration, strict time), and since the latest
    match of the antecedent the consequent has not come. All this is known before the next event.

    Args:
        held_out: the cases.
        pattern: antecedent and consequent, at least two symbols.
        constraints: where a pattern may occur.
        max_length: last events of an input among which the antecedent has to be.

    >>> log = InteractionLog.from_lists([[1, 5, 2], [1, 2, 3], [1, 5, 5, 2]])
    >>> cases = HeldOut.of(log, np.arange(3), np.array([2, 2, 3]), np.array([2, 3, 2], np.int32), 5)
    >>> found = open_cases(cases, (1, 2), Constraints(max_gap=2), 50)
    >>> found.cases.tolist(), found.places.tolist(), found.is_next.tolist()
    ([0], [[-2]], [True])
    """
    constraints.check(held_out.inputs)
    times, next_times = held_out.inputs.timestamps, held_out.times
    if times is None or next_times is None:
        times, next_times = np.zeros(held_out.inputs.num_events, np.int64), np.zeros(len(held_out), np.int64)
    is_open, places = _open_matches(
        held_out.inputs.items,
        held_out.inputs.offsets,
        times,
        next_times,
        np.array(pattern, dtype=np.int32),
        constraints.limits,
        constraints.strict_time,
        max_length,
    )
    cases = np.flatnonzero(is_open)
    return OpenCases(cases, places[cases], held_out.items[cases] == pattern[-1])
