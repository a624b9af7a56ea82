"""Lists that were made elsewhere, through the evaluation that every model goes through."""

import logging
from collections.abc import Mapping
from typing import Any

import polars as pl
from omegaconf import DictConfig

from seqmine.app.fit import require_targets
from seqmine.app.start import settle_protocol
from seqmine.data.datamodule import SequenceDataModule
from seqmine.data.sources.item_table import read_table, with_text_keys
from seqmine.runs.components import build, build_group
from seqmine.runs.results import write_results
from seqmine.serving.given_lists import GivenLists, ListTable, read_lists
from seqmine.structs import UserError
from seqmine.training.results import results_of

_log = logging.getLogger(__name__)
_SETTINGS = {"test": "recommendations", "val": "validation"}


def judge(config: DictConfig) -> dict[str, Any]:
    """Rank the targets of a split in given lists, beside the baselines, and write what a run writes.

    Args:
        config: of the program.

    Returns:
        The metrics, by name; nothing on other processes than the first.

    Raises:
        UserError: a file that cannot be read as lists, or whose users or targets are not those of the split.
    """
    frames = {part: read_lists(config[name], name) for part, name in _SETTINGS.items() if config[name] is not None}
    datamodule = build(config.data.module, config.trusted)
    require_targets(datamodule, frames)
    settle_protocol(config, datamodule)
    if config.targets is not None:
        _require_targets(config.targets, datamodule)
    tables = {part: ListTable.of(frame, datamodule.prepared, part) for part, frame in frames.items()}
    config.metrics.cutoffs = _cutoffs(list(config.metrics.cutoffs), tables)
    callbacks = list(build_group(config.callbacks, config.trusted).values())
    trainer = build(config.trainer, config.trusted)(callbacks=callbacks, logger=False)
    found: dict[str, float] = {}
    for part, measure in (("val", trainer.validate), ("test", trainer.test)):
        if part in tables:
            module = GivenLists(table=tables[part], catalog=datamodule.catalog)
            measure(module, datamodule, verbose=False)
            found |= {f"lists/{part}/{name}": count for name, count in module.checks().items()}
    _tell(found)
    return write_results(config, trainer, module, results_of(trainer), found)


def _cutoffs(asked: list[int], tables: Mapping[str, ListTable]) -> list[int]:
    """Return the cut-offs that the lists reach.

    Raises:
        UserError: the lists are shorter than every cut-off.
    """
    longest = min(table.items.shape[1] for table in tables.values())
    reached = [cutoff for cutoff in asked if cutoff <= longest]
    if not reached:
        raise UserError(
            f"metrics.cutoffs is {asked}, but the longest list of recommendations has {longest} items; set "
            f"metrics.cutoffs=[{longest}], or bring longer lists"
        )
    if len(reached) < len(asked):
        _log.warning("the longest list has %d items, so cut-offs beyond it are not measured", longest)
    return reached


def _require_targets(path: str, datamodule: SequenceDataModule) -> None:
    """Refuse targets of another library that are not the test targets of the split."""
    frame = read_table(path, "user_id", "targets")
    if "item_id" not in frame.columns:
        raise UserError(f"targets={path} has no column item_id ({', '.join(frame.columns)}); rename it")
    given = with_text_keys(frame, "item_id", path).select("user_id", "item_id").sort("user_id", "item_id")
    data = datamodule.prepared
    users = [data.user_ids[user] for user in data.split.test.users.tolist()]
    items = [data.item_id(item) for item in data.test_items.tolist()]
    own = pl.DataFrame({"user_id": users, "item_id": items}, schema=given.schema).sort("user_id", "item_id")
    if given.equals(own):
        return
    other = pl.concat([given, own]).filter(~pl.struct(pl.all()).is_in(own.to_struct().implode()))
    example = f", such as {other['item_id'][0]!r} of user {other['user_id'][0]!r}" if len(other) else ""
    raise UserError(
        f"targets={path} has {len(given):,} targets of which {len(other):,} are none of the {len(own):,} of this "
        f"split{example}; change data/split, or leave targets out"
    )


def _tell(found: Mapping[str, float]) -> None:
    """Say what of the lists could not count."""
    words = {
        "missing": "%d of the targets have no list, and are misses",
        "strangers": "%d lists are of users without a target, and are left out",
        "seen_items": "%d items are no candidates by the protocol (seen, or not there yet), and are taken out",
        "unknown_items": "%d items are unknown to training, and are taken out",
        "repeated_items": "%d items stand twice in their list, and are taken out",
        "ties": "%d items score like the one before them; a target among them counts as the last",
    }
    for name, count in found.items():
        if count:
            _, part, check = name.split("/")
            _log.warning(f"{_SETTINGS[part]}: {words[check]}", count)
