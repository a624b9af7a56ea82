"""Edits of histories: events deleted, hidden, put in another order, replaced or appended.

An edit says for each step of the edited history which event of the log it stands for, so that a batch of edits has
every column of those events: behaviors, ratings, times, and the attributes of the user.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from seqmine.data.gathering import gather_columns
from seqmine.probing.cases import Cases
from seqmine.structs import SequenceBatch

HIDDEN = -1
"""The event of a step that shows nothing."""


@dataclass(frozen=True)
class Edit:
    """The history of a case after some changes; each change returns another edit, and places count its own steps.

    Args:
        case: number of the case.
        items: (n,) item that each step shows, 0 where it is hidden.
        events: (n,) place in the log of the event whose behavior and rating a step has, ``HIDDEN`` where it has none.
        moments: (n,) place in the log of the event whose time a step has, ``HIDDEN`` where it has none.
    """

    case: int
    items: NDArray[np.int64]
    events: NDArray[np.int64]
    moments: NDArray[np.int64]

    @classmethod
    def of(cls, cases: Cases, case: int) -> Self:
        """Return the history of a case as the model sees it, unchanged."""
        events = cases.events(case)
        return cls(case, cases.log.items[events].astype(np.int64), events, events)

    def __len__(self) -> int:
        """Return the number of steps."""
        return len(self.items)

    def keep(self, places: Sequence[int]) -> Self:
        """Return only the steps at some places, in their order; the gaps close.

        >>> Edit.of(Cases.of_histories([[5, 6, 7]], max_length=9), 0).keep([2, 0]).items.tolist()
        [5, 7]
        """
        kept = np.array(sorted(places), dtype=np.int64)
        return replace(self, items=self.items[kept], events=self.events[kept], moments=self.moments[kept])

    def without(self, places: Sequence[int]) -> Self:
        """Return the history without the steps at some places; the gaps close, and no older event moves in.

        >>> Edit.of(Cases.of_histories([[5, 6, 7]], max_length=9), 0).without([1]).items.tolist()
        [5, 7]
        """
        gone = set(places)
        return self.keep([place for place in range(len(self)) if place not in gone])

    def hide(self, places: Sequence[int]) -> Self:
        """Return the history with hidden events at some places: something happened then, and nobody says what.

        >>> Edit.of(Cases.of_histories([[5, 6, 7]], max_length=9), 0).hide([1]).items.tolist()
        [5, 0, 7]
        """
        items, events = self.items.copy(), self.events.copy()
        items[list(places)], events[list(places)] = 0, HIDDEN
        return replace(self, items=items, events=events)

    def reorder(self, places: Sequence[int], order: Sequence[int]) -> Self:
        """Return the history with other events at some places; time goes on as before, so it never runs backwards.

        Args:
            places: that get other events.
            order: the place that the event at each of them comes from.

        >>> Edit.of(Cases.of_histories([[1, 9, 2]], max_length=9), 0).reorder([0, 2], [2, 0]).items.tolist()
        [2, 9, 1]
        """
        items, events = self.items.copy(), self.events.copy()
        items[list(places)], events[list(places)] = self.items[list(order)], self.events[list(order)]
        return replace(self, items=items, events=events)

    def replaced(self, place: int, item: int) -> Self:
        """Return the history with another item at a place; what was done, and when, stays."""
        items = self.items.copy()
        items[place] = item
        return replace(self, items=items)

    def append(self, item: int) -> Self:
        """Return the history with one more event, which happens right after the last one and in the same way.

        Its behavior, rating and time are those of the last step; after an empty history it has none.

        >>> Edit.of(Cases.of_histories([[5, 6]], max_length=9), 0).append(7).items.tolist()
        [5, 6, 7]
        """
        last_event, last_moment = (column[-1] if len(self) else HIDDEN for column in (self.events, self.moments))
        return replace(
            self,
            items=np.append(self.items, item),
            events=np.append(self.events, last_event),
            moments=np.append(self.moments, last_moment),
        )


def whole_histories(cases: Cases) -> list[Edit]:
    """Return the history of every case, unchanged."""
    return [Edit.of(cases, case) for case in range(len(cases))]


def batch_of_edits(cases: Cases, edits: Sequence[Edit]) -> SequenceBatch:
    """Make a right-padded batch of edited histories, with every optional column that the collate of the cases gathers.

    What an edit made longer than the model's input loses its oldest steps; an empty history is one padded position.

    Args:
        cases: that the edits are of.
        edits: (B,) histories; nothing is to be predicted from them.
    """
    most = cases.max_length
    lengths = np.array([max(1, min(len(edit), most)) for edit in edits], dtype=np.int64)
    shape = (len(edits), int(lengths.max(initial=1)))
    items, events, moments = np.zeros(shape, np.int64), np.full(shape, HIDDEN), np.full(shape, HIDDEN)
    for row, edit in enumerate(edits):
        size = min(len(edit), most)
        # a slice of the last ``size`` steps; [-0:] would be all of them
        steps = slice(len(edit) - size, len(edit))
        items[row, :size], events[row, :size] = edit.items[steps], edit.events[steps]
        moments[row, :size] = edit.moments[steps]
    users = cases.users[[edit.case for edit in edits]]
    columns = gather_columns(cases.log, events, users, cases.collate.columns)
    columns |= gather_columns(cases.log, moments, users, set(cases.collate.columns) & {"timestamps"})
    return SequenceBatch(
        items=torch.from_numpy(items),
        targets=torch.zeros(shape, dtype=torch.int64),
        lengths=torch.from_numpy(lengths),
        user_index=torch.from_numpy(users),
        **columns,
    )
