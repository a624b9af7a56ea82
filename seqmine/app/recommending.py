"""What the recommending program is asked: whose lists, of which items, into which file."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
from omegaconf import DictConfig, OmegaConf

from seqmine.app.cross_selling import cross_sell, is_mined
from seqmine.app.sharing import Restored, fill
from seqmine.data.engines.embedded import READ_ERRORS
from seqmine.data.engines.parts import LazySource, scan_source
from seqmine.data.sources.histories import source_of_histories
from seqmine.data.sources.timestamps import to_epoch
from seqmine.models.module import item_vectors
from seqmine.reporting.lists import show_lists, show_similar
from seqmine.runs.folder import checkpoint_fingerprint
from seqmine.runs.placement import require_placement_alone
from seqmine.runs.restore import correction_of
from seqmine.runs.settings import plain
from seqmine.serving.divided import Asked, DividedHistories, divide
from seqmine.serving.histories import (
    Histories,
    given_histories,
    moment_after,
    run_histories,
    warn_of_unknown,
    without_empty,
)
from seqmine.serving.ids import keep_known, read_ids
from seqmine.serving.shards import EMPTY, Shards, write_tables
from seqmine.serving.similar import similar_items
from seqmine.structs import Catalog, UserError
from seqmine.structs.files import scratch

_log = logging.getLogger(__name__)
# what lists do not depend on
_FREE = ("output", "paths", "trainer", "debug", "num_shown", "program", "users_per_file", "run", "input", "users",
         "reading")  # fmt: skip
_OF_USERS = ("input", "users", "exclude", "only", "seen", "at")  # settings of lists, not of similar items
_STOPPED = 130  # the status of a program that ctrl-c stopped
PART_EVENTS = 1_000_000
"""Events of a file of histories that are in memory together."""
_AnyAsked = TypeVar("_AnyAsked", bound=Asked)


def recommend(config: DictConfig) -> None:
    """Make the lists that are asked for, of users or of similar items, and write them.

    Args:
        config: of the program.

    Raises:
        UserError: a setting that cannot be, or nobody who could get a list.
    """
    output = output_of(config)
    Shards(output, 0, config.shard_size)  # refuses an ending before the model is loaded
    if is_mined(config.run):
        return cross_sell(config, output)
    require_placement_alone(config.trainer)
    if not isinstance(config.trainer.devices, int) or config.trainer.devices < 1:
        raise UserError(
            f"trainer.devices is {config.trainer.devices}, allowed are whole numbers from 1; change trainer.devices"
        )
    if "diverse" in (correction_of(config) or {}) and config.scores == "probability":
        raise UserError("scores is 'probability', but rerank=diverse orders lists by more than that; set scores=raw")
    restored = Restored.of(config)
    if config["items"] is not None:
        return _name_similar_items(restored, Path(config.output or Path(config.paths.run) / "similar_items.parquet"))
    restored.settings.require_fit(restored.catalog, restored.module)
    with asked_lists(restored, output.parent) as asked:
        count = len(asked)
        shards = Shards(output, count, config.shard_size)
        shards.open_for(_belonging(restored, asked))
        try:
            fill(shards, restored, asked)
        except KeyboardInterrupt:
            _log.warning(
                "stopped with %d of %d parts made; the same command with output=%s goes on there",
                len(shards) - len(shards.missing()),
                len(shards),
                output,
            )
            raise SystemExit(_STOPPED) from None
    first = next(shards.tables())
    shards.finish(config.users_per_file)
    show_lists(first, config.num_shown)
    _log.info("%d %s in %s", count, "list is" if count == 1 else "lists are", output)
    return None


def _name_similar_items(restored: Restored, output: Path) -> None:
    """Write the items nearest to those that are named, by the model and by co-occurrence in the training part."""
    config, catalog = restored.config, restored.catalog
    others = [name for name in _OF_USERS if config[name] is not None]
    if others:
        raise UserError(f"items asks for similar items, but {others[0]} is of lists of users; set one of them to null")
    names = read_ids(_plain(config["items"]), "items", restored.columns("item_id"))
    rows = np.array([catalog.item_index[name] for name in keep_known(names, catalog.item_index, "items", "items")])
    vectors = item_vectors(restored.module)
    if vectors is None:
        _log.warning("the model has no vectors of items, so items are alike by co-occurrence only")
    log = restored.datamodule.prepared.training_log()
    table = similar_items(rows, catalog, vectors, log, config.top_k, config.min_users)
    write_tables([table], output)
    show_similar(table, config.num_shown)
    _log.info("items that are alike are in %s", output)


@contextmanager
def asked_lists(restored: Restored, folder: Path) -> Iterator[Asked]:
    """Find the histories that lists are asked for, and what may be in the lists.

    Those of a long file are in parts on disk while the context is open, unless users are named.

    Args:
        restored: the run that makes the lists, and what is asked.
        folder: where the parts may be.

    Raises:
        UserError: nobody is left, or not one of the users or items that are named is known.
    """
    config = restored.config
    if config.input is None:
        yield _of_settings(restored, run_histories(restored.datamodule, config.history))
        return
    source = source_of_histories(str(config.input), restored.datamodule.source, _said(config))
    with scratch(folder, "histories") as place:
        try:
            asked = _asked_of_file(restored, scan_source(source), place)
        except READ_ERRORS as error:
            if isinstance(source, LazySource):
                raise source.explain(error) from error
            raise
        yield asked


def _asked_of_file(restored: Restored, events: pl.LazyFrame, place: Path) -> Asked:
    """Return the histories of a file, in parts in a folder where they are many."""
    config, datamodule, catalog = restored.config, restored.datamodule, restored.catalog
    warn_of_unknown(events, catalog)
    parts = divide(events, place, PART_EVENTS) if config.users is None else None
    if parts is None:
        return _of_settings(restored, given_histories(events, datamodule, catalog))
    last = moment_after(events, datamodule) if datamodule.features.candidates.among == "available" else None
    allowed = _allowed(restored)

    def make(table: pl.DataFrame) -> Histories:
        histories = given_histories(table, datamodule, catalog)
        histories = _with_moment(config, histories if last is None else histories.at(last))
        return histories if allowed is None else histories.allowing(allowed)

    return _required(restored, DividedHistories(parts, make, known=config.fallback == "none"))


def _of_settings(restored: Restored, histories: Histories) -> Histories:
    """Return those of some histories that are asked for, with what may be in their lists."""
    config = restored.config
    if config.users is not None:
        histories = _of_users(restored, histories)
    histories = _with_moment(config, histories)
    allowed = _allowed(restored)
    histories = histories if allowed is None else histories.allowing(allowed)
    return _required(restored, without_empty(histories) if config.fallback == "none" else histories)


def _required(restored: Restored, asked: _AnyAsked) -> _AnyAsked:
    """Refuse that there is nobody to get a list."""
    config = restored.config
    if not len(asked):
        write_tables([_no_lists(restored.catalog)], output_of(config))
        raise UserError(
            f"not one user of {'the run' if config.input is None else repr(str(config.input))} has an item that the "
            "model knows; change input, or set fallback=popularity"
        )
    return asked


def output_of(config: DictConfig) -> Path:
    """Return the file of the lists."""
    return Path(config.output or Path(config.paths.run) / "recommendations.parquet")


def _said(config: DictConfig) -> dict[str, Any]:
    """Return how the file of histories is read where not as the log of the run."""
    reading = plain(config.reading)
    return {name: value for name, value in {**reading.pop("columns"), **reading}.items() if value is not None}


def _no_lists(catalog: Catalog) -> pl.DataFrame:
    """Return a table of no lists, so that no lists of an earlier call stay in place of them."""
    titles = {"title": pl.String} if "title" in catalog.features else {}
    return pl.DataFrame(schema={**EMPTY, **titles})


def _of_users(restored: Restored, histories: Histories) -> Histories:
    config = restored.config
    names = read_ids(_plain(config.users), "users", restored.columns("user_id"))
    known = keep_known(names, histories.rows_of, "users", "users")
    if config.fallback == "none":
        return histories.of(known)
    strangers = [name for name in names if name not in histories.rows_of]
    return histories.with_strangers(strangers).of(names)


def _allowed(restored: Restored) -> np.ndarray | None:
    """Return which items may be recommended at all; None where that is not asked."""
    config, index, data = restored.config, restored.catalog.item_index, restored.datamodule
    never = None if data.features.never_recommended is None else data.features.never(data.prepared)
    if config.exclude is None and config.only is None and never is None:
        return None
    allowed = np.ones(restored.catalog.num_items + 1, bool) if never is None else ~never
    for setting in ("only", "exclude"):
        if config[setting] is None:
            continue
        names = read_ids(_plain(config[setting]), setting, restored.columns("item_id"))
        named = np.zeros(len(allowed), bool)
        named[[index[name] for name in keep_known(names, index, setting, "items")]] = True
        allowed &= named if setting == "only" else ~named
    allowed[0] = False
    if not allowed.any():
        raise UserError("only and exclude leave no item that could be recommended; change only or exclude")
    return allowed


def _with_moment(config: DictConfig, histories: Histories) -> Histories:
    if config.at is None:
        return histories
    if histories.periods is None:
        raise UserError(
            f"at is {config.at!r}, but lists look at no time; set evaluation.candidates=available, or at=null"
        )
    moment = to_epoch(pl.Series([str(config.at)]), lambda _: "at")["timestamp"].item()
    return histories.at(int(moment))


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value) if OmegaConf.is_config(value) else value


def _belonging(restored: Restored, asked: Asked) -> dict[str, Any]:
    """Return what the parts of the lists belong to."""
    config = restored.config
    settings = {name: value for name, value in plain(config).items() if name not in _FREE}
    known = {
        "run": checkpoint_fingerprint(config.run),
        "users and items": asked.fingerprint(),
        "chosen": restored.chosen,
        **settings,
    }
    return json.loads(json.dumps(known))
