"""What was not released: where patterns fell, near misses with their reason, and what only comes together."""

from collections.abc import Sequence
from typing import Any

from seqmine.mining.judging.misses import ONE_SYMBOL, Misses
from seqmine.mining.symbols import SymbolLog
from seqmine.structs import PatternTable

_MOST_NEAR = 5


def fall_note(misses: Misses) -> str:
    """Return in a sentence at which condition how many patterns fell.

    >>> fall_note(Misses([], {"significant": 1200, "useful": 0, "directed": 3}, None, None))
    'Not released, by the first condition that was missed: 1,200 significant, 3 directed.'
    """
    parts = [f"{count:,} {name}" for name, count in misses.fell_at.items() if count]
    if parts:
        return f"Not released, by the first condition that was missed: {', '.join(parts)}."
    if all(reason == ONE_SYMBOL for reason in misses.reasons):
        return "No pattern has two symbols or more; a lower miner.min_support, or miner.min_count, finds rarer ones."
    return "Every pattern of two symbols or more that was judged is released."


def miss_rows(table: PatternTable, symbols: SymbolLog, misses: Misses, most: int) -> dict[str, list[dict[str, Any]]]:
    """Return near misses and what comes together in either order as plain values, for JSON."""

    def plain(rows: Sequence[int]) -> list[dict[str, Any]]:
        return [
            {
                "pattern": [symbols.key(symbol) for symbol in table.pattern(row)],
                "text": symbols.shown_pattern(table.pattern(row)),
                "support_count": int(table.support_count[row]),
                "reason": misses.reasons[row],
            }
            for row in rows
        ]

    return {
        "near_misses": plain(misses.near[:most].tolist()),
        "come_together": plain(misses.together[:most].tolist()),
    }


def show_misses(table: PatternTable, symbols: SymbolLog, misses: Misses, most: int | None) -> None:
    """Print what comes together in either order, and near misses where few patterns are released.

    Args:
        table: patterns with their measures.
        symbols: what the symbols are called.
        misses: of the table.
        most: rows; None for all.
    """
    num_released = int(table.columns["released"].sum())
    if len(misses.together):
        title = f"{len(misses.together):,} sets come together, in either order"
        rows = misses.together[:most].tolist()
        _show(title, [(" + ".join(map(symbols.shown, table.pattern(row))), table.support_count[row]) for row in rows])
    if len(misses.near) and (most is None or num_released < most):
        rows = misses.near[:_MOST_NEAR].tolist()
        title = f"{len(misses.near):,} near misses, each by one condition"
        _show(title, [(symbols.shown_pattern(table.pattern(row)), misses.reasons[row]) for row in rows])


def _show(title: str, rows: Sequence[tuple[str, Any]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    from seqmine.reporting.terminal import Terminal

    shown = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1), collapse_padding=True, show_header=False)
    shown.add_column(overflow="fold")
    shown.add_column(overflow="fold")
    for text, told in rows:
        shown.add_row(escape(text), escape(told) if isinstance(told, str) else f"{told:,} users")
    Terminal().print(shown)
