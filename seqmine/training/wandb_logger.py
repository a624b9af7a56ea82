"""W&B without questions: offline unless a key is there, and no socket when offline."""

import os
from pathlib import Path

from lightning.pytorch.loggers import WandbLogger


def build_wandb_logger(*, project: str, name: str, group: str | None, tags: list[str], save_dir: str) -> WandbLogger:
    """Make a W&B logger that is online only when ``WANDB_API_KEY`` is set or ``WANDB_MODE`` says so.

    Args:
        project: W&B project.
        name: name of the run.
        group: runs of one sweep share it.
        tags: labels of the run.
        save_dir: run folder, below which W&B keeps its own.
    """
    online = os.environ.get("WANDB_MODE", "online" if os.environ.get("WANDB_API_KEY") else "offline") == "online"
    if not online:
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    os.environ.setdefault("WANDB_SILENT", "true")
    Path(save_dir).mkdir(parents=True, exist_ok=True)
    logger = WandbLogger(
        project=project, name=name, group=group, tags=tags, save_dir=save_dir, offline=not online, job_type="train"
    )
    logger._wandb_init.pop("anonymous", None)  # W&B warns of this setting even when it is None
    return logger
