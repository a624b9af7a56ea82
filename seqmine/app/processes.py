"""One job of a sweep in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from seqmine.app.typed import setting

_OWN = ("hydra.", "resume=auto")


def run_in_process(
    name: str, arguments: Sequence[str], folder: Path, sweep: str, environment: Mapping[str, str] | None = None
) -> int:
    """Run ``python -m seqmine.<name>`` and return its exit status; what it prints goes where this process prints.

    A job that was interrupted before goes on from its last checkpoint. Where this process is asked to stop, so is the
    job, and it is waited for.

    Args:
        name: of the program.
        arguments: its overrides and flags.
        folder: that it writes into.
        sweep: name of the sweep that the job belongs to.
        environment: more variables of the job.
    """
    command = [sys.executable, "-m", f"seqmine.{name}", *arguments, setting("hydra.run.dir", folder)]
    if _is_begun(folder, arguments):
        command.append("resume=auto")
    variables = {**os.environ, "SEQMINE_SWEEP": sweep, **(environment or {})}
    with subprocess.Popen(command, env=variables) as job:
        try:
            return job.wait()
        except SystemExit:  # the keyboard asks all processes to stop, a scheduler this one alone
            job.terminate()
            job.wait()
            raise


def is_finished(folder: Path, overrides: Iterable[str]) -> bool:
    """Tell whether a job of a sweep that is gone on with has its results already, by the same settings."""
    return (folder / "metrics.json").is_file() and _is_of(folder, overrides)


def _is_begun(folder: Path, overrides: Iterable[str]) -> bool:
    """Tell whether a job by the same settings left a checkpoint to go on from, and no results."""
    kept = any((folder / "checkpoints").glob("*last.ckpt"))
    return kept and not (folder / "metrics.json").is_file() and _is_of(folder, overrides)


def _is_of(folder: Path, overrides: Iterable[str]) -> bool:
    from seqmine.runs.folder import read_command
    from seqmine.runs.settings import without_secret

    if not (folder / "command.yaml").is_file():
        return False
    # the folder itself is written as a setting too, and that an interrupted job went on
    said = read_command(str(folder))["overrides"]
    done, asked = [[one for one in settings if not one.startswith(_OWN)] for settings in (said, overrides)]
    return done == [without_secret(one) for one in asked]


def metric_of(folder: Path, monitor: str) -> float | None:
    """Return the metric that a job is judged by; None when it measured nothing."""
    from seqmine.runs.folder import monitored, read_metrics

    return monitored(read_metrics(folder), monitor) if (folder / "metrics.json").is_file() else None
