"""Start a training from the weights of a run, on a log whose catalog may have grown since, or is another one."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from lightning import LightningModule
from numpy.typing import NDArray
from omegaconf import DictConfig
from torch import Tensor

from seqmine.data.datamodule import SequenceDataModule
from seqmine.models.baselines.fitted import count_table
from seqmine.models.embeddings.items import ItemEmbedding
from seqmine.models.mapped import shared_items
from seqmine.models.module import SequenceModule
from seqmine.runs.checkpoints import read_checkpoint
from seqmine.runs.folder import best_checkpoint
from seqmine.runs.restore import run_catalog
from seqmine.structs import Catalog, ContentTable, InteractionLog, UserError

_log = logging.getLogger(__name__)


def start_from(config: DictConfig, module: LightningModule, datamodule: SequenceDataModule) -> None:
    """Give a module the best weights of the run that ``config.init_from`` names; nothing where it names none.

    Items are matched by id. A new item starts from its content where the item table reads content, with nothing of its
    own, so that the log may be that of another shop; else from the mean of the vectors of what occurs in the training
    part of the same histories, or from the mean of all where nothing does. Content vectors must be of one kind in both.

    Args:
        config: of the program, with ``init_from``, ``ckpt_path``, ``privacy`` and ``data.item_attributes``.
        module: to be trained; changed in place.
        datamodule: brings the log.

    Raises:
        UserError: the training promises privacy, or the run is of another model, shares no item with the log, or
            numbers what else the model reads of events in another way.
    """
    run = config.init_from
    if run is None:
        return
    if config.ckpt_path is not None:
        raise UserError(
            f"init_from={run} and ckpt_path={config.ckpt_path} both say where training starts; set one of them to null"
        )
    if config.privacy is not None:
        raise UserError(
            f"init_from is {run!r}, whose training looked at users outside the budget; allowed in a private training "
            "is null; set init_from=null"
        )
    if not isinstance(module, SequenceModule):
        raise UserError(f"init_from is {run!r}, but the model is counted and has no weights; set init_from=null")
    weights: dict[str, Any] = read_checkpoint(Path(best_checkpoint(run)), f"init_from is {run!r}")["state_dict"]
    known, catalog = run_catalog(run), datamodule.catalog
    _require_same_columns(known, catalog, run, config.data.item_attributes)
    of_items = {f"{name}.weight" for name, part in module.named_modules() if isinstance(part, ItemEmbedding)}
    own = module.state_dict()
    weights |= {name: own[name] for name in _counted(module) if name in weights}
    _require_same_shapes(module, weights, of_items, run)
    theirs, ours = (np.array(rows, np.int64) for rows in shared_items(known, catalog))
    reads_content = isinstance(module.item_embedding, ContentTable)
    if len(theirs) == 0 and not reads_content:
        raise UserError(
            f"init_from is {run!r}, which shares no item with the log; set init_from to a run of this shop, or of a "
            "model that reads vectors of content (model/item_table=content)"
        )
    log = datamodule.prepared.training_log()
    for name in of_items:
        if reads_content:
            weights[name] = moved(weights[name], theirs, ours, catalog.num_items)
        else:
            weights[name] = grown(weights[name], theirs, ours, catalog.num_items, log)
    module.load_state_dict(weights)
    _log.info(
        "training starts from %s: of %d items %d keep their vector, %d are new", run, catalog.num_items, len(ours),
        catalog.num_items - len(ours),
    )  # fmt: skip


def moved(
    table: Float[Tensor, "W D"], theirs: NDArray[np.int64], ours: NDArray[np.int64], num_items: int
) -> Float[Tensor, "V D"]:
    """Return a table of item vectors for another catalog, whose new items have zeros.

    Args:
        table: vectors of the items of a run.
        theirs: rows of the items that both catalogs have, in ``table``.
        ours: rows of the same items in the new table.
        num_items: of the new catalog.

    >>> moved(torch.tensor([[0.0], [5.0], [7.0]]), np.array([2]), np.array([1]), 2).tolist()
    [[0.0], [7.0], [0.0]]
    """
    found = table.new_zeros(num_items + 1, table.shape[1])
    found[torch.from_numpy(ours)] = table[torch.from_numpy(theirs)]
    return found


def grown(
    table: Float[Tensor, "W D"], theirs: NDArray[np.int64], ours: NDArray[np.int64], num_items: int, log: InteractionLog
) -> Float[Tensor, "V D"]:
    """Return a table of item vectors for another catalog.

    Args:
        table: vectors of the items of a run.
        theirs: rows of the items that both catalogs have, in ``table``.
        ours: rows of the same items in the new table.
        num_items: of the new catalog.
        log: training histories, numbered as the new table; what occurs in one history belongs together.
    """
    found = moved(table, theirs, ours, num_items).numpy()
    new = np.setdiff1d(np.arange(1, num_items + 1), ours)
    users = log.event_users
    has_new = np.zeros(log.num_users, np.bool_)
    has_new[users[np.isin(log.items, new)]] = True
    chosen = has_new[users]
    had = count_table(users[chosen], log.items[chosen], (log.num_users, num_items + 1))
    had.data[:] = 1.0  # an item that comes back counts once a history
    beside = had[:, ours]
    sums, counts = had[:, new].T @ (beside @ found[ours]), had[:, new].T @ np.asarray(beside.sum(axis=1)).ravel()
    mean = found[ours].mean(axis=0)
    found[new] = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1.0)[:, None], mean)
    return torch.from_numpy(found)


def _counted(module: LightningModule) -> list[str]:
    """Return the buffers that are counted in the log of a training, and number its items."""
    return [f"{place}.{name}" for place, part in module.named_modules() for name in getattr(type(part), "counted", ())]


def _require_same_shapes(module: LightningModule, weights: dict[str, Any], of_items: set[str], run: str) -> None:
    own = module.state_dict()
    for name in {**own, **weights}:
        if name not in own or name not in weights:
            raise UserError(
                f"init_from is {run!r}, whose model and the one to be trained do not both have {name}; set model and "
                "its settings as in that run"
            )
        ours, theirs = tuple(own[name].shape), tuple(weights[name].shape)
        if ours[name in of_items :] != theirs[name in of_items :]:
            raise UserError(
                f"init_from is {run!r}, where {name} has the shape {theirs} instead of {ours}; set model and "
                "data.max_length as in that run"
            )


def _require_same_columns(known: Catalog, catalog: Catalog, run: str, choice: DictConfig) -> None:
    """Refuse values of behaviors and attributes that are numbered or scaled anew, which would be mixed up."""
    if list(known.behaviors) != list(catalog.behaviors):
        raise UserError(
            f"init_from is {run!r}, which knows the behaviors {', '.join(known.behaviors) or 'none'}, and the log has "
            f"{', '.join(catalog.behaviors) or 'none'}; set init_from=null"
        )
    if known.fingerprint == catalog.fingerprint:
        return
    numbered = [*choice.categorical, *choice.multi_valued, *choice.numeric]
    had_codes = known.attributes is not None and known.attributes.num_codes > 0
    if (
        (catalog.attributes is not None and (numbered or had_codes))
        or catalog.num_user_codes
        or catalog.num_user_values
    ):
        raise UserError(
            f"init_from is {run!r}, but the model reads attributes, whose values each log numbers anew; keep vectors "
            "alone in data.item_attributes, take data.user_attributes out, or set init_from=null"
        )
