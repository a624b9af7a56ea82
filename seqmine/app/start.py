"""The start of a run: its configuration and environment are written, and Lightning speaks once."""

import logging
from pathlib import Path

from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, OmegaConf

from seqmine.data.datamodule import SequenceDataModule
from seqmine.runs.folder import environment
from seqmine.runs.settings import plain
from seqmine.structs.files import write_atomically, write_json


def quiet_lightning() -> None:
    """Let Lightning's messages reach the log once, and drop the ones that do not concern a user of the programs."""
    import warnings

    logging.getLogger("lightning").handlers.clear()
    for words in ("does not have many workers", "has `__len__` defined", "isinstance\\(treespec", "is deprecated"):
        warnings.filterwarnings("ignore", f".*{words}.*")
    warnings.filterwarnings("ignore", ".*using `DistributedSampler`.*|.*The dirpath has changed.*")


@rank_zero_only
def start_run(config: DictConfig) -> None:
    """Write the resolved configuration and the environment into the run folder, and print the configuration."""
    _write_config(config)
    write_json(Path(config.paths.run) / "environment.json", environment())
    print_config(config)


def settle_protocol(config: DictConfig, datamodule: SequenceDataModule) -> None:
    """Write what the protocol became on the log into the configuration and its file.

    Args:
        config: of the run, changed in place.
        datamodule: prepares the log where it was asked for the protocol.
    """
    if config.evaluation.seen != datamodule.seen:
        config.evaluation.seen = datamodule.seen
        _write_config(config)


@rank_zero_only
def _write_config(config: DictConfig) -> None:
    text = OmegaConf.to_yaml(OmegaConf.create(plain(config)))
    write_atomically(Path(config.paths.run) / "config.yaml", lambda temporary: temporary.write_text(text))


def print_config(config: DictConfig) -> None:
    """Print the configuration as a tree."""
    from rich.console import Console
    from rich.syntax import Syntax
    from rich.tree import Tree

    tree = Tree("[bold]configuration")
    for name, value in plain(config).items():
        text = OmegaConf.to_yaml(OmegaConf.create({name: value})).strip()
        tree.add(Syntax(text, "yaml", theme="ansi_dark", background_color="default"))
    Console(stderr=True).print(tree)
