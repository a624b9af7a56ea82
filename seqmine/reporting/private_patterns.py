"""Patterns that were released with noise: the files that may leave the house, and a table that says what is noisy."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from lightning.pytorch.loggers import Logger
from rich.markup import escape
from rich.table import Table

from seqmine.mining.private_top import PrivateTop
from seqmine.reporting.terminal import Terminal
from seqmine.structs.files import write_atomically, write_json

FOLDER = "release"


class PrivateReport:
    """Write and print patterns with noisy counts."""

    def __call__(self, found: PrivateTop, folder: Path, loggers: Sequence[Logger]) -> None:  # noqa: ARG002
        """Write ``release/private_patterns.parquet`` and ``release/privacy.json``, and print both.

        Args:
            found: of a study.
            folder: of the run.
            loggers: of the run, which are told nothing: what was found is in the release.
        """
        keys = [[found.symbols.key(symbol) for symbol in pattern] for pattern in found.patterns]
        table = pl.DataFrame(
            {"pattern": keys, "noisy_users": found.noisy_counts},
            schema={"pattern": pl.List(pl.String), "noisy_users": pl.Int64},
        )
        write_atomically(folder / FOLDER / "private_patterns.parquet", table.write_parquet)
        write_json(folder / FOLDER / "privacy.json", found.about)
        console = Terminal()
        console.print(private_table(found))
        console.print(spent(found))


def private_table(found: PrivateTop) -> Table:
    """Return a row for each pattern, the most frequent first.

    Args:
        found: of a study.
    """
    title = f"Patterns that most users have; users are noisy (95%: ± {found.half_width:.0f})"
    table = Table(title=title, min_width=len(title) + 2)  # a narrower table would break its title
    table.add_column("pattern")
    table.add_column("users, noisy", justify="right")
    for pattern, count in zip(found.patterns, found.noisy_counts.tolist(), strict=True):
        table.add_row(escape(found.symbols.shown_pattern(pattern)), f"{count:,}")
    return table


def spent(found: PrivateTop) -> str:
    """Return what the release cost, in a sentence.

    Args:
        found: of a study.
    """
    about = found.about
    choice = f"{about['choice_share']:.0%} of it to choose the patterns (noise {about['choice_noise']:.1f} on supports)"
    counts = f"to count them (noise {about['count_noise']:.1f}, a user counts for {about['max_patterns']})"
    return (
        f"privacy of each user: epsilon {about['epsilon_spent']:g} spent at delta {about['delta']:g}, {choice}, the "
        f"rest {counts}; {_together(about)}; only {FOLDER}/ may leave the run folder"
    )


def _together(about: Mapping[str, Any]) -> str:
    if not about["epsilon_of_run"]:
        return "it adds to what models of the same users spent (run=<private run> adds it up)"
    return (
        f"with the epsilon {about['epsilon_of_run']:.3f} of the model of the run, at delta {about['delta_of_run']:g}, "
        f"both together spent epsilon {about['epsilon_together']:.3f} at delta {about['delta_together']:g}"
    )
