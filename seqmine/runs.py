"""The run folder: what a program writes, and what the other programs read back."""

import json
import logging
import os
import platform
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, OmegaConf

from seqmine.config import nodes, plain
from seqmine.structs import UserError


def write_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Let ``write`` fill a temporary file in the same folder, then give it its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, atomically."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    write_atomically(path, lambda temporary: temporary.write_text(text + "\n"))


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


def environment() -> dict[str, Any]:
    """Describe what the numbers of a run depend on beside its configuration."""
    import lightning
    import torch

    import seqmine

    return {
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "lightning": lightning.__version__,
            "seqmine": seqmine.__version__,
        },
        "machine": {"system": platform.platform(), "processors": os.cpu_count(), "threads": torch.get_num_threads()},
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "git_sha": _git_sha(),
    }


def read_config(run: str) -> DictConfig:
    """Read the configuration of a finished run, with its inner references alive.

    A setting that is changed in it also changes where other settings refer to it. What came from the environment or
    from Hydra has the value that it had in the run.

    Raises:
        UserError: when ``run`` is no run folder.
    """
    resolved_path, path = Path(run) / "config.yaml", Path(run) / ".hydra" / "config.yaml"
    if not (resolved_path.is_file() and path.is_file()):
        raise UserError(f"run {run!r} has no config.yaml; set run to a folder that seqmine.train wrote")
    config, resolved = OmegaConf.load(path), OmegaConf.load(resolved_path)
    assert isinstance(config, DictConfig)
    for name, node in list(nodes(config)):
        if node._is_interpolation() and ":" in str(node._value()):
            OmegaConf.update(config, name, OmegaConf.select(resolved, name))
    return config


def read_metrics(folder: Path) -> dict[str, Any]:
    """Read the metrics of a finished run."""
    return json.loads((folder / "metrics.json").read_text())


def best_checkpoint(run: str) -> str:
    """Return the path of the checkpoint that validation chose.

    Raises:
        UserError: when the run has none.
    """
    path = Path(run) / "checkpoints" / "best.ckpt"
    if not path.is_file():
        raise UserError(f"run {run!r} has no checkpoints/best.ckpt; set run to a folder that seqmine.train finished")
    return str(path)


def _git_sha() -> str | None:
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None
