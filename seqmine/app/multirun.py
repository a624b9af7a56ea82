"""What a multirun leaves beside its runs: their table, one row a run, best first."""

from collections.abc import Sequence
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
    for folder, overrides in zip(folders, _overrides(folders), strict=True):
        metrics = {name: value for name, value in read_metrics(folder).items() if isinstance(value, int | float)}
        rows.append({"run": folder.name, "overrides": overrides, **metrics})
    if rows:
        frame = pl.DataFrame(rows, infer_schema_length=None)
        if monitor is not None and monitor in frame.columns:
            frame = frame.sort(monitor, descending=direction(monitor) == "max", nulls_last=True)
        write_atomically(sweep / "leaderboard.csv", frame.write_csv)


def _overrides(folders: Sequence[Path]) -> list[str]:
    """Return the overrides of each run; if a hidden file was not copied, the settings in which the runs differ."""
    from omegaconf import OmegaConf

    hidden = [folder / ".hydra" / "overrides.yaml" for folder in folders]
    if all(path.is_file() for path in hidden):
        return [" ".join(map(str, OmegaConf.load(path))) for path in hidden]
    settings = [_settings(folder) for folder in folders]
    names = dict.fromkeys(name for own in settings for name in own)
    differing = [name for name in names if len({str(own.get(name)) for own in settings}) > 1]
    return [" ".join(f"{name}={own[name]}" for name in differing if name in own) for own in settings]


def _settings(folder: Path) -> dict[str, Any]:
    """Return the value of each setting of a run as it was given, references as such."""
    from omegaconf import DictConfig, ListConfig

    from seqmine.runs.folder import read_config
    from seqmine.runs.settings import nodes

    leaves = [(name, node) for name, node in nodes(read_config(str(folder))) if not isinstance(node, DictConfig)]
    return {name: node if isinstance(node, ListConfig) else node._value() for name, node in leaves}
