"""Settings, results and pictures of a training in its loggers: W&B and TensorBoard get the same."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
from lightning.pytorch.loggers import Logger, TensorBoardLogger, WandbLogger
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig

from seqmine.runs.results import table_rows
from seqmine.runs.settings import plain

_COLUMNS = ("hit_rate@10", "recall@10", "ndcg@10", "mrr@10", "coverage@10", "novelty@10", "popularity_bias@10")


@contextmanager
def logged_to(loggers: Sequence[Logger], config: DictConfig) -> Iterator[None]:
    """Log the settings of a run, secrets blanked, and end its loggers after the body, also where that fails.

    Args:
        loggers: of the run.
        config: of the run, with its protocol settled.
    """
    settings = plain(config)
    for logger in loggers:
        logger.log_hyperparams(settings)
    status = 1
    try:
        yield
        status = 0
    finally:
        for logger in loggers:
            if isinstance(logger, WandbLogger) and logger._experiment is not None:
                logger.experiment.finish(exit_code=status)  # a run that is not ended takes the rows of the next one


@rank_zero_only
def log_results(
    loggers: Sequence[Logger], config: DictConfig, metrics: Mapping[str, Any], epochs: Sequence[Mapping[str, float]]
) -> None:
    """Log what a finished run was found to be: numbers everywhere, the table of model and baselines where there is one.

    W&B keeps the numbers in the summary of the run.

    Args:
        loggers: of the run.
        config: of the run.
        metrics: of the run as a whole.
        epochs: the learning curve.
    """
    numbers = summary(config.monitor, metrics, epochs)
    names = [name for name in _COLUMNS if f"test/{name}" in metrics]
    rows = [
        [name, *(metrics.get(f"{prefix}test/{column}") for column in names)]
        for name, prefix in table_rows(config.run_name, dict(metrics))
    ]
    for logger in loggers:
        if isinstance(logger, WandbLogger):
            logger.log_table("standings", ["row", *names], rows)
            logger.experiment.summary.update({**numbers, "protocol": metrics["protocol"]})
        else:
            logger.log_metrics(numbers)
        if isinstance(logger, TensorBoardLogger):
            best = f"best/{config.monitor}"
            logger.log_hyperparams(plain(config), {best: numbers[best]} if best in numbers else None)
        logger.save()


@rank_zero_only
def log_table(loggers: Sequence[Logger], name: str, make: Callable[[], pl.DataFrame]) -> None:
    """Log a table to W&B; where no logger shows tables it is not made.

    Args:
        loggers: of the run.
        name: of the table.
        make: returns it.
    """
    found = [logger for logger in loggers if isinstance(logger, WandbLogger)]
    table = make() if found else pl.DataFrame()
    for logger in found:
        logger.log_table(name, table.columns, [list(row) for row in table.rows()])


def summary(monitor: str, metrics: Mapping[str, Any], epochs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the numbers of a run by name; of the learning curve the best epoch and the last.

    >>> curve = [{"val/ndcg@10": 0.2}, {"val/ndcg@10": 0.1}]
    >>> summary("val/ndcg@10", {"test/ndcg@10": 0.15, "val/ndcg@10": 0.2, "best_epoch": 0}, curve)
    {'test/ndcg@10': 0.15, 'best/val/ndcg@10': 0.2, 'best/epoch': 0, 'last/val/ndcg@10': 0.1, 'last/epoch': 1}
    """
    told = {"best_epoch": "best/epoch", "best_value": f"best/{monitor}"}
    numbers = {
        told.get(name, f"best/{name}" if name.startswith("val/") else name): value
        for name, value in metrics.items()
        if isinstance(value, int | float)
    }
    if epochs:
        numbers |= {f"last/{name}": value for name, value in epochs[-1].items() if name.startswith(("train/", "val/"))}
        numbers["last/epoch"] = len(epochs) - 1
    return numbers


@rank_zero_only
def log_picture(loggers: Sequence[Logger], name: str, path: Path, caption: str | None = None) -> None:
    """Log a picture of the run folder; nothing where it was not drawn.

    Args:
        loggers: of the run.
        name: of the picture.
        path: of the PNG.
        caption: what it shows, which W&B puts below it.
    """
    from matplotlib.image import imread

    if not path.is_file():
        return
    for logger in loggers:
        if isinstance(logger, WandbLogger):
            logger.log_image(name, [str(path)], caption=[caption])
        elif isinstance(logger, TensorBoardLogger):
            logger.experiment.add_image(name, imread(path)[..., :3], dataformats="HWC")
