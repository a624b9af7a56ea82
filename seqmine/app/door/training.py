"""Trainings and evaluations from Python: what the programs ``train`` and ``evaluate`` do, returned."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf

from seqmine.app.door.prepared import Data
from seqmine.app.door.run import Run
from seqmine.app.job import job, plain_errors, settings_of
from seqmine.app.start import record_run
from seqmine.app.typed import setting
from seqmine.runs.components import build
from seqmine.runs.folder import read_config
from seqmine.structs import UserError

if TYPE_CHECKING:
    from lightning import LightningModule

_QUIET = ("~callbacks.progress_bar", "trainer.enable_progress_bar=false")


def train(
    data: Data,
    *,
    model: str = "transformer",
    epochs: int | None = None,
    seed: int = 1,
    overrides: Sequence[str] = (),
    folder: str | Path | None = None,
    progress: bool | None = None,
) -> Run:
    """Train a model, choose its best checkpoint on validation, and test it once together with its baselines.

    The run folder is that of ``python -m seqmine.train``, and all programs take it; nothing is sent to W&B unless
    ``overrides`` has ``logger=default``.

    Args:
        data: a prepared log.
        model: one of ``conf/model``, such as ``sasrec``.
        epochs: the most that it is trained for; None keeps that of the configuration.
        seed: decides everything that is drawn.
        overrides: any other setting of ``python -m seqmine.train``, such as ``optimizer.lr=3e-4``.
        folder: of the run; None makes a new one below ``outputs`` of the data.
        progress: whether a progress bar is shown; None shows it in notebooks and terminals.

    Returns:
        The finished run.

    Raises:
        UserError: a setting that does not exist, or has a value that is not allowed.
    """
    from seqmine.app.fit import fit_and_test
    from seqmine.reporting.progress import somebody_watches

    watched = somebody_watches() if progress is None else progress
    arguments = [*data.settings, *(() if watched else _QUIET), "logger=csv", f"model={model}", setting("seed", seed)]
    arguments += [] if epochs is None else [setting("trainer.max_epochs", epochs)]
    arguments += [] if folder is None else [setting("hydra.run.dir", folder)]
    with job("train", [*arguments, *overrides]) as config:
        _require_one_device(config)
        record_run(config)
        fit_and_test(config)
    return Run(Path(config.paths.run))


def evaluate(
    run: Run | str | Path,
    *,
    seen: str | None = None,
    ties: str | None = None,
    unseen_targets: str | None = None,
    candidates: str | None = None,
    rerank: str | None = None,
    overrides: Sequence[str] = (),
    folder: str | Path | None = None,
) -> Run:
    """Score a finished run again, also by another protocol.

    Args:
        run: a run or its folder.
        seen: which items are no candidates: ``full``, ``window`` or ``none``; None keeps that of the run.
        ties: ``pessimistic``, ``mean`` or ``optimistic``; None keeps that of the run, as below.
        unseen_targets: ``keep`` (misses), ``drop`` or ``score`` (by their content) targets that training never saw.
        candidates: ``full``, ``uniform_100`` or ``popularity_100``.
        rerank: ``patterns`` corrects the model by them, ``none`` does not; None keeps what the run was trained with.
        overrides: any other setting of ``python -m seqmine.evaluate``, such as ``data.path=log.csv``.
        folder: of the evaluation; None makes a new one beside those of the trainings.

    Returns:
        The evaluation, whose ``metrics`` and ``per_user`` are the new ones.

    Raises:
        UserError: a folder that is no run, or a setting that does not exist.
    """
    from seqmine.app.fit import score_again
    from seqmine.runs.newer_log import on_the_log
    from seqmine.runs.restore import restore_run

    place = str(run.folder if isinstance(run, Run) else run)
    protocol = {"seen": seen, "ties": ties, "unseen_targets": unseen_targets, "candidates": candidates}
    arguments = [setting("run", place), setting("paths.outputs", read_config(place).paths.outputs)]
    arguments += [] if rerank is None else [f"rerank={rerank}"]
    arguments += [setting(f"evaluation.{name}", value) for name, value in protocol.items() if value is not None]
    arguments += [] if folder is None else [setting("hydra.run.dir", folder)]
    with job("evaluate", [*arguments, *overrides]) as config:
        settings, module, datamodule = restore_run(config)
        module, mapped = on_the_log(config.run, module, datamodule)
        settings.callbacks.pop("progress_bar", None)
        OmegaConf.update(settings, "trainer.enable_progress_bar", False, force_add=True)
        record_run(settings, asked=config)
        score_again(config, settings, module, datamodule, mapped)
    return Run(Path(config.paths.run))


def build_model(data: Data, *, model: str = "transformer", overrides: Sequence[str] = ()) -> "LightningModule":
    """Build an untrained model for a ``lightning.Trainer`` of one's own; its data module is ``data.datamodule``.

    Args:
        data: a prepared log.
        model: one of ``conf/model``.
        overrides: any other setting of ``python -m seqmine.train`` than those of the data, which ``prepare`` takes.

    Raises:
        UserError: a setting that does not exist, or a model that learns from other batches than the data module gives.
    """
    config = settings_of("train", [*data.settings, f"model={model}", *overrides])
    _require_batches_of(data, config, model)
    with plain_errors():
        return build(config.model, config.trusted)(catalog=data.datamodule.catalog)


def _require_batches_of(data: Data, config: DictConfig, model: str) -> None:
    """Refuse a model whose batches are not those of the data module: what it learned would be wrong, or nothing."""
    prepared = settings_of("prepare", data.settings).data
    for name in ("task", "augmentation", "max_length"):
        if prepared[name] != config.data[name]:
            raise UserError(
                f"model is {model!r} with another data.{name} than the data module; "
                f"set data.{name} (a group as in data/task=masked_item) in the overrides of prepare"
            )


def _require_one_device(config: DictConfig) -> None:
    devices = config.trainer.devices * config.trainer.num_nodes if isinstance(config.trainer.devices, int) else 0
    if devices != 1:
        raise UserError(
            f"trainer.devices is {config.trainer.devices} on {config.trainer.num_nodes} nodes, allowed in Python "
            "is one device of one node; set trainer.devices=1, or run python -m seqmine.train for more"
        )
