"""Tiny runs in the process of the test: the programs without the seconds of their start."""

import importlib
import inspect
from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from seqmine.runs.components import CONF_DIR

SMALL = [
    "data=sequences", "trainer=cpu", "logger=none", "baselines=none", "model.embedding_dim=16", "data.max_length=8",
    "data.batch_size=32", "optimizer.lr=0.01", "trainer.max_epochs=1", "trainer.enable_model_summary=false",
    "++trainer.enable_progress_bar=false",
]  # fmt: skip


def call(program: str, folder: Path, *overrides: str) -> Path:
    """Call a program as its command line would and return the folder that it wrote."""
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose(program, list(overrides))
    OmegaConf.update(config, "paths.run", str(folder))
    OmegaConf.update(config, "paths.store", str(folder.parent / "store"))
    if "run_name" in config and config._get_node("run_name")._is_interpolation():
        config.run_name = "tiny"
    folder.mkdir(parents=True, exist_ok=True)
    main = importlib.import_module(f"seqmine.{program}").main
    task = inspect.getclosurevars(inspect.getclosurevars(main).nonlocals["run"]).nonlocals["task"]
    task(config)
    return folder


def train(log: Path, folder: Path, *overrides: str) -> Path:
    """Train for an epoch on a text log."""
    counted = "model=popularity" in overrides
    small = [setting for setting in SMALL if not (counted and setting.startswith("model."))]
    return call("train", folder, *small, f"data.path={log}", *overrides)
