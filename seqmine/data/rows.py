"""The training sequences of a batch as arrays of events: what augmentations change before the batch is made."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqmine.data.windows import Windows
from seqmine.structs import InteractionLog

_MOST_GROUPS = 4
_PADDING_ALLOWED = 0.05


@dataclass(frozen=True)
class TrainingRows:
    """Right-padded rows of steps; events are named by their place in the flat arrays of a log.

    What is to be predicted is an event of the log, so that no augmentation can invent a target.

    Args:
        events: (B, L) int64 event that gives a step its time and behavior, -1 where there is none.
        items: (B, L) int64 item that a step shows, 0 where it is padded or hidden.
        targets: (B, L) int64 event to predict at each step, -1 where there is nothing to predict.
        lengths: (B,) int64 steps of each row.
        kept: (B, L) bool steps that augmentations leave where they are and as they are.
    """

    events: NDArray[np.int64]
    items: NDArray[np.int64]
    targets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    kept: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of rows B."""
        return len(self.lengths)

    @property
    def valid(self) -> NDArray[np.bool_]:
        """(B, L) where a step is real."""
        return np.arange(self.items.shape[1]) < self.lengths[:, None]

    def take_rows(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "TrainingRows":
        """Return some of the rows."""
        return TrainingRows(
            self.events[rows], self.items[rows], self.targets[rows], self.lengths[rows], self.kept[rows]
        )

    def take_steps(self, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> "TrainingRows":
        """Return a stretch of each row.

        Args:
            starts: (B,) first step.
            lengths: (B,) number of steps.
        """
        steps, valid = grid(starts, lengths)
        steps = np.where(valid, steps, 0)

        def take(values: NDArray, padding: int) -> NDArray:
            return np.where(valid, np.take_along_axis(values, steps, 1), values.dtype.type(padding))

        return TrainingRows(
            take(self.events, -1), take(self.items, 0), take(self.targets, -1), lengths, take(self.kept, 0)
        )


def training_rows(
    log: InteractionLog,
    windows: Windows,
    chosen: NDArray[np.int64],
    ahead: int,
    behaviors: Collection[int] | None = None,
) -> TrainingRows:
    """Return the chosen windows as rows.

    Args:
        log: histories that the windows point into.
        windows: stretches of history; events before ``first_targets`` are context alone.
        chosen: which windows become rows.
        ahead: how many events the target of a step is ahead of it: 1 predicts the next event, 0 the event itself.
        behaviors: numbers of the behaviors whose events are targets, or None for all.
    """
    starts, lengths = windows.starts[chosen], windows.stops[chosen] - windows.starts[chosen] - ahead
    events, valid = grid(starts, lengths)
    is_target = valid & (events + ahead >= windows.first_targets[chosen][:, None])
    if behaviors is not None:
        is_target &= log.is_of(np.where(is_target, events + ahead, 0), behaviors)
    events = np.where(valid, events, -1)
    items = np.where(valid, log.items[events], 0).astype(np.int64)
    targets = np.where(is_target, events + ahead, -1)
    return TrainingRows(events, items, targets, lengths, np.zeros(items.shape, np.bool_))


def stack_rows(parts: Sequence[TrainingRows]) -> TrainingRows:
    """Return the rows of all parts, one part after the other, as wide as the widest."""
    width = max(part.items.shape[1] for part in parts)

    def stack(column: Callable[[TrainingRows], NDArray], padding: int) -> NDArray:
        values = [column(part) for part in parts]
        return np.concatenate(
            [np.pad(value, ((0, 0), (0, width - value.shape[1])), constant_values=padding) for value in values]
        )

    return TrainingRows(
        events=stack(lambda part: part.events, -1),
        items=stack(lambda part: part.items, 0),
        targets=stack(lambda part: part.targets, -1),
        lengths=np.concatenate([part.lengths for part in parts]),
        kept=stack(lambda part: part.kept, 0),
    )


def length_groups(lengths: NDArray[np.int64]) -> tuple[tuple[int, int], ...]:
    """Cut rows that stand by length into the fewest groups, four at most, that need hardly any padding.

    Of all cuts into so many groups the one with the least padding is taken (dynamic programming over the lengths).

    Args:
        lengths: (B,) steps of each row; a row that is shorter than one before it costs padding, no more.

    Returns:
        For each group the row after its last and its longest length.

    >>> length_groups(np.array([3, 3, 9, 10, 40]))
    ((2, 3), (4, 10), (5, 40))
    """
    widths, firsts = np.unique(np.maximum.accumulate(lengths), return_index=True)
    stops = np.append(firsts, len(lengths))
    begins = np.arange(len(widths))
    steps = (stops[1:] - stops[:-1, None]) * widths  # [i, j]: computed steps of one group of the lengths i to j
    steps = np.where(begins[:, None] <= begins, steps, np.inf)
    fewest = np.where(stops == 0, 0.0, np.inf)
    choices: list[NDArray[np.int64]] = []
    while len(choices) < min(_MOST_GROUPS, len(widths)) and not fewest[-1] <= (1 + _PADDING_ALLOWED) * lengths.sum():
        ways = fewest[:-1, None] + steps
        choices.append(ways.argmin(0))
        fewest = np.append(np.inf, ways.min(0))
    groups, end = [], len(widths)
    for choice in reversed(choices):
        groups.append((int(stops[end]), int(widths[end - 1])))
        end = choice[end - 1]
    return tuple(reversed(groups))


def grid(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return numbers (B, L) that count up from each start, and which of them lie within each length.

    >>> numbers, valid = grid(np.array([5, 0]), np.array([1, 2]))
    >>> numbers.tolist(), valid.tolist()
    ([[5, 6], [0, 1]], [[True, False], [True, True]])
    """
    steps = np.arange(max(1, int(lengths.max(initial=0))))
    return starts[:, None] + steps, steps < lengths[:, None]
