"""Mined patterns as Parquet tables, a picture, and tables in the terminal."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from seqmine.mining.engine.frequent import Progress
from seqmine.mining.judging.release import best_released
from seqmine.mining.symbols import SymbolLog
from seqmine.reporting.pattern_columns import headers
from seqmine.reporting.progress import somebody_watches
from seqmine.structs import PatternTable
from seqmine.structs.files import write_atomically
from seqmine.structs.progress import told_by

_FIRST_COLUMNS = (
    "holdout_support",
    "expected_support",
    "lift",
    "p_value",
    "q_value",
    "stability",
    "model_probability",
    "agreement",
    "faithfulness",
)
_RULE_COLUMNS = (
    "confidence",
    "holdout_confidence",
    "later_confidence",
    "lift",
    "holdout_lift",
    "later_lift",
    "q_value",
)

_SHOWN_COLUMNS = (
    "support_count",
    "people_count",
    "holdout_lift",
    "q_value",
    "confidence",
    "later_lift",
    "lift",
    "stability",
)
"""Measures in the terminal, the most important first."""
_LIST_COLUMNS = ("next_confidence", "model_probability", "num_cases", "faithfulness")
_COLUMN_WIDTH = 9


@contextmanager
def shown_stages(first: str) -> Iterator[Progress]:
    """Show a line for every stage that begins, and in a terminal a bar of the first, that the given function moves."""
    from rich.progress import Progress as Bar

    from seqmine.reporting.terminal import Terminal

    start = time.perf_counter()

    def tell(what: str) -> None:
        sys.stderr.write(f"{time.perf_counter() - start:6.1f} s  {what}\n")

    tell(first)
    with (
        Bar(console=Terminal(stderr=True), transient=True, disable=not somebody_watches()) as bar,
        told_by(tell),
    ):
        task = bar.add_task(first, total=1.0)

        def move(share: float) -> None:
            bar.update(task, completed=share)
            if share >= 1:
                bar.stop()

        yield move


def write_patterns(table: PatternTable, symbols: SymbolLog, folder: Path, num_drawn: int) -> None:
    """Write ``patterns.parquet``, ``rules.parquet`` and ``rules.png``.

    Args:
        table: patterns with their measures; those that were not taken are null.
        symbols: what the symbols are called.
        folder: of the run.
        num_drawn: rules in the picture.
    """
    patterns, rules = pattern_frame(table, symbols), rule_frame(table, symbols)
    write_atomically(folder / "patterns.parquet", lambda path: pq.write_table(patterns, path, write_page_checksum=True))
    write_atomically(folder / "rules.parquet", lambda path: pq.write_table(rules, path, write_page_checksum=True))
    rows = best_rows(table)
    rows = rows[table.lengths[rows] > 1][:num_drawn]
    if len(rows):
        from seqmine.reporting.pattern_flow import draw_flow

        draw_flow(table.take(rows), symbols.shown, folder / "rules.png")


def pattern_frame(table: PatternTable, symbols: SymbolLog) -> pa.Table:
    """Return the table with raw keys, one row per pattern; the agreed columns come first, null where not measured."""
    used = np.unique(table.symbols)
    place = np.searchsorted(used, table.symbols)
    item_ids = pa.array([symbols.key(symbol) for symbol in used.tolist()], pa.string()).take(pa.array(place))
    offsets = pa.array(table.offsets.astype(np.int32))
    columns: dict[str, Any] = {
        "pattern": pa.ListArray.from_arrays(offsets, item_ids),
        "behaviors": pa.nulls(len(table), pa.list_(pa.string())),
        "support_count": table.support_count,
        "support": table.support_count / max(table.num_users, 1),
    }
    if symbols.has_behaviors:
        kinds = pa.array([symbols.behavior(symbol) for symbol in used.tolist()], pa.string()).take(pa.array(place))
        columns["behaviors"] = pa.ListArray.from_arrays(offsets, kinds)
    for name in (*_FIRST_COLUMNS, *(name for name in table.columns if name not in _FIRST_COLUMNS)):
        columns[name] = _nullable(table.columns.get(name), len(table))
    return pa.table(columns)


def rule_frame(table: PatternTable, symbols: SymbolLog) -> pa.Table:
    """Return every pattern of two or more symbols as a rule to its last one."""
    rows = np.flatnonzero(table.lengths > 1)
    part = table.take(rows)
    frame = pattern_frame(part, symbols)
    lasts = part.offsets[1:] - 1
    flat = frame["pattern"].combine_chunks().flatten()
    is_last = np.zeros(len(part.symbols), np.bool_)
    is_last[lasts] = True
    offsets = pa.array((part.offsets - np.arange(len(part) + 1)).astype(np.int32))
    antecedent = pa.ListArray.from_arrays(offsets, flat.filter(pa.array(~is_last)))
    columns: dict[str, Any] = {"antecedent": antecedent, "consequent": flat.filter(pa.array(is_last))}
    if symbols.has_behaviors:
        kinds = frame["behaviors"].combine_chunks().flatten()
        columns["antecedent_behaviors"] = pa.ListArray.from_arrays(offsets, kinds.filter(pa.array(~is_last)))
        columns["consequent_behavior"] = kinds.filter(pa.array(is_last))
    columns["support_count"] = part.support_count
    columns |= {name: _nullable(part.columns.get(name), len(part)) for name in _RULE_COLUMNS}
    return pa.table(columns)


def _nullable(column: NDArray | None, size: int) -> pa.Array:
    """Return a column in which what was not measured is null."""
    return pa.nulls(size, pa.float64()) if column is None else pa.array(column, from_pandas=True)


def best_rows(table: PatternTable) -> NDArray[np.int64]:
    """Return the rows to show: the released ones, the most useful first; without a release all of them, as they are."""
    if "released" not in table.columns:
        return np.arange(len(table))
    return best_released(table)


def pattern_rows(table: PatternTable, symbols: SymbolLog, most: int) -> list[dict[str, Any]]:
    """Return the first patterns of a table as plain values, for JSON."""
    rows = []
    for row, pattern in enumerate(table.patterns()[:most]):
        values = {name: column[row].item() for name, column in table.columns.items()}
        known = {name: value for name, value in values.items() if not np.isnan(value)}
        text = symbols.shown_pattern(pattern)
        ids = [symbols.key(symbol) for symbol in pattern]
        rows.append({"pattern": ids, "text": text, "support_count": int(table.support_count[row]), **known})
    return rows


def show_patterns(table: PatternTable, symbols: SymbolLog, most: int, notes: Sequence[str] = ()) -> None:
    """Print the best patterns with the measures that there is room for.

    Args:
        table: patterns with their measures.
        symbols: what the symbols are called.
        most: rows.
        notes: sentences that are printed below.
    """
    rows = best_rows(table)
    what = "released patterns" if "released" in table.columns else "patterns"
    table = table.with_columns(support_count=table.support_count)
    part = f", the best {most:,} are shown" if len(rows) > most else ""
    _show(f"{len(rows):,} {what} of {len(table):,}{part}", table.take(rows[:most]), symbols, _SHOWN_COLUMNS, notes)


def show_lists(lists: Mapping[str, PatternTable], symbols: SymbolLog, most: int) -> None:
    """Print where data and model disagree: how often the rule really holds next, and what the model says."""
    for name, table in lists.items():
        title = f"{name.replace('_', ' ')}: {len(table):,} rules"
        _show(title, table.take(np.arange(min(most, len(table)))), symbols, _LIST_COLUMNS)


def _show(title: str, table: PatternTable, symbols: SymbolLog, names: Sequence[str], notes: Sequence[str] = ()) -> None:
    """Print a table; the measures that come first are shown, as many as leave half of the width to the patterns."""
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    from seqmine.reporting.terminal import Terminal

    console = Terminal()
    columns = _fitting([name for name in names if name in table.columns], table, console.width // 2)
    shown = Table(box=SIMPLE_HEAD, padding=(0, 1), collapse_padding=True)
    shown.add_column("pattern", overflow="fold")
    for header in headers(*columns).values():
        shown.add_column(header, justify="right", no_wrap=True)
    for row in range(len(table)):
        values = [_shown_value(table, name, row) for name in columns]
        shown.add_row(escape(symbols.shown_pattern(table.pattern(row))), *values)
    console.print(title, highlight=False)  # not that of the table, which would fold it to its width
    if len(table):
        console.print(shown)
    for note in notes:
        console.print(note, markup=False, highlight=False)


def _fitting(names: Sequence[str], table: PatternTable, width: int) -> list[str]:
    """Return the measures that come first, as many as fit a width, and at least one."""
    widths = [_COLUMN_WIDTH * (2 if _has_limits(table, name) else 1) for name in names]
    return list(names[: max(int(np.searchsorted(np.cumsum(widths), width, side="right")), 1)])


def _has_limits(table: PatternTable, name: str) -> bool:
    return name == "holdout_lift" and "holdout_antecedent_count" in table.columns


def _shown_value(table: PatternTable, name: str, row: int) -> str:
    """Return a measure as text: a lift on others with its limits and cases, a q-value from permutations as a bound."""
    columns = table.columns
    text = _number(columns[name][row])
    if text and _has_limits(table, name):
        lower, upper = columns["holdout_lift_lower"][row], columns["holdout_lift_upper"][row]
        return f"{text} ({lower:.2g}–{upper:.2g}) n={int(columns['holdout_antecedent_count'][row])}"
    is_bound = name == "q_value" and "p_is_exact" in columns and not columns["p_is_exact"][row]
    return f"≤{text}" if is_bound else text


def show_agreement(name: str, pooled: Mapping[str, float]) -> None:
    """Print in one sentence whether a model is as sure of its predictions by some rules as it is right.

    Args:
        name: of the rules.
        pooled: what ``pooled_agreement`` returned.
    """
    from seqmine.reporting.terminal import Terminal

    if not pooled["num_first"]:
        Terminal().print(
            f"{name}: {pooled['num_rules']:,} rules, and in no held-out case does the model rank one first"
        )
        return
    Terminal().print(
        f"{name}: in {pooled['num_first']:,} held-out cases the model ranks first what one of {pooled['num_rules']:,} "
        f"rules expects: it says {pooled['first_probability']:.3g} and is right in {pooled['first_confidence']:.3g}"
    )


def _number(value: np.generic) -> str:
    if np.isnan(value):
        return ""
    return f"{value:,}" if isinstance(value, np.integer) else f"{value:.3g}"
