"""What a checkpoint belongs to: the items and the model that its weights are of."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer
from omegaconf import DictConfig

from seqmine.data.store import read_catalog
from seqmine.runs.checkpoints import read_checkpoint
from seqmine.runs.reading import read_kept
from seqmine.runs.settings import plain
from seqmine.structs import Catalog, UserError

_log = logging.getLogger(__name__)
_KEY = "belongs_to"


class Belonging(Callback):
    """Write into each checkpoint the fingerprint of the catalog and the settings of the model.

    Args:
        catalog: the items that are trained on.
        model: settings of the model.
    """

    def __init__(self, catalog: Catalog, model: DictConfig) -> None:
        self.catalog = catalog
        self.settings = dict(_leaves(plain(model)))

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:  # noqa: ARG002
        """Add what the weights belong to."""
        checkpoint[_KEY] = {
            "catalog": self.catalog.fingerprint,
            "num_items": self.catalog.num_items,
            "model": self.settings,
        }

    def checked(self, ckpt_path: str | None) -> str | None:
        """Return the checkpoint to go on from, if it is whole, of these items and of this model.

        Args:
            ckpt_path: of the file, or None.

        Raises:
            UserError: it is damaged, or belongs to other items or to another model.
        """
        if ckpt_path is None:
            return None
        path = Path(ckpt_path)
        checkpoint = read_checkpoint(path, f"ckpt_path is {ckpt_path!r}", mmap=True)
        require_catalog(checkpoint, self.catalog, path, "init_from=<run>, which matches items by their id")
        settings = checkpoint.get(_KEY, {}).get("model", self.settings)
        differing = [name for name in {**settings, **self.settings} if settings.get(name) != self.settings.get(name)]
        if differing:
            name = differing[0]
            raise UserError(
                f"ckpt_path={ckpt_path} is of a model that differs in {', '.join(differing[:5])} "
                f"({settings.get(name)} there, {self.settings.get(name)} here); set model.{name} as it is there, or "
                "start from its weights with init_from=<run>"
            )
        return str(path)


def require_catalog(checkpoint: dict[str, Any], catalog: Catalog, path: Path, instead: str) -> None:
    """Refuse weights of items that are numbered in another way.

    Args:
        checkpoint: what was loaded.
        catalog: how items are numbered now.
        path: where the checkpoint lies.
        instead: what the user may set instead.

    Raises:
        UserError: the catalogs differ.
    """
    about = checkpoint.get(_KEY) or _beside(path)
    if about is None:
        _log.warning("%s does not say which items it is of; whether they are those of the log is not checked", path)
    elif about["catalog"] != catalog.fingerprint:
        raise UserError(
            f"checkpoint {str(path)!r} is of {about['num_items']} items that are numbered in another way than the "
            f"{catalog.num_items} items of this log; set data.path to the log of that run, or use {instead}"
        )


def _beside(path: Path) -> dict[str, Any] | None:
    """Return what a checkpoint of an older version belongs to, from the catalog of its run folder."""
    stored = path.parent.parent / "catalog.parquet"
    if not stored.is_file():
        return None
    catalog = read_kept(stored, read_catalog)
    return {"catalog": catalog.fingerprint, "num_items": catalog.num_items}


def _leaves(node: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from _leaves(value, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, node
