"""The start of a run: its configuration and environment are written, and Lightning speaks once."""

import logging
from pathlib import Path

from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, OmegaConf

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
    folder = Path(config.paths.run)
    text = OmegaConf.to_yaml(OmegaConf.create(plain(config)))
    write_atomically(folder / "config.yaml", lambda temporary: temporary.write_text(text))
    write_json(folder / "environment.json", environment())
    print_config(config)


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
