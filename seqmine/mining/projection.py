"""From a log of events to sequences of symbols: item, item:behavior, category, or any typed projection."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seqmine.structs import InteractionLog, UserError
from seqmine.structs.log import segment_positions


@dataclass(frozen=True)
class SymbolLog:
    """Histories of symbols, and what each symbol stands for.

    Args:
        log: ``items`` are symbols numbered from 1.
        symbol_items: (S + 1,) int32, the item (or category) of each symbol; entry 0 is nothing.
        symbol_behaviors: (S + 1,) uint8, the behavior of each symbol, or None when symbols are items alone.
        names: what to print for each symbol, by its number; empty where only numbers are known.
    """

    log: InteractionLog
    symbol_items: NDArray[np.int32]
    symbol_behaviors: NDArray[np.uint8] | None = None
    names: Sequence[str] = ()

    @property
    def num_symbols(self) -> int:
        """Number of different symbols."""
        return len(self.symbol_items) - 1

    def name(self, symbol: int) -> str:
        """Return what to print for a symbol."""
        if self.names:
            return self.names[symbol]
        item = str(int(self.symbol_items[symbol]))
        if self.symbol_behaviors is None:
            return item
        return f"{self.log.behavior_names[self.symbol_behaviors[symbol] - 1]} {item}"


def project_items(log: InteractionLog) -> SymbolLog:
    """Let every item be its own symbol.

    >>> project_items(InteractionLog.from_lists([[3, 1]])).log.items.tolist()
    [3, 1]
    """
    return SymbolLog(log, np.arange(int(log.items.max(initial=0)) + 1, dtype=np.int32))


def project_item_behaviors(log: InteractionLog) -> SymbolLog:
    """Let every pair of item and behavior be a symbol, so that "view A, cart A" is a pattern of two symbols.

    Raises:
        UserError: the log has no behaviors.
    """
    if log.behaviors is None:
        raise UserError("projection=item_behavior needs behaviors and the log has none: set data.columns.behavior.")
    codes = log.items.astype(np.int64) * 256 + log.behaviors
    pairs, symbols = np.unique(codes, return_inverse=True)
    items = np.concatenate([[0], pairs // 256]).astype(np.int32)
    behaviors = np.concatenate([[0], pairs % 256]).astype(np.uint8)
    return SymbolLog(replace(log, items=(symbols + 1).astype(np.int32)), items, behaviors)


def project_by_mapping(log: InteractionLog, mapping: NDArray[np.int32], names: Sequence[str] = ()) -> SymbolLog:
    """Replace each item by what a table says of it (its category, its brand); items that map to 0 leave the history.

    Args:
        log: histories of items.
        mapping: (V,) symbol of each item, 0 for none.
        names: what to print for each symbol, by its number.

    Raises:
        UserError: an item beyond the end of the mapping.

    >>> project_by_mapping(InteractionLog.from_lists([[1, 2, 1]]), np.array([0, 7, 0], np.int32)).log.items.tolist()
    [7, 7]
    """
    largest = int(log.items.max(initial=0))
    if largest >= len(mapping):
        raise UserError(f"Item {largest} has no entry in a mapping of {len(mapping)} rows: give one row an item.")
    symbols = np.asarray(mapping, dtype=np.int32)[log.items]
    projected = keep_events(replace(log, items=symbols), symbols > 0)
    return SymbolLog(projected, np.arange(int(np.max(mapping, initial=0)) + 1, dtype=np.int32), names=names)


def keep_events(log: InteractionLog, keep: NDArray[np.bool_]) -> InteractionLog:
    """Return the events where ``keep`` is True; every user stays, even empty."""
    offsets = np.concatenate([[0], np.cumsum(keep)])[log.offsets].astype(np.int64)
    return replace(
        log,
        items=log.items[keep],
        offsets=offsets,
        timestamps=None if log.timestamps is None else log.timestamps[keep],
        behaviors=None if log.behaviors is None else log.behaviors[keep],
        ratings=None if log.ratings is None else log.ratings[keep],
    )


def keep_users(log: InteractionLog, users: NDArray[np.int64]) -> InteractionLog:
    """Return the histories of the given users, in that order (a user may be given twice, as in a bootstrap).

    >>> keep_users(InteractionLog.from_lists([[1], [2, 3]]), np.array([1, 1])).items.tolist()
    [2, 3, 2, 3]
    """
    users = np.asarray(users, dtype=np.int64)
    lengths = log.lengths[users]
    rows = segment_positions(log.offsets[:-1][users], lengths)
    return replace(
        log,
        items=log.items[rows],
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        timestamps=None if log.timestamps is None else log.timestamps[rows],
        behaviors=None if log.behaviors is None else log.behaviors[rows],
        ratings=None if log.ratings is None else log.ratings[rows],
    )
