"""From a log of events to sequences of symbols: items, categories, brands, each with what was done to it or without."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqmine.structs import InteractionLog, UserError


@dataclass(frozen=True)
class SymbolLog:
    """Histories of symbols, and what each symbol is called.

    Args:
        log: ``items`` are symbols numbered from 1.
        keys: raw key of each symbol, by its number less one: an item_id, or a value of an attribute.
        titles: what a person reads, as ``keys``; None where nothing is known.
        behaviors: what was done, as ``keys``; None where a symbol does not say.
    """

    log: InteractionLog
    keys: Sequence[str]
    titles: Sequence[str | None]
    behaviors: Sequence[str | None]

    def key(self, symbol: int) -> str:
        """Return the raw key of a symbol."""
        return self.keys[symbol - 1]

    def behavior(self, symbol: int) -> str | None:
        """Return what was done, or None where symbols do not say."""
        return self.behaviors[symbol - 1]

    @property
    def has_behaviors(self) -> bool:
        """True when symbols say what was done."""
        return any(behavior is not None for behavior in self.behaviors)

    def shown(self, symbol: int) -> str:
        """Return what a person reads: the title where there is one."""
        return _joined(self.behavior(symbol), self.titles[symbol - 1] or self.key(symbol))

    def shown_pattern(self, pattern: tuple[int, ...]) -> str:
        """Return the symbols of a pattern with arrows."""
        return " → ".join(self.shown(symbol) for symbol in pattern)

    def numbers(self, names: Sequence[str]) -> tuple[int, ...]:
        """Return the symbols of the given names: a raw key, after the behavior where symbols have one ("cart A").

        Raises:
            UserError: no symbol has that name.
        """
        number = {_joined(self.behavior(row + 1), key): row + 1 for row, key in enumerate(self.keys)}
        for name in map(str, names):
            if name not in number:
                some = ", ".join(repr(known) for known in list(number)[:3])
                raise UserError(f"`must_contain` has {name!r}, and the log has symbols such as {some}")
        return tuple(number[str(name)] for name in names)


def people_note(log: InteractionLog) -> str | None:
    """Return what counts are of, in a sentence, where histories are sessions; None where they are not."""
    if log.people is None:
        return None
    return (
        f"Users here are {log.num_users:,} sessions of {log.num_people:,} people: supports count sessions; tests, "
        "confidence, lift, held-out users, resampling and release.min_users count people, who have a pattern when one "
        "of their sessions has it."
    )


class Projection:
    """Makes symbols of events.

    Args:
        attribute: column of the catalog whose value stands for an item (genres, brand, topic); unset, the item itself.
            Events of items without a value leave the history; a list of values is one symbol, joined by ``|``.
        with_behavior: a symbol also says what was done: view A, cart A.
        behaviors: kinds of events that stay in the history; unset, all.
    """

    def __init__(
        self, *, attribute: str | None = None, with_behavior: bool = False, behaviors: Sequence[str] | None = None
    ) -> None:
        self.attribute, self.with_behavior = attribute, with_behavior
        self.behaviors = behaviors

    def __call__(
        self, log: InteractionLog, item_ids: Sequence[str], features: Mapping[str, Sequence[Any]]
    ) -> SymbolLog:
        """Return the histories of symbols.

        Args:
            log: histories of items.
            item_ids: raw key of each item, by its number less one.
            features: columns of the catalog, each as ``item_ids``.

        Raises:
            UserError: behaviors or an attribute that the log does not have.
        """
        if self.behaviors is not None:
            log = _of_behaviors(log, self.behaviors)
        if self.attribute is None:
            keys, titles = list(item_ids), list(features.get("title", [None] * len(item_ids)))
        else:
            log, keys = _by_attribute(log, features, self.attribute)
            titles = [None] * len(keys)
        if self.with_behavior:
            return _with_behaviors(log, keys, titles)
        return SymbolLog(log, keys, titles, [None] * len(keys))


class BehaviorProjection:
    """Takes the behavior as the symbol, whatever the item: view, cart, buy.

    Args:
        behaviors: kinds of events that stay in the history; unset, all.
    """

    def __init__(self, *, behaviors: Sequence[str] | None = None) -> None:
        self.behaviors = behaviors

    def chosen(self, log: InteractionLog) -> NDArray[np.bool_]:
        """Return (E,) which events stay.

        Raises:
            UserError: the log has no kinds of events, or not those that are chosen.
        """
        if log.behaviors is None:
            raise UserError("projection=behavior needs kinds of events and the log has none; set `source.behavior`")
        if self.behaviors is None:
            return np.ones(log.num_events, np.bool_)
        return _is_of_behaviors(log, self.behaviors)

    def __call__(
        self,
        log: InteractionLog,
        item_ids: Sequence[str],  # noqa: ARG002
        features: Mapping[str, Sequence[Any]],  # noqa: ARG002
    ) -> SymbolLog:
        """Return the histories of kinds of events.

        Args:
            log: histories of items.
            item_ids: not needed here.
            features: not needed here.

        Raises:
            UserError: the log has no kinds of events, or not those that are chosen.
        """
        kept = log.keep(self.chosen(log))
        names = list(log.behavior_names)
        assert kept.behaviors is not None
        nothing = [None] * len(names)
        return SymbolLog(replace(kept, items=kept.behaviors.astype(np.int32)), names, nothing, nothing)


def _joined(behavior: str | None, name: str) -> str:
    return name if behavior is None else f"{behavior} {name}"


def _of_behaviors(log: InteractionLog, behaviors: Sequence[str]) -> InteractionLog:
    """Return only the events of some kinds."""
    if log.behaviors is None:
        raise UserError("`behaviors` are chosen and the log has none; set `source.behavior`")
    return log.keep(_is_of_behaviors(log, behaviors))


def _is_of_behaviors(log: InteractionLog, behaviors: Sequence[str]) -> NDArray[np.bool_]:
    """Return which events are of some kinds."""
    assert log.behaviors is not None
    known = list(log.behavior_names)
    for name in behaviors:
        if name not in known:
            raise UserError(f"`behaviors` has {name!r}, allowed are {', '.join(known)}")
    return np.isin(log.behaviors, [known.index(name) + 1 for name in behaviors])


def _by_attribute(
    log: InteractionLog, features: Mapping[str, Sequence[Any]], attribute: str
) -> tuple[InteractionLog, list[str]]:
    """Return the log with values of an attribute in place of items, and the values by number less one."""
    if attribute not in features:
        raise UserError(f"`attribute` is {attribute!r}, allowed are {', '.join(sorted(features))}")
    texts = [_text(value) for value in features[attribute]]
    keys = sorted({text for text in texts if text})
    number = {key: index + 1 for index, key in enumerate(keys)}
    mapping = np.array([0, *(number.get(text, 0) for text in texts)], dtype=np.int32)
    symbols = mapping[log.items]
    return replace(log, items=symbols).keep(symbols > 0), keys


def _text(value: Any) -> str:
    """Return a value of an attribute as a raw key; empty where there is none.

    >>> _text(["Action", "War"]), _text(None), _text(3)
    ('Action|War', '', '3')
    """
    if value is None:
        return ""
    return "|".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _with_behaviors(log: InteractionLog, keys: list[str], titles: list[str | None]) -> SymbolLog:
    """Let every pair of symbol and behavior be a symbol, so that "view A, cart A" is a pattern of two symbols."""
    if log.behaviors is None:
        raise UserError("symbols with behaviors need a log that has them; set `source.behavior`")
    codes = log.items.astype(np.int64) * 256 + log.behaviors
    pairs, symbols = np.unique(codes, return_inverse=True)
    items, kinds = (pairs // 256 - 1).tolist(), (pairs % 256 - 1).tolist()
    return SymbolLog(
        replace(log, items=(symbols + 1).astype(np.int32)),
        [keys[item] for item in items],
        [titles[item] for item in items],
        [log.behavior_names[kind] for kind in kinds],
    )
