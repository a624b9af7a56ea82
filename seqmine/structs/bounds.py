"""What a parameter may be: kinds of numbers for the annotations of constructors, and whether a value is of a kind.

A component annotates its parameters and does not look at them again: whoever builds it from settings has held each
value against its annotation, and told in a sentence what is no such value. ``bounded`` does the same where a component
is made in Python.
"""

import inspect
import types
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

LARGEST = 3.4028234e38
"""The largest number of 32 bits, in which models are computed."""
PART = object()
"""Stands for a value that is not known before it is built."""
_LISTS = (list, tuple, set, frozenset, Sequence, Collection, Iterable)
_MAPPINGS = (dict, Mapping)
_WORDS = {
    bool: "true|false",
    int: "whole numbers",
    float: "numbers",
    str: "texts",
    type(None): "null",
    None: "null",
}


@dataclass(frozen=True)
class Bounds:
    """Where a number may lie; the finite numbers of 32 bits where nothing is set.

    >>> str(Bounds(at_least=1)), str(Bounds(above=0, at_most=1)), str(Bounds(at_least=0, below=1))
    (' from 1', ' above 0 and up to 1', ' from 0 and below 1')
    """

    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None

    def __contains__(self, value: float) -> bool:
        """Tell whether a number lies within."""
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.above is None or value > self.above)
            and (self.at_most is None or value <= self.at_most)
            and (self.below is None or value < self.below)
        )

    def __str__(self) -> str:
        """Return the bounds in words that follow a noun."""
        named = (("from", self.at_least), ("above", self.above), ("up to", self.at_most), ("below", self.below))
        words = [f"{word} {value}" for word, value in named if value is not None]
        return f" {' and '.join(words)}" if words else ""


PositiveInt = Annotated[int, Bounds(at_least=1)]
AtLeastTwo = Annotated[int, Bounds(at_least=2)]
NonNegativeInt = Annotated[int, Bounds(at_least=0)]
Seed = Annotated[int, Bounds(at_least=0, at_most=2**32 - 1)]
PositiveFloat = Annotated[float, Bounds(above=0)]
NonNegativeFloat = Annotated[float, Bounds(at_least=0)]
Share = Annotated[float, Bounds(at_least=0, at_most=1)]
PositiveShare = Annotated[float, Bounds(above=0, at_most=1)]
ShareBelowOne = Annotated[float, Bounds(at_least=0, below=1)]
InnerShare = Annotated[float, Bounds(above=0, below=1)]
Temperature = Annotated[float, Bounds(at_least=1e-3, at_most=1e3)]
"""Scores are divided by it: far outside, the softmax of them is one item or says nothing."""
Penalty = Annotated[float, Bounds(at_least=0, at_most=1e6)]
"""A weight of a term of the loss, or of the size of the weights."""


def fits(value: Any, kind: Any) -> bool:  # noqa: PLR0911 - one answer for each form of an annotation
    """Tell whether a value of a configuration is of an annotated kind.

    >>> fits(1, float | None), fits("auto", list[int] | str), fits(True, int), fits("a", int), fits(0, PositiveInt)
    (True, True, False, False, False)
    """
    origin, options = get_origin(kind), get_args(kind)
    if value is PART or kind in (Any, object, inspect.Parameter.empty) or isinstance(kind, str | TypeVar):
        return True
    if origin in (Union, types.UnionType):
        return any(fits(value, option) for option in options)
    if origin is Annotated:
        bounds = [bound for bound in options[1:] if isinstance(bound, Bounds)]
        return fits(value, options[0]) and all(not _is_number(value) or value in bound for bound in bounds)
    if origin is Literal:
        return any(value == option and type(value) is type(option) for option in options)
    if isinstance(value, Mapping):
        return _of_mapping(value, origin or kind, options)
    if isinstance(value, list | tuple):
        return _of_list(value, origin or kind, options)
    return _of_scalar(value, kind)


def words(kind: Any) -> str:
    """Return in words what a configuration may write for an annotated kind.

    >>> words(PositiveInt | Literal["auto", "all"] | None), words(Sequence[Share])
    ('whole numbers from 1, auto, all or null', 'lists of numbers from 0 and up to 1')
    """
    *first, last = dict.fromkeys(_each_in_words(kind)) or ["what its class takes"]
    return f"{', '.join(first)} or {last}" if first else last


def _of_list(value: Sequence[Any], kind: Any, options: tuple[Any, ...]) -> bool:
    if kind not in _LISTS:
        return False
    if kind is tuple and options and options[-1] is not Ellipsis:
        return len(value) == len(options) and all(map(fits, value, options))
    return all(fits(element, options[0]) for element in value if options)


def _of_mapping(value: Mapping[str, Any], kind: Any, options: tuple[Any, ...]) -> bool:
    return kind in _MAPPINGS and all(fits(element, options[1]) for element in value.values() if options)


def _of_scalar(value: Any, kind: Any) -> bool:
    if value is None:
        return kind in (None, type(None))
    if kind is float:
        return _is_number(value) and abs(value) <= LARGEST  # nan is below nothing
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    if isinstance(kind, type) and issubclass(kind, PathLike):
        return isinstance(value, str)
    return kind in (bool, str) and isinstance(value, kind)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _each_in_words(kind: Any) -> Iterator[str]:
    origin, options = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        for option in options:
            yield from _each_in_words(option)
    elif origin is Annotated:
        for word in _each_in_words(options[0]):
            yield word + "".join(str(bound) for bound in options[1:] if isinstance(bound, Bounds))
    elif origin is Literal:
        yield from map(str, options)
    elif kind is Any:
        yield "values"
    elif kind in _WORDS:
        yield from _WORDS[kind].split("|")
    elif (origin or kind) in _MAPPINGS:
        yield "names with values"
    elif (origin or kind) in _LISTS:
        yield f"lists of {words(options[0])}" if options else "lists"
