"""The one typed batch that data produces and models, metrics and mining read.

Legend of shapes, for the whole project:
    B  sequences of a batch            L  positions of a sequence (right-padded)
    D  embedding_dim                   V  rows of the item table (num_items + 1; row 0 is padding)
    M  valid positions of a batch      N  negatives
    H  heads                           K  list cut-off
    S  seen items of a batch, flat        P  targets of a batch beyond the first of their position, flat
    Q  histories that are asked about     T  targets of a history
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from itertools import chain

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

EVENT_COLUMNS = ("items", "targets", "behaviors", "timestamps", "ratings")
"""The fields of a batch that say something of each position."""
ROW_COLUMNS = ("lengths", "user_index", "target_positions", "user_codes", "user_values")
"""The fields of a batch that say something of each row."""


@dataclass(slots=True)
class SequenceBatch:
    """A right-padded batch of user histories; made only by ``seqmine.data.collate``.

    Args:
        items: item_index of each event, oldest first, 0 where padded; 0 at a valid position is a hidden event.
        targets: item_index to predict at each position, 0 where there is nothing to predict. In an evaluation batch
            only the last valid position of a row has a target; an index above ``num_items`` is a target that
            training never saw.
        lengths: number of real events of each row, at least 1.
        user_index: which user a row belongs to; -1 for a history that came from outside the prepared data.
        target_positions: position of the target of each row of an evaluation batch among all events of its user; with
            the user it names the target.
        later_targets: row, step and item_index of the targets beyond the first of each position, in order of rows; None
            where a position has one target.
        later_positions: position of each of these targets in an evaluation batch among all events of its user.
        seen_items: items that the evaluation protocol takes out of the candidates, all rows one after the other.
        seen_rows: the row of each entry of ``seen_items``.
        not_available: items that could not be recommended at the moment of the target of each row; None where the
            protocol does not look at it.
        behaviors: kind of each event, numbered from 1, 0 where padded.
        timestamps: seconds since 1970 of each event, 0 where padded.
        ratings: rating of each event, 0 where padded, NaN where the event has none.
        user_codes: numbers of the attribute values of the user of each row, 0 where there is none.
        user_values: numeric attributes and vectors of the user of each row.
        views: two changed versions of each row, all first ones before all second ones; nothing is predicted from them.
        groups: for each group of neighboring rows of similar length the row after its last and its longest length; none
            where rows stand in no such order.

    The optional columns of events and users are there when the log has them and the model reads them (see
    ``columns_read``).
    """

    items: Int[Tensor, "B L"]
    targets: Int[Tensor, "B L"]
    lengths: Int[Tensor, "B"]
    user_index: Int[Tensor, "B"]
    target_positions: Int[Tensor, "B"] | None = None
    later_targets: Int[Tensor, "P 3"] | None = None
    later_positions: Int[Tensor, "P"] | None = None
    seen_items: Int[Tensor, "S"] | None = None
    seen_rows: Int[Tensor, "S"] | None = None
    not_available: Bool[Tensor, "B V"] | None = None
    behaviors: Int[Tensor, "B L"] | None = None
    timestamps: Int[Tensor, "B L"] | None = None
    ratings: Float[Tensor, "B L"] | None = None
    user_codes: Int[Tensor, "B K"] | None = None
    user_values: Float[Tensor, "B F"] | None = None
    views: "SequenceBatch | None" = None
    groups: tuple[tuple[int, int], ...] = ()

    def __len__(self) -> int:
        """Return the number of sequences B."""
        return self.items.shape[0]

    @property
    def valid_mask(self) -> Bool[Tensor, "B L"]:
        """True where a position holds a real event."""
        positions = torch.arange(self.items.shape[1], device=self.items.device)
        return positions < self.lengths.unsqueeze(1)

    @property
    def last_targets(self) -> Int[Tensor, "B"]:
        """The target after the last event of each row."""
        return self.targets.gather(1, self.lengths.unsqueeze(1) - 1).squeeze(1)

    @property
    def num_targets(self) -> Int[Tensor, ""]:
        """The number of targets, on the device of the batch."""
        later = 0 if self.later_targets is None else len(self.later_targets)
        return self.targets.count_nonzero() + later

    def target_pairs(self) -> tuple[Int[Tensor, "M"], Int[Tensor, "M"]]:
        """Return the position ``row * L + step`` and the item of every target, a position as often as it has targets.

        >>> items, one = torch.tensor([[1, 2]]), torch.tensor([1])
        >>> later = torch.tensor([[0, 1, 5]])
        >>> batch = SequenceBatch(items, torch.tensor([[0, 3]]), one + 1, one, later_targets=later)
        >>> [part.tolist() for part in batch.target_pairs()]
        [[1, 1], [3, 5]]
        """
        targets = self.targets.flatten()
        positions = targets.nonzero().squeeze(1)
        targets = targets.index_select(0, positions)
        if self.later_targets is None:
            return positions, targets
        rows, steps, items = self.later_targets.unbind(1)
        return torch.cat([positions, rows * self.targets.shape[1] + steps]), torch.cat([targets, items])

    def with_room(self, lengths: Int[Tensor, "B"]) -> "SequenceBatch":
        """Return the batch with one more position to the right, and with other lengths.

        A position that the new lengths make valid is a hidden event: no item, no time, no behavior.
        """
        longer = replace(self, lengths=lengths, groups=())
        for name in EVENT_COLUMNS:
            column = getattr(self, name)
            setattr(longer, name, None if column is None else F.pad(column, (0, 1)))
        return longer

    def in_groups(self) -> "list[SequenceBatch]":
        """Return each group of rows as a batch that is as wide as its longest row; the batch itself without groups.

        >>> items, one = torch.tensor([[1, 0], [2, 3]]), torch.ones(2, dtype=torch.int64)
        >>> batch = SequenceBatch(items, items, torch.tensor([1, 2]), one, groups=((1, 1), (2, 2)))
        >>> [group.items.tolist() for group in batch.in_groups()]
        [[[1]], [[2, 3]]]
        """
        if len(self.groups) < 2:
            return [self]
        starts = (0, *(stop for stop, _ in self.groups[:-1]))
        return [self._take(start, stop, width) for start, (stop, width) in zip(starts, self.groups, strict=True)]

    def rows(self) -> "list[SequenceBatch]":
        """Return each row as a batch of its own that is as wide as its history.

        >>> items, one = torch.tensor([[1, 0], [2, 3]]), torch.ones(2, dtype=torch.int64)
        >>> [row.items.tolist() for row in SequenceBatch(items, items, torch.tensor([1, 2]), one).rows()]
        [[[1]], [[2, 3]]]
        """
        return [self._take(row, row + 1, width) for row, width in enumerate(self.lengths.tolist())]

    def _take(self, start: int, stop: int, width: int) -> "SequenceBatch":
        """Return neighboring rows, cut to a width, without later targets, what is seen and views."""
        taken = replace(
            self, later_targets=None, later_positions=None, seen_items=None, seen_rows=None, not_available=None,
            views=None, groups=(),
        )  # fmt: skip
        for name in (*EVENT_COLUMNS, *ROW_COLUMNS):
            column = getattr(self, name)
            if column is not None:
                setattr(taken, name, column[start:stop, :width] if name in EVENT_COLUMNS else column[start:stop])
        return taken

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "SequenceBatch":
        """Return the batch on another device."""
        return self._map(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> "SequenceBatch":
        """Return the batch in page-locked memory, for asynchronous copies to a GPU."""
        return self._map(lambda tensor: tensor.pin_memory())

    def _map(self, function: Callable[[Tensor], Tensor]) -> "SequenceBatch":
        moved = replace(self)
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, SequenceBatch):
                value = value._map(function)
            elif isinstance(value, Tensor):
                value = function(value)
            setattr(moved, field.name, value)
        return moved


def device_of(model: object) -> torch.device:
    """Return where a model computes, for batches to be brought there; the CPU for one that holds no numbers.

    >>> device_of(nn.Linear(1, 1))
    device(type='cpu')
    """
    held = chain(model.parameters(), model.buffers()) if isinstance(model, nn.Module) else ()
    return next((tensor.device for tensor in held), torch.device("cpu"))


def columns_read(model: nn.Module) -> frozenset[str]:
    """Return the optional columns of a batch that the parts of a model read: all that its batches have to hold.

    A part names them in its class attribute ``columns``.

    >>> class Clock(nn.Module):
    ...     columns = ("timestamps",)
    >>> columns_read(nn.Sequential(nn.ReLU(), Clock()))
    frozenset({'timestamps'})
    """
    return frozenset(name for part in model.modules() for name in getattr(type(part), "columns", ()))
