"""Constructors that hold what they are given against their own annotations, whoever calls them."""

import types
from collections.abc import Mapping
from functools import cache, wraps
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from seqmine.structs.bounds import Bounds, fits, words
from seqmine.structs.errors import UserError

Made = TypeVar("Made", bound=type)
_PLAIN = (bool, int, float, str, type(None))


def bounded(made: Made) -> Made:
    """Let a class refuse arguments that its constructor does not say it takes, also where no configuration is.

    It looks at keyword arguments that are annotated as numbers within bounds, or as one of several words.

    >>> from seqmine.structs.bounds import PositiveInt
    >>> @bounded
    ... class Window:
    ...     def __init__(self, *, size: PositiveInt = 3) -> None:
    ...         self.size = size
    >>> Window(size=2).size, Window().size
    (2, 3)
    >>> Window(size=0)
    Traceback (most recent call last):
    seqmine.structs.errors.UserError: size is 0, allowed are whole numbers from 1
    """
    takes = made.__init__  # type: ignore[misc]

    @cache
    def limits() -> Mapping[str, Any]:
        return {name: kind for name, kind in get_type_hints(takes, include_extras=True).items() if _is_limited(kind)}

    @wraps(takes)
    def within_bounds(self: Any, *args: Any, **kwargs: Any) -> None:
        for name, kind in limits().items():
            if name in kwargs and not fits(value := _plain(kwargs[name]), kind):
                raise UserError(f"{name} is {'null' if value is None else repr(value)}, allowed are {words(kind)}")
        takes(self, *args, **kwargs)

    made.__init__ = within_bounds  # type: ignore[misc]
    return made


def _is_limited(kind: Any) -> bool:
    """Tell whether an annotation is of numbers or texts alone, and not of all of them."""
    origin, options = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        limited = [option for option in options if option not in _PLAIN]
        return bool(limited) and all(map(_is_limited, limited))
    return origin is Literal or (origin is Annotated and any(isinstance(option, Bounds) for option in options))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
