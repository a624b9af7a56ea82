"""One job of a sweep in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from seqmine.app.typed import setting


def run_in_process(name: str, arguments: Sequence[str], folder: Path, sweep: str) -> int:
    """Run ``python -m seqmine.<name>`` and return its exit status; what it prints goes where this process prints.

    Args:
        name: of the program.
        arguments: its overrides and flags.
        folder: that it writes into.
        sweep: name of the sweep that the job belongs to.
    """
    command = [sys.executable, "-m", f"seqmine.{name}", *arguments, setting("hydra.run.dir", folder)]
    return subprocess.run(command, env={**os.environ, "SEQMINE_SWEEP": sweep}, check=False).returncode


def is_finished(folder: Path, overrides: Iterable[str]) -> bool:
    """Tell whether a job of a sweep that is gone on with has its results already, by the same settings."""
    from seqmine.runs.folder import read_command
    from seqmine.runs.settings import without_secret

    if not (folder / "metrics.json").is_file() or not (folder / "command.yaml").is_file():
        return False
    # the folder itself is written as a setting too
    done = [one for one in read_command(str(folder))["overrides"] if not one.startswith("hydra.")]
    return done == [without_secret(one) for one in overrides if not one.startswith("hydra.")]


def metric_of(folder: Path, monitor: str) -> float | None:
    """Return the metric that a job is judged by; None when it measured nothing."""
    from seqmine.runs.folder import monitored, read_metrics

    return monitored(read_metrics(folder), monitor) if (folder / "metrics.json").is_file() else None
