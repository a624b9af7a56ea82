"""The log and the weights of a run as artifacts of W&B, by which it shows which weights came from which log."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import wandb
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from seqmine.training.wandb_logger import UnattendedLogger

_FILES = ("config.yaml", "catalog.parquet")


@rank_zero_only
def log_artifacts(loggers: Sequence[Logger], folder: Path, monitor: str, metrics: Mapping[str, Any]) -> None:
    """Log the prepared log as what a run came from, and its weights as what came out.

    Of the log, what is known of it as a whole is sent, never an event. Of the weights, where they lie and their
    checksum; they are sent themselves where the logger says so.

    Args:
        loggers: of the run.
        folder: of the run.
        monitor: metric that chose the weights.
        metrics: of the run as a whole, with its protocol.
    """
    protocol = metrics["protocol"]
    best = folder / "checkpoints" / "best.ckpt"
    for logger in loggers:
        if not isinstance(logger, UnattendedLogger):
            continue
        run = logger.experiment
        log = wandb.Artifact(f"log-{protocol['data_fingerprint']}", "dataset", metadata=dict(protocol))
        # what `use_artifact` does, which refuses to do it offline
        run._log_artifact(log, is_user_created=True, use_after_commit=True)
        if not best.is_file():
            continue
        kept = {
            name: metrics[name] for name in ("best_epoch", monitor, monitor.replace("val/", "test/")) if name in metrics
        }
        weights = wandb.Artifact(f"weights-{run.id}", "model", metadata=kept)
        if logger.sends_weights:
            for path in (best, *(folder / name for name in _FILES)):
                weights.add_file(str(path))
        else:
            weights.add_reference(best.resolve().as_uri(), name=best.name)
        run.log_artifact(weights, aliases=["best"])
