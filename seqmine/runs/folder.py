"""The run folder: what other programs read back from it, and what its numbers depend on."""

import hashlib
import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seqmine.runs.reading import read_json, read_kept, read_settings, read_values, was_written
from seqmine.runs.settings import freeze_references
from seqmine.structs import UserError


def environment() -> dict[str, Any]:
    """Describe what the numbers of a run depend on apart from its configuration."""
    import lightning
    import torch

    import seqmine

    return {
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "lightning": lightning.__version__,
            "seqmine": seqmine.__version__,
        },
        "machine": {"system": platform.platform(), "processors": os.cpu_count(), "threads": torch.get_num_threads()},
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "git_sha": _git_sha(),
    }


def read_config(run: str) -> DictConfig:
    """Read the configuration of a finished run, with its inner references alive.

    A setting that is changed in it also changes where other settings refer to it. What came from the environment or
    from Hydra has the value that it had in the run, and so has the protocol that the run asked its log for.

    Raises:
        UserError: when ``run`` is no run folder, or one whose settings are damaged.
    """
    path = Path(run) / "config.yaml"
    if not was_written(path):
        raise UserError(f"run {run!r} has no config.yaml; set run to a folder that seqmine.train wrote")
    # older runs kept their references in the hidden folder of Hydra alone
    with_references = [Path(run) / "composed.yaml", Path(run) / ".hydra" / "config.yaml"]
    composed = next((path for path in with_references if was_written(path)), None)
    if composed is None:
        raise UserError(
            f"run {run!r} has neither composed.yaml nor .hydra/config.yaml, so its settings cannot be changed; copy "
            "the run with its hidden files and set run to that folder"
        )
    config, resolved = read_settings(composed), read_values(path)
    read_kept(composed, lambda _: freeze_references(config, resolved))
    if OmegaConf.select(config, "evaluation.seen") == "auto":
        config.evaluation.seen = resolved.evaluation.seen
    return config


def read_command(run: str) -> dict[str, Any]:
    """Read what was typed for a run (``overrides``), and the choice of each group of its configuration (``choices``).

    Raises:
        UserError: the run was made before it was written down.
    """
    path = Path(run) / "command.yaml"
    if not was_written(path):
        raise UserError(f"run {run!r} has no command.yaml, so its choice of data is unknown; leave data= out")
    return dict(read_settings(path))


def read_metrics(folder: Path) -> dict[str, Any]:
    """Read the metrics of a finished run.

    Raises:
        UserError: they are damaged.
    """
    return read_json(folder / "metrics.json")


def monitored(metrics: Mapping[str, Any], monitor: str) -> float | None:
    """Return what a run is judged by: a metric of the evaluation, or what only training logs, at its best epoch.

    >>> monitored({"val/loss": 2.0, "best_value": 1.5}, "train/loss")
    1.5
    """
    return metrics.get(monitor, metrics.get("best_value"))


def best_checkpoint(run: str) -> str:
    """Return the path of the checkpoint that validation chose.

    Raises:
        UserError: when the run has none.
    """
    path = Path(run) / "checkpoints" / "best.ckpt"
    if not path.is_file():
        raise UserError(f"run {run!r} has no checkpoints/best.ckpt; set run to a folder of a training that kept one")
    return str(path)


def checkpoint_fingerprint(run: str) -> str:
    """Return a hash of the weights that validation chose.

    Raises:
        UserError: when the run has none.
    """
    with Path(best_checkpoint(run)).open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]


def _git_sha() -> str | None:
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None
