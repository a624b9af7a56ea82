"""Events that a model was not trained on, each with what its user did before, and the rules that are open there."""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.data.collate import HistoryCollate
from seqmine.data.horizon import first_of_each
from seqmine.data.targets import Targets
from seqmine.probing.cases import Cases
from seqmine.structs.constraints import Constraints
from seqmine.structs.kernels import kernel


def held_out_cases(collate: HistoryCollate, targets: Targets, items: NDArray[np.int32], num_items: int) -> Cases:
    """Return the first target of each user that a model of the catalog can speak of, with what came before it.

    Of a horizon it is one of its different items, since a model of horizons predicts the share of each item in them.
    Users take the first, the second and so on in turn, so that no place of the horizon is favored.

    Args:
        collate: gathers histories of known items for the model.
        targets: (T,) events that the model was not trained on.
        items: (T,) item of each.
        num_items: items of the catalog; targets above it, and targets with nothing before them, are left out.
    """
    items = items[targets.asked] if targets.inputs is None else _in_turn(targets, items, num_items)
    targets = targets.firsts()
    able = np.flatnonzero((items <= num_items) & (targets.input_stops > 0))
    able = able[np.unique(targets.users[able], return_index=True)[1]]
    return Cases(collate, targets, items).take(able)


def _in_turn(targets: Targets, items: NDArray[np.int32], num_items: int) -> NDArray[np.int32]:
    """Return (Q,) of each horizon one of its different known items; ``num_items + 1`` where none is known."""
    horizons = np.searchsorted(targets.starts, np.arange(len(targets)), side="right") - 1
    known = np.flatnonzero(items <= num_items)
    known = known[first_of_each(horizons[known], items[known].astype(np.int64))]
    some, first, counts = np.unique(horizons[known], return_index=True, return_counts=True)
    chosen = np.full(len(targets.starts), num_items + 1, np.int32)
    chosen[some] = items[known[first + targets.users[targets.starts[some]] % counts]]
    return chosen


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
@kernel
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
    shortest = max(limits[6], np.int64(strict_time))
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
                    for before in range(max(begin, event - limits[1]), event - limits[4] + 1):
                        waited = times[event] - times[before]
                        if reached[step - 1, before - begin] and shortest <= waited <= limits[5]:
                            found = True
                            break
                reached[step, event - begin] = found
        after, after_time = stop, next_times[case]
        matched = 0
        for step in range(size - 1, -1, -1):
            for event in range(after - limits[4], max(begin, after - limits[1]) - 1, -1):
                if reached[step, event - begin] and shortest <= after_time - times[event] <= limits[5]:
                    places[case, step] = event - stop
                    after, after_time = event, times[event]
                    matched += 1
                    break
        is_open[case] = matched == size
        for event in range(stop + places[case, size - 1] + 1, stop):
            if items[event] == consequent:
                is_open[case] = False
    return is_open, places


def open_cases(held_out: Cases, pattern: tuple[int, ...], constraints: Constraints) -> OpenCases:
    """Return the cases in which a rule is open: its antecedent is there, and only its consequent is missing.

    The next event would complete the rule within every limit (gap, span, duration, strict time), and since the latest
    match of the antecedent the consequent has not come. All this is known before the next event.

    Args:
        held_out: the cases, one per user; the antecedent has to be among the events that the model sees.
        pattern: antecedent and consequent, at least two symbols.
        constraints: where a pattern may occur.

    >>> from dataclasses import replace
    >>> cases = replace(Cases.of_histories([[1, 5], [1, 2], [1, 5, 5]], 50), items=np.array([2, 3, 2], np.int32))
    >>> found = open_cases(cases, (1, 2), Constraints(max_gap=2))
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
        held_out.max_length,
    )
    cases = np.flatnonzero(is_open)
    return OpenCases(cases, places[cases], held_out.items[cases] == pattern[-1])
