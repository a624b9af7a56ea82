"""Patterns and rules in the loggers of a run: numbers everywhere, tables where a logger has them (W&B)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from lightning.pytorch.loggers import Logger, WandbLogger

from seqmine.mining.symbols import SymbolLog
from seqmine.reporting.patterns import best_rows
from seqmine.structs import PatternTable

MOST_ROWS = 1000
"""Rows of a table in a logger; the files of the run have all."""


def log_patterns(
    loggers: Sequence[Logger],
    table: PatternTable,
    symbols: SymbolLog,
    report: Mapping[str, Any],
    lists: Mapping[str, PatternTable],
) -> None:
    """Log the numbers of a report, the best patterns and rules, and where data and model disagree, as tables.

    Args:
        loggers: of the run.
        table: patterns with their measures.
        symbols: what the symbols are called.
        report: what is said of the table as a whole.
        lists: rules of which the model was asked, by name.
    """
    rows = best_rows(table)
    rules = rows[table.lengths[rows] > 1]
    for logger in loggers:
        if isinstance(logger, WandbLogger):
            logger.log_table("patterns", *_pattern_rows(table.take(rows[:MOST_ROWS]), symbols))
            logger.log_table("rules", *_rule_rows(table.take(rules[:MOST_ROWS]), symbols))
            for name, found in lists.items():
                logger.log_table(name, *_rule_rows(found.take(np.arange(min(len(found), MOST_ROWS))), symbols))
    log_report(loggers, report)


def log_report(loggers: Sequence[Logger], report: Mapping[str, Any]) -> None:
    """Log the numbers of a report and end the loggers.

    Args:
        loggers: of the run.
        report: what is no finite number is left out.
    """
    numbers = {
        f"mine/{name}": float(value)
        for name, value in report.items()
        if isinstance(value, int | float) and np.isfinite(value)
    }
    for logger in loggers:
        logger.log_metrics(numbers)
        logger.finalize("success")


def _pattern_rows(table: PatternTable, symbols: SymbolLog) -> tuple[list[str], list[list[Any]]]:
    """Return the names of the columns and the rows of a table of patterns."""
    texts = [symbols.shown_pattern(pattern) for pattern in table.patterns()]
    return _with_measures(["pattern"], [texts], table)


def _rule_rows(table: PatternTable, symbols: SymbolLog) -> tuple[list[str], list[list[Any]]]:
    """Return the names of the columns and the rows of a table of rules."""
    befores = [symbols.shown_pattern(pattern[:-1]) for pattern in table.patterns()]
    afters = [symbols.shown(pattern[-1]) for pattern in table.patterns()]
    return _with_measures(["antecedent", "consequent"], [befores, afters], table)


def _with_measures(names: list[str], texts: list[list[str]], table: PatternTable) -> tuple[list[str], list[list[Any]]]:
    """Return texts and all measures beside each other; W&B knows no NaN, so what was not measured is None."""
    measures = [[_known(value) for value in column.tolist()] for column in table.columns.values()]
    columns = [*texts, table.support_count.tolist(), *measures]
    return [*names, "users", *table.columns], [list(row) for row in zip(*columns, strict=True)]


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and np.isnan(value) else value
