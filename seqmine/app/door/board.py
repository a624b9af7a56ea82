"""Runs side by side from Python: what the program ``leaderboard`` does, returned instead of printed."""

import glob
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from seqmine.app.door.run import Run
from seqmine.app.job import quiet, settings_of
from seqmine.app.typed import setting
from seqmine.reporting.notebook import Picture, html_of, image_html
from seqmine.runs.leaderboard import Leaderboard


@dataclass(frozen=True)
class Board:
    """Finished runs side by side.

    Args:
        leaderboard: what was compared.
    """

    leaderboard: Leaderboard

    @property
    def frame(self) -> pl.DataFrame:
        """One row per model, baseline and ceiling, best test value first."""
        return self.leaderboard.rows

    @property
    def comparisons(self) -> pl.DataFrame:
        """Each model against the reference on the same users: difference, interval, corrected p-values."""
        return self.leaderboard.comparisons

    @property
    def slices(self) -> pl.DataFrame:
        """Each model on parts of the targets."""
        return self.leaderboard.slices

    @property
    def picture(self) -> Picture:
        """The test value of each row with its interval over users."""
        from seqmine.reporting.leaderboard import draw

        with TemporaryDirectory() as folder:
            draw(self.leaderboard, Path(folder) / "leaderboard.png")
            return Picture((Path(folder) / "leaderboard.png").read_bytes())

    def save(self, folder: str | Path) -> None:
        """Write the files of the program: three tables and a picture."""
        from seqmine.reporting.leaderboard import write

        write(self.leaderboard, Path(folder))

    def __repr__(self) -> str:
        return (
            f"Board({len(self.frame)} rows by test/{self.leaderboard.metric}, reference {self.leaderboard.reference!r})"
        )

    def _repr_html_(self) -> str:
        from seqmine.reporting.leaderboard import comparisons_table, rows_table

        columns = [self.leaderboard.metric, f"hit_rate@{self.leaderboard.metric.rpartition('@')[2]}"]
        tables = [rows_table(self.leaderboard, list(dict.fromkeys(columns)))]
        tables += [comparisons_table(self.leaderboard)] if len(self.comparisons) else []
        return html_of(repr(self), tables) + image_html(self.picture.png)


def leaderboard(
    runs: Iterable[Run | str | Path],
    *,
    metric: str = "ndcg@10",
    against: str | None = None,
    overrides: Sequence[str] = (),
) -> Board:
    """Hold finished runs side by side: mean and spread over seeds, paired tests of stored ranks, slices.

    Args:
        runs: runs or their folders.
        metric: what is tested and sliced.
        against: name of the row that the others are tested against; None takes the best on validation.
        overrides: any other setting of ``python -m seqmine.leaderboard``, such as ``num_resamples=1000``.

    Raises:
        UserError: a run that is not finished, or runs that were not measured alike.
    """
    from seqmine.runs.leaderboard import compare_runs

    folders = [glob.escape(str(run.folder if isinstance(run, Run) else run)) for run in runs]
    arguments = [setting("runs", folders), setting("metric", metric), setting("against", against)]
    with quiet():
        return Board(compare_runs(settings_of("leaderboard", [*arguments, *overrides])))
