"""From when to when an item can be recommended: a list of yesterday holds nothing that came today."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
import torch
from jaxtyping import Bool
from numpy.typing import NDArray
from torch import Tensor

from seqmine.data.sequences import PreparedData
from seqmine.data.sources.timestamps import to_epoch
from seqmine.data.targets import Targets
from seqmine.structs import Catalog, InteractionLog, UserError

_DAY = 86_400
_ALWAYS = np.iinfo(np.int64).max


@dataclass(frozen=True)
class ItemPeriods:
    """When each row of the item table can be recommended.

    Args:
        first: (V,) int64 first moment, in seconds since 1970; row 0, padding, never comes.
        last: (V,) int64 last moment.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]

    def outside(self, moments: NDArray[np.int64]) -> Bool[Tensor, "B V"]:
        """Tell which items cannot be recommended at each of (B,) moments.

        >>> ItemPeriods(np.array([99, 3, 5]), np.array([99, 4, 9])).outside(np.array([4, 5])).int().tolist()
        [[1, 0, 1], [1, 1, 0]]
        """
        asked = torch.from_numpy(np.asarray(moments, np.int64)).unsqueeze(1)
        return (asked < torch.from_numpy(self.first)) | (asked > torch.from_numpy(self.last))


def not_available(
    periods: ItemPeriods | None, never: NDArray[np.bool_] | None, targets: Targets, rows: NDArray[np.int64]
) -> Bool[Tensor, "B V"] | None:
    """Tell which items are no candidates of some targets; None where all are.

    Args:
        periods: when each item can be recommended, or None for all times.
        never: (V,) which items are never candidates, or None for none of them.
        targets: with their moments where there are periods.
        rows: (B,) which of the targets.
    """
    outside = None if periods is None else periods.outside(targets.times_of(rows))
    if never is None:
        return outside
    out = torch.from_numpy(never).expand(len(rows), -1)
    return out if outside is None else outside | out


class CandidateChoice:
    """Which items can be recommended at all, at the moment of a target.

    ``available``: the items that were there. An item of which a table says since when it was on sale was there since
    then; any other since its first event of anybody in the log, as nobody knows it before: a target that is the first
    event of its item is a miss, for it could not be recommended. Where the table says until when it was on sale, it
    was there until then. Every other choice looks at no time.

    Args:
        among: as in ``RankingEvaluator``.
        since: column of the item table with the first moment of sale: dates, ISO 8601 or numbers as of events; empty
            where it is not known. None for no such column.
        until: column with the last moment of sale; a date lasts to its end.
    """

    def __init__(
        self,
        *,
        among: Literal["full", "available", "uniform_100", "popularity_100"] = "full",
        since: str | None = None,
        until: str | None = None,
    ) -> None:
        self.among, self.since, self.until = among, since, until

    def periods(self, data: PreparedData) -> ItemPeriods | None:
        """Return when each item was there; None where that does not matter.

        Raises:
            UserError: the log has no times, or the item table no such column.
        """
        if self.among != "available":
            return None
        first = first_moments(data.log, data.catalog.num_items) + 1
        last = np.full(len(first), _ALWAYS)
        for name, moments, lasting in (("since", first, 0), ("until", last, _DAY - 1)):
            column = getattr(self, name)
            if column is not None:
                rows, stated = _stated(data.catalog, column, name, lasting)
                moments[rows] = stated
        first[0] = _ALWAYS
        return ItemPeriods(first, last)


def first_moments(log: InteractionLog, num_items: int) -> NDArray[np.int64]:
    """Return when each row of the item table occurred first in all of the log.

    Raises:
        UserError: the log has no times.
    """
    if log.timestamps is None:
        raise UserError(
            "the log has no timestamps, which `among`=available needs; set `source.timestamp`, or `among`=full"
        )
    first = np.full(num_items + 1, _ALWAYS - 1)
    np.minimum.at(first, log.items, log.timestamps)
    return first


def _stated(catalog: Catalog, column: str, name: str, lasting: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of the item table whose moment a column states, and the moments; a date lasts so many seconds."""
    if column not in catalog.features:
        has = ", ".join(catalog.features) or "none"
        raise UserError(f"`{name}` is {column!r}, but the columns of the item table are {has}; change `{name}`")
    values = pl.Series(column, catalog.features[column])
    if values.dtype == pl.String:
        values = values.replace("", None)
    known = values.is_not_null()
    rows, stated = np.flatnonzero(known.to_numpy()), values.filter(known)
    if not len(rows):
        return rows, np.zeros(0, np.int64)
    moments = to_epoch(stated, lambda row: f"{column} of item {catalog.item_ids[rows[row]]!r}")["timestamp"].to_numpy()
    is_date = stated.dtype == pl.Date or (
        stated.dtype == pl.String and (stated.str.len_chars() == len("2020-02-20")).all()
    )
    return rows + 1, moments + (lasting if is_date and "-" in str(stated[0]) else 0)
