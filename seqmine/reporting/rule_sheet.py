"""Rules as a sheet that opens in Excel: a sentence each, whether it is released and why not, and what it rests on."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqmine.mining.judging.misses import Misses
from seqmine.mining.symbols import SymbolLog
from seqmine.structs import PatternTable
from seqmine.structs.files import write_atomically

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MEASURES = {
    "people": "support_count",
    "people with the antecedent": "antecedent_count",
    "confidence": "confidence",
    "confidence from": "confidence_lower",
    "confidence to": "confidence_upper",
    "lift of order": "lift",
    "lift of order from": "lift_lower",
    "lift of order to": "lift_upper",
    "held-out people with the antecedent": "holdout_antecedent_count",
    "lift on others": "holdout_lift",
    "lift on others from": "holdout_lift_lower",
    "lift on others to": "holdout_lift_upper",
    "classical lift": "classical_lift",
    "co-purchase lift": "copurchase_lift",
    "q-value of order": "q_value",
    "direction p-value": "direction_p_value",
    "stability": "stability",
}
"""Titles of the columns with numbers, and where they come from."""
_LAGS = {"lower quartile": "lag_lower", "median": "lag_median", "upper quartile": "lag_upper"}
_UNITS = ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


def defused(text: str) -> str:
    """Return a text that a spreadsheet takes for text, whatever it begins with.

    >>> print(defused("=1+1"), defused("lamp"))
    '=1+1 lamp
    """
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def write_sheet(path: Path, titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV that opens in Excel; texts that look like formulas are told as text.

    Args:
        path: of the file.
        titles: of the columns.
        rows: cells, each row as ``titles``.
    """
    buffer = io.StringIO(newline="")
    sheet = csv.writer(buffer)
    sheet.writerow(titles)
    sheet.writerows([defused(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    # the mark of the byte order tells Excel that the file is UTF-8
    write_atomically(path, lambda temporary: temporary.write_text(buffer.getvalue(), "utf-8-sig", newline=""))


def time_words(seconds: float) -> str:
    """Return a span of time in its largest unit.

    >>> time_words(90), time_words(200000)
    ('1.5 minutes', '2.3 days')
    """
    size, unit = next((pair for pair in _UNITS if seconds >= pair[0]), _UNITS[-1])
    return f"{seconds / size:.2g} {unit}"


def rule_sentence(table: PatternTable, row: int, symbols: SymbolLog) -> str:
    """Return a rule in a sentence that needs no statistics."""
    pattern, columns = table.pattern(row), table.columns
    before, after = symbols.shown_pattern(pattern[:-1]), symbols.shown(pattern[-1])
    text = f"Of {int(columns['antecedent_count'][row]):,} people with {before}, {int(table.support_count[row]):,}"
    text += f" ({columns['confidence'][row]:.1%}) go on to {after}"
    if np.isfinite(columns["lift"][row]):
        text += f", {columns['lift'][row]:.2g} times as many as in random order"
    return text + "."


def write_rule_sheet(
    table: PatternTable, symbols: SymbolLog, misses: Misses | None, path: Path, *, has_time: bool
) -> None:
    """Write every judged pattern of two or more symbols as a row, the released ones first.

    Args:
        table: patterns with their measures, at least those of a rule.
        symbols: what the symbols are called.
        misses: why patterns are not released; None where nothing was judged.
        path: of the CSV.
        has_time: lags are seconds, and are written as hours; otherwise they are events.
    """
    released = table.columns.get("released", np.zeros(len(table)))
    # What lies beyond evidence.most_patterns has counts alone, which patterns.parquet holds.
    rows = np.flatnonzero((table.lengths > 1) & np.isfinite(table.columns["antecedent_count"]))
    rows = rows[np.argsort(-released[rows].astype(np.int64), kind="stable")]
    unit = "hours" if has_time else "events"
    known = {title: name for title, name in _MEASURES.items() if name == "support_count" or name in table.columns}
    lags = {title: name for title, name in _LAGS.items() if name in table.columns}
    judged = ["released", "reason not released"] if misses else []
    exact = {"p-value is a bound": "p_is_exact"} if "p_is_exact" in table.columns else {}
    titles = [f"lag, {title} ({unit})" for title in lags]
    header = ["antecedent", "consequent", "in words", *judged, "share of people", *known, *exact, *titles]
    part = table.take(rows)
    columns = [
        _cells(part.support_count / max(table.num_users, 1)),
        *(_cells(part.support_count if name == "support_count" else part.columns[name]) for name in known.values()),
        *(["no" if is_exact else "yes" for is_exact in part.columns[name]] for name in exact.values()),
        *(_cells(part.columns[name] / (3600 if has_time else 1)) for name in lags.values()),
    ]
    patterns = part.patterns()
    texts = [[symbols.shown_pattern(pattern[:-1]) for pattern in patterns], [symbols.shown(p[-1]) for p in patterns]]
    texts.append([rule_sentence(part, row, symbols) for row in range(len(part))])
    if misses:
        texts.append(["yes" if is_released else "no" for is_released in part.columns["released"]])
        texts.append([misses.reasons[row] for row in rows.tolist()])
    write_sheet(path, header, zip(*texts, *columns, strict=True))


def _cells(column: NDArray) -> list[Any]:
    """Return numbers with the digits that mean something; nothing where they were not measured."""
    return [
        "" if value != value else int(value) if value.is_integer() else float(f"{value:.4g}")  # noqa: PLR0124 - NaN
        for value in column.astype(np.float64).tolist()
    ]
