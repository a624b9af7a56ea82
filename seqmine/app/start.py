"""The start of a run: its configuration and environment are written, and Lightning speaks once."""

import logging
from functools import partial
from pathlib import Path
from typing import Any

from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, OmegaConf

from seqmine.data.datamodule import SequenceDataModule
from seqmine.runs.components import build
from seqmine.runs.folder import environment
from seqmine.runs.settings import nodes, plain, without_secret
from seqmine.structs.files import keep_checksums, write_atomically, write_json
from seqmine.training.recipe import LogCounts, Recipe

_log = logging.getLogger(__name__)
_BEHAVIORS = "model.context.behavior"  # a recipe takes it out where the log has none


def quiet_lightning() -> None:
    """Let Lightning's messages reach the log once, and drop the ones that do not concern a user of the programs."""
    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).handlers.clear()
    for handler in logging.getLogger().handlers:
        if type(handler) is logging.StreamHandler:
            handler.addFilter(_is_for_people)
    ignore_known_warnings()


def _is_for_people(record: logging.LogRecord) -> bool:
    """Tell whether a terminal shows a message: not what Lightning says of itself, which the log of the run keeps."""
    return record.levelno >= logging.WARNING or not record.name.startswith("lightning")


def ignore_known_warnings() -> None:
    """Drop the warnings of Lightning that do not concern a user."""
    import warnings

    for words in (
        "does not have many workers",
        "has `__len__` defined",
        "isinstance\\(treespec",
        "is deprecated",
        "no logger configured",
    ):
        warnings.filterwarnings("ignore", f".*{words}.*")
    warnings.filterwarnings("ignore", ".*using `DistributedSampler`.*|.*The dirpath has changed.*")
    warnings.filterwarnings("ignore", ".*smaller than the logging interval.*")


@rank_zero_only
def start_run(config: DictConfig, asked: DictConfig | None = None) -> None:
    """Write configuration and environment into the run folder, and print the configuration where that is asked for.

    Args:
        config: all settings of the run; written as they are, without references, into ``config.yaml``.
        asked: what the program was given, which goes with its references into ``composed.yaml``; None when it was
            ``config``.
    """
    record_run(config, asked)
    if (asked or config).get("print_config"):
        print_config(config)


@rank_zero_only
def record_run(config: DictConfig, asked: DictConfig | None = None) -> None:
    """Write configuration and environment into the run folder; see ``start_run``."""
    from hydra.core.hydra_config import HydraConfig

    folder = Path(config.paths.run)
    keep_checksums(folder)
    keep_settings(config, asked)
    write_json(folder / "environment.json", environment())
    if HydraConfig.initialized():
        record_command(HydraConfig.get(), folder)


def record_command(hydra: Any, folder: Path) -> None:
    """Write what was typed and which choice of each group that means into ``command.yaml``, secrets blanked.

    Args:
        hydra: Hydra's own part of the configuration.
        folder: of the run.
    """
    typed = [without_secret(override) for override in hydra.overrides.task]
    _write_yaml({"overrides": typed, "choices": dict(hydra.runtime.choices)}, folder / "command.yaml")


def settle_protocol(config: DictConfig, datamodule: SequenceDataModule) -> None:
    """Write what the protocol became on the log into the configuration and its file.

    Args:
        config: of the run, changed in place.
        datamodule: prepares the log where it was asked for the protocol.
    """
    if config.evaluation.seen != datamodule.seen:
        config.evaluation.seen = datamodule.seen
        rank_zero_only(_write_yaml)(plain(config), Path(config.paths.run) / "config.yaml")


def settle_recipe(config: DictConfig, datamodule: SequenceDataModule) -> SequenceDataModule:
    """Put what the recipe makes of the log into the settings that wait for it, and tell them as they would be typed.

    Args:
        config: of the run, changed in place; a setting that was typed does not wait.
        datamodule: has the log.

    Returns:
        The data of these settings.
    """
    if not config.get("recipe"):
        return datamodule
    recipe: Recipe = build(config.recipe.rules, config.trusted)
    counts = LogCounts.of(datamodule.prepared.training_log(), datamodule.catalog.num_items)
    config.recipe.settings.update(recipe.sizes(counts))
    config.recipe.settings.max_epochs = recipe.epochs(counts, config.data.windows.stride, config.data.batch_size)
    told = []
    if OmegaConf.select(config, _BEHAVIORS) is not None and not datamodule.catalog.behaviors:
        OmegaConf.update(config, _BEHAVIORS, None)
        told.append(f"{_BEHAVIORS}=null")
    keep_settings(config)
    waiting = [name for name, node in nodes(config) if str(node._value()).startswith("${recipe.settings.")]
    told += [f"{name}={OmegaConf.select(config, name)}" for name in waiting]
    _log.info("recipe: %s", " ".join(told))
    return build(config.data.module, config.trusted)


@rank_zero_only
def keep_settings(config: DictConfig, asked: DictConfig | None = None) -> None:
    """Write the settings of a run, also again after some became what the log or the validation said.

    Args:
        config: of the run; without references it is ``config.yaml``.
        asked: with references it is ``composed.yaml``; None takes ``config``.
    """
    folder = Path(config.paths.run)
    _write_yaml(plain(config), folder / "config.yaml")
    _write_yaml(plain(asked or config, resolve=False), folder / "composed.yaml")


def _write_yaml(values: dict[str, Any], path: Path) -> None:
    write_atomically(path, partial(Path.write_text, data=OmegaConf.to_yaml(OmegaConf.create(values))))


def print_config(config: DictConfig) -> None:
    """Print the configuration as a tree."""
    from rich.syntax import Syntax
    from rich.tree import Tree

    from seqmine.reporting.terminal import Terminal

    tree = Tree("[bold]configuration")
    for name, value in plain(config).items():
        text = OmegaConf.to_yaml(OmegaConf.create({name: value})).strip()
        tree.add(Syntax(text, "yaml", theme="ansi_dark", background_color="default"))
    Terminal(stderr=True).print(tree)
