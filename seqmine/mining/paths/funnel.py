"""A funnel: how many people get from one step to the next, how long it takes, and where the others go."""

from dataclasses import asdict, dataclass
from typing import Any, no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.mining.paths.cases import FunnelCases
from seqmine.mining.statistics.intervals import wilson_interval
from seqmine.structs.kernels import kernel


@dataclass(frozen=True)
class Step:
    """One step of a funnel.

    Args:
        name: of the step.
        cases: histories that reach it.
        people: users with such a history.
        share: of the people of the step before; of the first step, of all people.
        share_lower: lower 95 % limit of that share (Wilson).
        share_upper: upper limit.
        share_of_first: of the people of the first step.
        case_share: of the histories that reach the step before; of the first step, of all histories.
        seconds: quartiles of the time since the step before, over the cases; None without time and for the first step.
        next_after: what cases that stop here do next: (name or None for nothing more, cases), the most frequent first.
    """

    name: str
    cases: int
    people: int
    share: float
    share_lower: float
    share_upper: float
    share_of_first: float
    case_share: float
    seconds: tuple[float, float, float] | None
    next_after: list[tuple[str | None, int]]


@dataclass(frozen=True)
class Variant:
    """A whole path: the steps of a history from its first event to its last, what repeats at once taken as one.

    Args:
        path: names of the steps.
        cases: histories that are this path.
        people: users with such a history.
    """

    path: tuple[str, ...]
    cases: int
    people: int


@dataclass(frozen=True)
class Funnel:
    """What a funnel found.

    Args:
        steps: in order.
        variants: the most frequent whole paths.
        num_variants: different whole paths.
        num_cases: histories that were looked at.
        num_people: users of the log.
        same_item: all steps of a history are of one item.
    """

    steps: list[Step]
    variants: list[Variant]
    num_variants: int
    num_cases: int
    num_people: int
    same_item: bool

    def report(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self)


@no_type_check
@kernel
def first_reached(
    items: NDArray[np.int32],
    offsets: NDArray[np.int64],
    times: NDArray[np.int64],
    steps: NDArray[np.int32],
    max_duration: int,
) -> NDArray[np.int64]:
    """Return (cases, steps) the place where each step is reached, -1 where it is not: of the try that gets furthest.

    Each event of the first step begins a try, which takes the first event of each next step; the first of the tries
    that get furthest counts. All steps lie within ``max_duration`` seconds of the first.
    """
    found = np.full((len(offsets) - 1, len(steps)), -1, np.int64)
    places = np.empty(len(steps), np.int64)
    for case in range(len(offsets) - 1):
        best = 0
        for begin in range(offsets[case], offsets[case + 1]):
            if items[begin] != steps[0]:
                continue
            depth = 0
            for place in range(begin, offsets[case + 1]):
                if times[place] - times[begin] > max_duration or depth == len(steps):
                    break
                if items[place] == steps[depth]:
                    places[depth] = place
                    depth += 1
            if depth > best:
                best = depth
                found[case, :depth] = places[:depth]
            # Without a limit on time the first try gets as far as any; with one, a full try cannot be beaten.
            if best == len(steps) or max_duration >= 2**61:
                break
    return found


def measure_funnel(
    cases: FunnelCases, steps: list[str], *, max_duration: int | None, most_variants: int | None, same_item: bool
) -> Funnel:
    """Return conversion, times, drop-outs and variants of a funnel.

    Args:
        cases: histories of steps.
        steps: names, in order.
        max_duration: seconds from the first step to the last, at most; None for any.
        most_variants: whole paths that are returned; None for all.
        same_item: what ``cases`` was made by.
    """
    log = cases.log
    times = np.zeros(log.num_events, np.int64) if log.timestamps is None else log.timestamps.astype(np.int64)
    limit = 2**62 if max_duration is None else max_duration
    places = first_reached(log.items, log.offsets, times, cases.numbers(steps), limit)
    people = [len(np.unique(cases.person[places[:, depth] >= 0])) for depth in range(len(steps))]
    rows = []
    for depth, name in enumerate(steps):
        before = cases.num_people if depth == 0 else people[depth - 1]
        lower, upper = wilson_interval(people[depth], before)
        reached = places[:, depth] >= 0
        cases_before = log.num_users if depth == 0 else int((places[:, depth - 1] >= 0).sum())
        seconds = None
        if depth and log.timestamps is not None and reached.any():
            taken = times[places[reached, depth]] - times[places[reached, depth - 1]]
            low, median, high = np.percentile(taken, (25, 50, 75)).tolist()
            seconds = (low, median, high)
        stops = reached & (places[:, depth + 1] < 0) if depth + 1 < len(steps) else np.zeros_like(reached)
        rows.append(
            Step(
                name, int(reached.sum()), people[depth], people[depth] / max(before, 1), float(lower), float(upper),
                people[depth] / max(people[0], 1),
                float(reached.sum() / max(cases_before, 1)), seconds, _next_after(cases, places[stops, depth]),
            )
        )  # fmt: skip
    variants, num_variants = find_variants(cases, most_variants)
    return Funnel(rows, variants, num_variants, log.num_users, cases.num_people, same_item)


def _next_after(cases: FunnelCases, places: NDArray[np.int64]) -> list[tuple[str | None, int]]:
    """Return what follows some events in their histories, the most frequent first."""
    log = cases.log
    is_last = np.zeros(log.num_events + 1, np.bool_)
    is_last[log.offsets[1:]] = True
    following = np.where(is_last[places + 1], 0, np.append(log.items, 0)[places + 1])
    numbers, counts = np.unique(following, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [(cases.names[numbers[row] - 1] if numbers[row] else None, int(counts[row])) for row in order.tolist()]


def find_variants(cases: FunnelCases, most: int | None) -> tuple[list[Variant], int]:
    """Return the most frequent whole paths, and how many different ones there are; repeats at once count as one.

    >>> from seqmine.mining.paths.cases import whole_histories
    >>> from seqmine.structs import InteractionLog
    >>> log = InteractionLog.from_lists([[1, 1, 2], [1, 2], [2]])
    >>> find_variants(whole_histories(log, ["view", "buy"]), 1)
    ([Variant(path=('view', 'buy'), cases=2, people=2)], 2)
    """
    log = cases.log
    is_new = np.ones(log.num_events, np.bool_)
    is_new[1:] = log.items[1:] != log.items[:-1]
    is_new[log.offsets[:-1][log.lengths > 0]] = True
    short = log.keep(is_new)
    found: dict[bytes, list[int]] = {}
    for case in np.flatnonzero(short.lengths).tolist():
        found.setdefault(short.history(case).tobytes(), []).append(case)
    best = sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:most]
    return [
        Variant(
            tuple(cases.names[step - 1] for step in np.frombuffer(path, np.int32).tolist()),
            len(members),
            len(np.unique(cases.person[members])),
        )
        for path, members in best
    ], len(found)
