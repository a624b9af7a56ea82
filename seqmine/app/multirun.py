"""A multirun: its jobs, those that fail among them, and table and picture of its runs, one row per run, best first."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any, TextIO, cast

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from seqmine.structs.errors import UserError


class FailedJobError(RuntimeError):
    """A job that did not finish.

    Args:
        folder: of the job.
        status: that its process ended with.
        sweep: folder of the multirun.
        monitor: metric that ranks its runs; none where it is empty.
    """

    def __init__(self, folder: str, status: int, sweep: str, monitor: str) -> None:
        super().__init__(folder, status, sweep, monitor)  # as its arguments it comes back from another process
        self.folder, self.status, self.sweep, self.monitor = folder, status, sweep, monitor


def run_jobs(start: Callable[[], None]) -> None:
    """Run a multirun; where a job fails, the others run all the same and are ranked.

    Args:
        start: Hydra's start of the program.

    Raises:
        UserError: a job failed, or its settings cannot be composed.
    """
    from hydra.errors import HydraException

    from seqmine.app.composing import refused_by_hydra

    os.environ["HYDRA_FULL_ERROR"] = "1"  # else Hydra prints a traceback and exits
    try:
        with redirect_stderr(cast(TextIO, _WithoutHydrasWords(sys.stderr))):
            start()
    except KeyboardInterrupt:  # jobs of a launcher with processes of its own have told what there is to tell
        sys.exit(128 + signal.SIGINT)
    except FailedJobError as failed:
        write_leaderboard(Path(failed.sweep), failed.monitor)
        raise UserError(
            f"the run {failed.folder} failed with status {failed.status}{_others(failed)}, as the messages above say; "
            f"mend what they name, and the same command with hydra.sweep.dir={failed.sweep} runs what is not finished"
        ) from None
    except HydraException as error:
        raise refused_by_hydra(error) from None


def _others(failed: FailedJobError) -> str:
    """Name the other jobs that were begun and have no results, where jobs of this program have results at all."""
    sweep = Path(failed.sweep)
    if not any(sweep.glob("*/metrics.json")):
        return ""
    others = [folder.name for folder in _unfinished(sweep) if folder.name != Path(failed.folder).name]
    return f", and so did {', '.join(others)} beside it" if others else ""


def _unfinished(sweep: Path) -> list[Path]:
    """Return the folders of jobs that were begun and have no results, in the order of their numbers."""
    begun = [path.parent for path in sweep.glob("*/command.yaml") if not (path.parent / "metrics.json").is_file()]
    return sorted(begun, key=lambda folder: folder.name.zfill(9))


class _WithoutHydrasWords:
    """A stream without the line by which Hydra repeats all overrides of a failed job as a Python list."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return len(text) if text.startswith("Error executing job with overrides") else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def told_how_to_go_on(setting: str, folder: Path, monitor: str) -> Iterator[None]:
    """Where the body is asked to stop, keep the table of what is finished and say in a sentence how to go on.

    Args:
        setting: that names the folder of the sweep.
        folder: of the sweep.
        monitor: metric that ranks its runs; none where it is empty.
    """
    from seqmine.training.stop_signals import Stopped, stoppable

    with stoppable():
        try:
            yield
        except Stopped as stopped:
            write_leaderboard(folder, monitor)
            sys.stderr.write(
                f"stopped by {stopped.signal.name}: what is finished stays; go on with the same command and "
                f"{setting}={folder}\n"
            )
            raise


class WriteLeaderboard(Callback):
    """Write ``leaderboard.csv`` and its picture into the folder of a multirun when its runs are done."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:  # noqa: ARG002 - the signature is Hydra's
        """Collect the metrics of the runs that finished."""
        write_leaderboard(Path(config.hydra.sweep.dir), config.get("monitor"))


def write_leaderboard(sweep: Path, monitor: str | None) -> None:
    """Write the metrics and overrides of every finished run below ``sweep`` as a table, best ``monitor`` first if any.

    Where there is a ``monitor``, the runs are drawn beside each other too, and private runs by their epsilon.
    """
    import polars as pl

    from seqmine.metrics.direction import direction
    from seqmine.reporting.sweep_pictures import draw_jobs
    from seqmine.reporting.terminal import Terminal
    from seqmine.reporting.trade_off import spent_together, write_trade_off
    from seqmine.runs.folder import read_metrics
    from seqmine.structs.files import write_atomically

    folders = [path.parent for path in sorted(sweep.glob("*/metrics.json"))]
    rows = []
    for folder in folders:
        metrics = {name: value for name, value in read_metrics(folder).items() if isinstance(value, int | float)}
        rows.append({"run": folder.name, "overrides": _overrides(folder), **metrics})
    if not rows:
        return
    frame = pl.DataFrame(rows, infer_schema_length=None)
    if monitor and monitor in frame.columns:
        frame = frame.sort(monitor, descending=direction(monitor) == "max", nulls_last=True)
        draw_jobs(frame, monitor, sweep / "leaderboard.png", [_overrides(folder) for folder in _unfinished(sweep)])
        write_trade_off(rows, f"test/{monitor.removeprefix('val/')}", sweep)
    write_atomically(sweep / "leaderboard.csv", frame.write_csv)
    for sentence in spent_together(rows):
        Terminal().print(sentence, highlight=False)


def _overrides(folder: Path) -> str | None:
    """Return what was typed for a run; None where its folder does not say."""
    from seqmine.runs.folder import read_command

    if not (folder / "command.yaml").is_file():
        return None
    # that an interrupted job went on is no setting that tells it from others
    return " ".join(one for one in read_command(str(folder))["overrides"] if one != "resume=auto")
