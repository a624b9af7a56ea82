"""The files of a private run that may leave the house: what was paid for by its budget, and nothing else."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import torch
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, OmegaConf
from torch import nn

from seqmine.runs.settings import plain
from seqmine.structs import Catalog
from seqmine.structs.files import write_atomically, write_json

FOLDER = "release"
PROMISE = "privacy.json"
_PUBLIC = [
    "which items there are, and their order in the item table",
    "the number of users",
    "all settings, also those that were tried before: each training of a search spends a budget of its own",
]
_STAYS = (
    "everything else in the run folder tells of users: metrics, ranks, counts of items, checkpoints, logs, pictures"
)


@rank_zero_only
def write_release(config: DictConfig, module: nn.Module, catalog: Catalog, metrics: Mapping[str, Any]) -> None:
    """Write weights, items, settings of the model and the promise into ``release/``; nothing of a run without one.

    Args:
        config: of the run.
        module: the trained model.
        catalog: of the run; its counts stay.
        metrics: of the run, of which ``privacy/*`` are the promise and what was spent.
    """
    promise = {name.removeprefix("privacy/"): value for name, value in metrics.items() if name.startswith("privacy/")}
    if not promise:
        return
    folder = Path(config.paths.run) / FOLDER
    weights = {"state_dict": {name: value.cpu() for name, value in module.state_dict().items()}}
    write_atomically(folder / "weights.ckpt", partial(torch.save, weights))
    items = pl.DataFrame({"item_id": list(catalog.item_ids), "item_index": range(1, catalog.num_items + 1)})
    write_atomically(folder / "items.parquet", items.write_parquet)
    settings = OmegaConf.to_yaml(OmegaConf.create(plain(config)["model"]))
    write_atomically(folder / "model.yaml", partial(Path.write_text, data=settings))
    public = [
        f"{promise[name]:,} users who were not trained on, and whose events chose the weights: they have no promise"
        for name in ("public_users",)
        if name in promise
    ]
    about = {
        **promise,
        "unit": "all training events of one user",
        "accountant": "privacy random variables (opacus), Poisson sampling, Gaussian noise",
        "noise_is_secret": config.privacy.noise_seed is None,
        "taken_as_public": [*_PUBLIC, *public],
        "may_leave": [f"{FOLDER}/{name}" for name in ("weights.ckpt", "items.parquet", "model.yaml", PROMISE)],
        "stays": _STAYS,
    }
    write_json(folder / PROMISE, about)
