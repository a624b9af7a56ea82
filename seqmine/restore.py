"""Rebuild the parts of a finished run from its folder."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning import LightningModule, Trainer, seed_everything
from omegaconf import DictConfig, OmegaConf

from seqmine.config import build
from seqmine.data.datamodule import SequenceDataModule
from seqmine.data.store import read_catalog
from seqmine.runs import best_checkpoint, read_config
from seqmine.structs import Catalog, Recommender, UserError


def restore_run(config: DictConfig) -> tuple[DictConfig, LightningModule, SequenceDataModule]:
    """Rebuild the run that ``config.run`` names; the weights come with the checkpoint.

    Args:
        config: of a program, with ``run``, ``paths`` and optionally ``evaluation``, ``trainer`` and ``data.path``; what
            is not null in them takes the place of the setting of the run.

    Returns:
        The settings of the run with these changes, its module and its data module.

    Raises:
        UserError: when the folder is no run, or the log has changed so that items are numbered anew.
    """
    settings = read_config(config.run)
    settings.paths.run = config.paths.run
    for group in ("evaluation", "trainer", "data"):
        for name, value in (config.get(group) or {}).items():
            if value is not None:
                OmegaConf.update(settings, f"{group}.{name}", value, force_add=True)
    seed_everything(settings.seed, verbose=False)
    with same_components(config.run):
        datamodule = build(settings.data.module, settings.trusted)
        check_catalog(datamodule.catalog, config.run)
        module = build(settings.model, settings.trusted)(catalog=datamodule.catalog)
    return settings, module, datamodule


def build_trainer(settings: DictConfig) -> Trainer:
    """Build a trainer that evaluates and logs nothing."""
    callbacks = list(build(settings.callbacks, settings.trusted).values())
    return build(settings.trainer, settings.trusted)(callbacks=callbacks, logger=False)


def load_module(run: str) -> tuple[Recommender, Catalog, DictConfig]:
    """Rebuild the module of a run with its best weights, and its catalog and settings, without the log."""
    settings = read_config(run)
    catalog = read_catalog(Path(run) / "catalog.parquet")
    seed_everything(settings.seed, verbose=False)
    with same_components(run):
        module = build(settings.model, settings.trusted)(catalog=catalog)
    checkpoint: dict[str, Any] = torch.load(best_checkpoint(run), map_location="cpu", weights_only=True)
    module.load_state_dict(checkpoint["state_dict"])
    return module.eval(), catalog, settings


@contextmanager
def same_components(run: str) -> Iterator[None]:
    """Refuse a run whose settings the components of this version do not take any more.

    Raises:
        UserError: a component misses an argument, or is given one that it does not know.
    """
    try:
        yield
    except Exception as error:
        causes = (str(error), str(error.__cause__))
        problem = next(
            (cause for cause in causes if "required keyword" in cause or "unexpected keyword" in cause), None
        )
        if problem is None:
            raise
        made_by = json.loads((Path(run) / "environment.json").read_text())
        raise UserError(
            f"run {run!r} was made by seqmine {made_by['versions']['seqmine']} ({made_by['git_sha']}), whose "
            f"components differ from those of this version ({problem}); train again, or set run to a newer one"
        ) from error


def check_catalog(catalog: Catalog, run: str) -> None:
    """Refuse data whose items are numbered differently than in the run.

    Raises:
        UserError: when the catalogs differ.
    """
    known = read_catalog(Path(run) / "catalog.parquet")
    if known.fingerprint != catalog.fingerprint:
        raise UserError(
            f"the log has a catalog of {catalog.num_items} items that is not the catalog of {known.num_items} items of "
            f"run {run!r}; set data.path to the log of that run, or train again"
        )
