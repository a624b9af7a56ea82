"""How far long work is: told by whoever does it, and shown by the program that runs it, if any."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Advance = Callable[[int], None]
"""Is told how much more is done."""
Bar = Callable[[int, str], AbstractContextManager[Advance]]
"""Shows work of a size and a name for as long as it goes on."""

Teller = Callable[[str], None]
"""Is told what begins now."""

_bars: list[Bar] = []
_tellers: list[Teller] = []


@contextmanager
def shown_by(bar: Bar) -> Iterator[None]:
    """Show what is told inside by a bar."""
    _bars.append(bar)
    try:
        yield
    finally:
        _bars.pop()


@contextmanager
def told_by(teller: Teller) -> Iterator[None]:
    """Tell a function of the stages that begin inside."""
    _tellers.append(teller)
    try:
        yield
    finally:
        _tellers.pop()


def stage(what: str) -> None:
    """Tell that a stage of long work begins.

    Args:
        what: is done, in a few words.

    >>> with told_by(print):
    ...     stage("bootstraps")
    bootstraps
    """
    if _tellers:
        _tellers[-1](what)


@contextmanager
def progress(total: int, what: str, least: int) -> Iterator[Advance]:
    """Tell how far work is.

    Args:
        total: size of the work, in any unit.
        what: is done, in a few words.
        least: smaller work ends before somebody wonders, and is not told.

    Yields:
        What is told of each piece that is done.
    """
    if not _bars or total < least:
        yield lambda _: None
        return
    with _bars[-1](total, what) as advance:
        yield advance
