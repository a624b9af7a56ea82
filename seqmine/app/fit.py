"""Trainings and evaluations from their configuration to their numbers, as programs and Python interface run them."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lightning import Trainer, seed_everything
from omegaconf import DictConfig

from seqmine.app.samples import sample_lists
from seqmine.app.start import keep_settings, settle_protocol, settle_recipe
from seqmine.data.datamodule import SequenceDataModule
from seqmine.reporting.artifacts import log_artifacts
from seqmine.reporting.learning_curve import draw_curves
from seqmine.reporting.run_loggers import log_picture, log_results, log_table, logged_to
from seqmine.runs.belonging import Belonging
from seqmine.runs.checkpoints import resumed_from
from seqmine.runs.components import build, build_group
from seqmine.runs.initial_weights import start_from
from seqmine.runs.release import write_release
from seqmine.runs.restore import Model, build_trainer, keep_choices, reranked
from seqmine.runs.results import keep_catalog, write_results
from seqmine.structs import UserError
from seqmine.structs.disk import require_room
from seqmine.training.best_checkpoint import best_weights
from seqmine.training.continued_logs import go_on
from seqmine.training.last_checkpoint import room_of
from seqmine.training.pruning import pruning_of_search
from seqmine.training.results import results_of

_log = logging.getLogger(__name__)


def fit_and_test(config: DictConfig) -> dict[str, Any]:
    """Prepare the data, fit, choose the best checkpoint on validation, test once, and write what came out.

    Args:
        config: of ``train``.

    Returns:
        The metrics, by name; nothing on other processes than the first.
    """
    seed_everything(config.seed, verbose=False)
    require_private_settings(config)
    datamodule = settle_recipe(config, build(config.data.module, config.trusted))
    require_targets(datamodule, ["test", *(["val"] if config.monitor.startswith("val/") else [])])
    settle_protocol(config, datamodule)
    keep_catalog(datamodule.catalog, config.paths.run)
    module = build(config.model, config.trusted)(catalog=datamodule.catalog)
    require_room(Path(config.paths.run), room_of(module), f"the checkpoints of {config.run_name}")
    start_from(config, module, datamodule)
    belonging = Belonging(datamodule.catalog, config.model)
    callbacks = [*build_group(config.callbacks, config.trusted).values(), belonging, *pruning_of_search(config.monitor)]
    loggers = list(build_group(config.logger, config.trusted).values())
    trainer = build(config.trainer, config.trusted)(callbacks=callbacks, logger=loggers)
    _tell_what_is_trained(config, trainer, module, datamodule)
    resumed = belonging.checked(resumed_from(config.ckpt_path, config.resume, config.paths.run))
    if resumed is not None and Path(resumed).resolve().is_relative_to(Path(config.paths.run).resolve()):
        go_on(loggers, Path(resumed))
    curve = Path(config.paths.run) / "learning_curve.png"
    with logged_to(loggers, config):
        trainer.fit(module, datamodule, ckpt_path=resumed, weights_only=True)
        best = best_weights(trainer)
        # the best weights, measured once more after the last epoch, are no point of the curve
        kept, trainer.loggers = trainer.loggers, []
        trainer.validate(module, datamodule, ckpt_path=best, weights_only=True, verbose=False)
        scored: Model = module
        chosen: dict[str, float] = {}
        if config.get("rerank"):
            scored, chosen = reranked(config, module, datamodule)
            keep_choices(config.rerank, chosen)
            keep_settings(config)
            trainer.validate(scored, datamodule, verbose=False)
            best = None  # the weights are those of the best epoch already
        trainer.loggers = kept
        trainer.test(scored, datamodule, ckpt_path=best, weights_only=True, verbose=False)
        results = results_of(trainer)
        draw_curves(results.epochs, config.monitor, curve)
        chosen_by = config.monitor if "best_value" in results.metrics else "none, last weights"
        metrics = write_results(config, trainer, scored, results, chosen, chosen_by)
        write_release(config, module, datamodule.catalog, metrics)
        log_results(loggers, config, metrics, results.epochs)
        if config.privacy is None:
            log_table(loggers, "recommendations", lambda: sample_lists(scored, datamodule))
        log_picture(loggers, "learning_curve", curve)
        log_artifacts(loggers, Path(config.paths.run), config.monitor, metrics)
    return metrics


def require_private_settings(config: DictConfig) -> None:
    """Refuse settings of a private training by which users are counted beside it, before anything reads the log.

    Args:
        config: of ``train``.

    Raises:
        UserError: a correction of the scores, or settings that follow from counts of the log.
    """
    if config.privacy is None:
        return
    if config.get("rerank"):
        raise UserError(
            f"rerank is {', '.join(config.rerank)}, which counts what users did outside the budget; allowed in "
            "a private training is none; set rerank=none"
        )
    if config.recipe is not None:
        raise UserError(
            "recipe follows from counts of the log, which the budget does not pay; allowed in a private training "
            "is null; set recipe=null and name the settings"
        )


def require_targets(datamodule: SequenceDataModule, parts: Iterable[str]) -> None:
    """Refuse a split that leaves nothing to measure, before hours are spent.

    Args:
        datamodule: has the split.
        parts: that are measured, of ``val`` and ``test``.

    Raises:
        UserError: one of them has no target.
    """
    data = datamodule.prepared
    for part, name in (("test", "test"), ("val", "validation")):
        if part in parts and not len(getattr(data.split, part)):
            raise UserError(
                f"the {name} part has no target: {type(datamodule.split).__name__} finds none among "
                f"{len(data.user_ids):,} users of at most {int(data.log.lengths.max()):,} events; change data/split or "
                "its shares, or bring more users or longer histories"
            )


def _tell_what_is_trained(config: DictConfig, trainer: Trainer, module: Model, datamodule: SequenceDataModule) -> None:
    catalog, users = datamodule.catalog, len(datamodule.prepared.user_ids)
    events, weights = int(catalog.train_counts.sum()), sum(weight.numel() for weight in module.parameters())
    _log.info("data: %s users, %s items, %s training events", f"{users:,}", f"{catalog.num_items:,}", f"{events:,}")
    _log.info("model: %s, %s parameters, on %s", config.run_name, f"{weights:,}", trainer.strategy.root_device)


def score_again(
    config: DictConfig,
    settings: DictConfig,
    module: Model,
    datamodule: SequenceDataModule,
    mapped: Mapping[str, float | str],
) -> dict[str, Any]:
    """Evaluate a restored run on validation and test targets, and write what came out.

    Args:
        config: of ``evaluate``.
        settings: of the run, changed as ``config`` says.
        module: of the run.
        datamodule: of the run.
        mapped: what is reported of a log that is not that of the run.

    Returns:
        The metrics, by name; nothing on other processes than the first.
    """
    settle_protocol(settings, datamodule)
    trainer = build_trainer(settings, config.run, config.trusted)
    scored, chosen = reranked(config, module, datamodule)
    trainer.validate(scored, datamodule, verbose=False)
    trainer.test(scored, datamodule, verbose=False)
    return write_results(settings, trainer, scored, results_of(trainer), {**mapped, **chosen})
