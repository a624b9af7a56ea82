"""What the mining program is asked about: a part of a log, or the log of a finished run and its model."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
from omegaconf import DictConfig, OmegaConf

from seqmine.data.datamodule import SequenceDataModule
from seqmine.data.preparation import read_cleaned
from seqmine.data.sequences import feature_columns, person_keys
from seqmine.data.sources.item_table import require_joined
from seqmine.mining.against_model.held_out import held_out_cases
from seqmine.mining.study import Subject, TrainedModel
from seqmine.runs.components import build
from seqmine.runs.folder import read_command, read_metrics
from seqmine.runs.placement import place, require_one_device
from seqmine.runs.restore import check_catalog, require_scores, restore_run
from seqmine.structs import Recommender, UserError

_log = logging.getLogger(__name__)


def subject_of(config: DictConfig) -> Subject:
    """Read the part of the log that the program is asked about, and the model of ``run`` where one is named.

    A run brings its own log and its own settings of data and protocol, as in ``evaluate``; those on the command line
    change single ones of them.

    Args:
        config: of the program.

    Raises:
        UserError: for a part that does not exist, a choice of data that is not that of the run, or a log whose items
            are not those of the run.
    """
    if config.part not in ("train", "all"):
        raise UserError(f"part is {config.part!r}, allowed are train or all; change part")
    if config.part == "all":
        refuse_split(_typed())
    if config.run is None:
        _require_no_device(config.trainer)
        return _of_log(build(config.data.module, config.trusted), config.part)
    if config.part == "all":
        raise UserError("part is 'all', but a model knows the items of the training part alone; set part=train")
    require_one_device(config.trainer)
    own = {"run": config.run, "trusted": config.trusted, "paths": {"run": config.paths.run}, "trainer": config.trainer}
    changes: dict[Any, Any] = {**own, **changes_of_run(config, _typed())}
    settings, module, datamodule = restore_run(OmegaConf.create(changes))
    require_scores(module, config.run, "mine needs; set run to one of another model")
    check_catalog(datamodule.catalog, config.run)
    tell_of_horizon(datamodule)
    subject = _of_log(datamodule, config.part)
    model = trained_model(place(module, settings.trainer), datamodule)
    return replace(subject, model=model, spent=_spent(read_metrics(Path(config.run))))


def _spent(metrics: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return epsilon and delta of a private training; None of any other."""
    if "privacy/epsilon_spent" not in metrics:
        return None
    return metrics["privacy/epsilon_spent"], metrics["privacy/delta"]


def _require_no_device(trainer: DictConfig) -> None:
    given = [str(name) for name, value in trainer.items() if value is not None]
    if given:
        raise UserError(
            f"trainer.{given[0]} is {trainer[given[0]]!r}, but patterns are mined on the CPU and no model is asked; "
            f"set run, or leave out trainer.{given[0]}"
        )


def tell_of_horizon(datamodule: SequenceDataModule) -> None:
    """Say what a probability is where a run predicts more than the next event."""
    horizon = datamodule.features.horizon
    if horizon is not None:
        _log.info(
            "the run predicts all that comes within %s (data.horizon): the probability of an item is its share in that "
            "and is held against one of the items that came to each user",
            horizon,
        )


_OF_A_SPLIT = ("data/split", "data.target_behavior", "data.horizon")


def refuse_split(overrides: Sequence[str]) -> None:
    """Refuse settings of a split where none is made.

    Args:
        overrides: of the command line.

    Raises:
        UserError: a setting of a split.
    """
    for override in overrides:
        key, _, value = override.lstrip("+").partition("=")
        if key in _OF_A_SPLIT or key.startswith(("data.split.", "data/split/")):
            raise UserError(
                f"{key} is {value!r}, but part=all mines every event and splits nothing; leave it out or set part=train"
            )


def _of_log(datamodule: SequenceDataModule, part: str) -> Subject:
    if part == "all":
        log, user_ids, item_ids = read_cleaned(datamodule.store, datamodule.source, datamodule.cleaning)
        features = feature_columns(item_ids, datamodule.source.item_features())
        keys = person_keys(log, user_ids)
        return Subject(log, item_ids, features, user_attributes=_of_users(datamodule, keys))
    prepared = datamodule.prepared
    keys = person_keys(prepared.log, prepared.user_ids)
    return Subject(
        prepared.training_log(),
        list(prepared.catalog.item_ids),
        prepared.catalog.features,
        user_attributes=_of_users(datamodule, keys),
    )


def _of_users(datamodule: SequenceDataModule, user_ids: Sequence[str]) -> dict[str, list[str | None]]:
    """Return the columns of the table of users, each in the order of ``user_ids``; none where there is no table."""
    users = datamodule.features.users
    table = users.read(None)
    if table is None:
        return {}
    require_joined(user_ids, table[users.key], "users", "data.user_attributes.path")
    rows = pl.DataFrame({users.key: list(user_ids)}, schema={users.key: pl.String})
    joined = rows.join(table, on=users.key, how="left", maintain_order="left")
    return {name: joined[name].cast(pl.String).to_list() for name in table.columns if _is_plain(name, table, users.key)}


def _is_plain(name: str, table: pl.DataFrame, key: str) -> bool:
    """Return whether a column of a table has one value a row."""
    return name != key and not table.schema[name].is_nested()


def trained_model(recommender: Recommender, datamodule: SequenceDataModule) -> TrainedModel:
    """Return a model with the cases of the validation and of the test targets of its data.

    Args:
        recommender: scores the catalog of the data.
        datamodule: of the run that the model is from; its ``reader`` is the model.
    """
    prepared, collate = datamodule.prepared, datamodule.history_collate()
    validation, test = (
        held_out_cases(collate, targets, items, prepared.catalog.num_items)
        for targets, items in ((prepared.split.val, prepared.val_items), (prepared.split.test, prepared.test_items))
    )
    return TrainedModel(recommender, validation, test)


def _typed() -> Sequence[str]:
    """Return the overrides of the command line; none in a process that Hydra did not start."""
    from hydra.core.hydra_config import HydraConfig

    return HydraConfig.get().overrides.task if HydraConfig.initialized() else ()


def changes_of_run(config: DictConfig, overrides: Sequence[str]) -> DictConfig:
    """Return what the command line changes of the data and the protocol of a run.

    Args:
        config: of the program, with ``run``.
        overrides: of the command line, as Hydra reads them.

    Raises:
        UserError: a choice of a group that is not that of the run, or a run that does not say what it was made with.
    """
    changes = OmegaConf.create({"data": {}, "evaluation": {}})
    for override in overrides:
        key, _, value = override.lstrip("+").partition("=")
        if key == "data" or key.startswith("data/"):
            chosen = str(read_command(config.run)["choices"].get(key))
            if value != chosen:
                raise UserError(
                    f"{key} is {value!r}, but run {config.run!r} was trained with {key}={chosen}, and its settings of "
                    f"data hold; leave {key} out, or train again"
                )
        elif key.startswith(("data.", "evaluation.")):
            OmegaConf.update(changes, key, OmegaConf.select(config, key), force_add=True)
    return changes
