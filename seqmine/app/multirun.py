"""The leaderboard of a multirun: its runs in a table, one row per run, best first."""

from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig


class WriteLeaderboard(Callback):
    """Write ``leaderboard.csv`` into the folder of a multirun when its runs are done."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:  # noqa: ARG002 - the signature is Hydra's
        """Collect the metrics of the runs that finished."""
        write_leaderboard(Path(config.hydra.sweep.dir), config.get("monitor"))


def write_leaderboard(sweep: Path, monitor: str | None) -> None:
    """Write the metrics and overrides of every finished run below ``sweep`` as CSV, best ``monitor`` first."""
    import polars as pl

    from seqmine.metrics.direction import direction
    from seqmine.runs.folder import read_metrics
    from seqmine.structs.files import write_atomically

    folders = [path.parent for path in sorted(sweep.glob("*/metrics.json"))]
    rows = []
    for folder in folders:
        metrics = {name: value for name, value in read_metrics(folder).items() if isinstance(value, int | float)}
        rows.append({"run": folder.name, "overrides": _overrides(folder), **metrics})
    if rows:
        frame = pl.DataFrame(rows, infer_schema_length=None)
        if monitor is not None and monitor in frame.columns:
            frame = frame.sort(monitor, descending=direction(monitor) == "max", nulls_last=True)
        write_atomically(sweep / "leaderboard.csv", frame.write_csv)


def _overrides(folder: Path) -> str | None:
    """Return what was typed for a run; None where its folder does not say."""
    from seqmine.runs.folder import read_command

    return " ".join(read_command(str(folder))["overrides"]) if (folder / "command.yaml").is_file() else None
