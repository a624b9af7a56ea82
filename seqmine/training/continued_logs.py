"""The logs of a training that goes on in its folder: the rows and the run of before, not those of a new run."""

import csv
from collections.abc import Sequence
from pathlib import Path

import torch
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger, WandbLogger
from lightning.pytorch.loggers.csv_logs import ExperimentWriter
from lightning.pytorch.utilities import rank_zero_only

from seqmine.structs.files import temporary_name


@rank_zero_only
def go_on(loggers: Sequence[Logger], checkpoint: Path) -> None:
    """Let loggers go on where a checkpoint was taken; what was logged after it is logged anew.

    W&B keeps what came after it, twice and equal, since a training goes on to the same bits.

    Args:
        loggers: of the run, none of which has begun.
        checkpoint: of the same run folder.
    """
    step = torch.load(checkpoint, map_location="meta", weights_only=True)["global_step"]
    for logger in loggers:
        if isinstance(logger, CSVLogger):
            logger._experiment = _writer_behind(Path(logger.log_dir), step)
        elif isinstance(logger, TensorBoardLogger):
            logger._kwargs["purge_step"] = step
        elif isinstance(logger, WandbLogger):
            # W&B's own folders are named by time and id
            earlier = [path.name.split("-")[-2:] for path in Path(str(logger.save_dir)).glob("wandb/*run-*-*")]
            if earlier:
                _, logger._wandb_init["id"] = max(earlier)


class _RowsBehind(ExperimentWriter):
    """Writes behind the rows that are there; Lightning's own deletes them."""

    def _check_log_dir_exists(self) -> None:
        pass


def _writer_behind(folder: Path, step: int) -> ExperimentWriter:
    """Return a writer of ``metrics.csv`` that keeps its rows of before ``step``."""
    writer = _RowsBehind(str(folder))
    path = Path(writer.metrics_file_path)
    if not path.is_file():
        return writer
    with path.open(newline="") as lines:
        reader = csv.DictReader(lines)
        writer.metrics_keys = list(reader.fieldnames or ())
        # a line that a kill cut off has no step
        kept = [row for row in reader if (row["step"] or "").isdigit() and int(row["step"]) < step]

    # not written as other files of the run are: its checksum would not be that of the rows to come
    temporary = temporary_name(path)
    with temporary.open("w", newline="") as lines:
        table = csv.DictWriter(lines, writer.metrics_keys)
        table.writeheader()
        table.writerows(kept)
    temporary.replace(path)
    return writer
