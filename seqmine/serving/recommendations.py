"""Top lists of items for histories, streamed to a file."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from omegaconf import DictConfig
from torch import nn

from seqmine.data.available import ItemPeriods
from seqmine.data.collate import HistoryCollate
from seqmine.data.datamodule import SequenceDataModule
from seqmine.data.sequences import group_by_user
from seqmine.data.sources.histories import source_of_histories
from seqmine.data.splits import Targets
from seqmine.metrics.functional import check_scores, mask_candidates, top_items
from seqmine.structs import AttributeTable, Catalog, InteractionLog, Recommender, UserError, columns_read
from seqmine.structs.files import write_atomically

_log = logging.getLogger(__name__)
_LISTS = {"user_id": pl.String, "rank": pl.Int64, "item_id": pl.String, "score": pl.Float64}


@dataclass(frozen=True)
class Histories:
    """What users did so far.

    Args:
        log: events by item_index.
        user_ids: raw key of each history.
        ends: the users to recommend to, and how many of their events are known.
        max_length: longest input of the model.
        seen_behavior: number of the behavior by which a user had an item; None counts every event.
        periods: when each item can be recommended; None for all items at all times.
    """

    log: InteractionLog
    user_ids: Sequence[str]
    ends: Targets
    max_length: int
    seen_behavior: int | None = None
    periods: ItemPeriods | None = None

    def of(self, users: Sequence[str]) -> "Histories":
        """Return the histories of some users alone, in the order in which they are named, all of a user together.

        Raises:
            UserError: a user who has no history here.
        """
        place: dict[str, list[int]] = {}
        for row, user in enumerate(self.ends.users.tolist()):
            place.setdefault(self.user_ids[user], []).append(row)
        unknown = [user for user in users if user not in place]
        if unknown:
            raise UserError(
                f"users has {unknown[0]!r}{_others(unknown)}, allowed are the {len(place):,} users of the run with a "
                "history; change users, or give their events as histories"
            )
        rows = np.array([row for user in users for row in place[user]], np.int64)
        return replace(self, ends=self.ends.take(rows))


def histories_of(config: DictConfig, datamodule: SequenceDataModule, catalog: Catalog) -> Histories:
    """Return the histories that ``recommend`` is asked about: those of a file, or those of the run.

    Args:
        config: of the program.
        datamodule: of the run; its log is read only where no file is named.
        catalog: in which the histories are numbered.
    """
    if config.input is not None:
        return given_histories(source_of_histories(str(config.input), datamodule.source).read(), datamodule, catalog)
    return run_histories(datamodule, config.history)


def given_histories(events: pl.DataFrame, datamodule: SequenceDataModule, catalog: Catalog) -> Histories:
    """Return the histories of any users; ``evaluation.candidates=available`` takes nothing out of their lists.

    Args:
        events: as a source reads them.
        datamodule: of the run; its log is not read.
        catalog: in which the histories are numbered.
    """
    log, user_ids = _number_events(events, catalog)
    users = np.flatnonzero(log.lengths)
    ends = Targets(users, log.lengths[users])
    behavior = None if datamodule.target_behavior is None else log.behavior_number(datamodule.target_behavior)
    return Histories(log, user_ids, ends, datamodule.max_length, behavior)


def run_histories(datamodule: SequenceDataModule, history: str) -> Histories:
    """Return the histories of the users of a run.

    Under ``evaluation.candidates=available`` a list holds what was there at the moment of its test target, or when the
    log ended.

    Args:
        datamodule: of the run.
        history: ``full``, or ``test`` for all but the test targets.
    """
    if history not in ("full", "test"):
        raise UserError(f"history is {history!r}, allowed are full and test; change history")
    data = datamodule.prepared
    everyone = Targets(np.arange(data.log.num_users), data.log.lengths)
    if data.log.timestamps is not None and data.log.num_events:
        everyone = replace(everyone, times=np.full(len(everyone), data.log.timestamps.max() + 1))
    ends = everyone if history == "full" else data.split.test
    target_behavior = datamodule.target_behavior
    behavior = None if target_behavior is None else data.log.behavior_number(target_behavior)
    return Histories(data.log, data.user_ids, ends, datamodule.max_length, behavior, datamodule.periods)


def recommend_to(
    module: Recommender, catalog: Catalog, histories: Histories, *, top_k: int, batch_size: int, seen: str
) -> Iterator[pl.DataFrame]:
    """Yield tables of user_id, rank, item_id and score, one a batch of users.

    Where a user has several lists, as before several test targets, ``position`` tells them apart: the events of the
    user before the list.

    Args:
        module: a trained model.
        catalog: of the model.
        histories: what is known of the users.
        top_k: length of the lists, at most the number of candidates.
        batch_size: users scored at once.
        seen: which items are not recommended again: ``full``, ``window`` or ``none``.
    """
    if not 1 <= top_k <= catalog.num_items:
        raise UserError(
            f"top_k is {top_k}, allowed are 1 to {catalog.num_items}, the size of the catalog; change top_k"
        )
    collate = HistoryCollate(
        log=histories.log,
        max_length=histories.max_length,
        seen=seen,
        columns=columns_read(module) if isinstance(module, nn.Module) else (),
        seen_behavior=histories.seen_behavior,
        periods=histories.periods,
    )
    nothing = np.zeros(len(histories.ends), np.int32)
    names = np.array(["", *catalog.item_ids], dtype=object)
    is_one_each = len(np.unique(histories.ends.users)) == len(histories.ends)
    for start in range(0, len(histories.ends), batch_size):
        rows = np.arange(start, min(start + batch_size, len(histories.ends)))
        batch = collate(histories.ends, nothing, rows)
        with torch.no_grad():
            scores = module.score(batch)
        check_scores(scores)
        mask_candidates(scores, batch)
        items = top_items(scores, top_k)
        values = scores.gather(1, items).flatten().numpy()
        users = [histories.user_ids[user] for user in batch.user_index.tolist()]
        frame = pl.DataFrame(
            {
                "user_id": np.repeat(np.array(users, dtype=object), top_k),
                "rank": np.tile(np.arange(1, top_k + 1), len(users)),
                "item_id": names[items.flatten().numpy()],
                "score": values,
            },
            schema=_LISTS,
        )
        if not is_one_each:
            frame = frame.with_columns(position=np.repeat(histories.ends.places[rows], top_k))
        yield frame.filter(pl.col("score") > float("-inf"))


def write_recommendations(lists: Iterator[pl.DataFrame], config: DictConfig) -> None:
    """Stream the lists into a Parquet or CSV file, which appears when it is complete."""
    path = Path(config.output or Path(config.paths.run) / "recommendations.parquet")
    if path.suffix not in (".parquet", ".csv"):
        raise UserError(f"output is {str(path)!r}, allowed are names that end in .parquet or .csv; change output")
    write = _write_parquet if path.suffix == ".parquet" else _write_csv
    users = write_atomically(path, lambda temporary: write(lists, temporary))
    _log.info("%d users have recommendations in %s", users, path)


def _write_parquet(lists: Iterator[pl.DataFrame], path: Path) -> int:
    first = next(lists, pl.DataFrame(schema=_LISTS))
    kinds = {pl.String: pa.string(), pl.Int64: pa.int64(), pl.Float64: pa.float64()}
    schema = pa.schema([(name, kinds[type(kind)]) for name, kind in first.schema.items()])
    users = 0
    with pq.ParquetWriter(path, schema) as writer:
        for frame in chain([first], lists):
            writer.write_table(frame.to_arrow().cast(schema))
            users += frame["user_id"].n_unique()
    return users


def _write_csv(lists: Iterator[pl.DataFrame], path: Path) -> int:
    users = 0
    with path.open("wb") as file:
        for number, frame in enumerate(lists):
            frame.write_csv(file, include_header=number == 0)
            users += frame["user_id"].n_unique()
    return users


def _number_events(events: pl.DataFrame, catalog: Catalog) -> tuple[InteractionLog, list[str]]:
    """Return histories of any users and their keys; items that the model does not know are left out and counted.

    Items and behaviors are numbered as in the catalog; nothing is known of the attributes of the users.
    """
    index = pl.DataFrame(
        {"item_id": list(catalog.item_ids), "item_index": range(1, catalog.num_items + 1)},
        schema={"item_id": pl.String, "item_index": pl.Int64},
    )
    known = events.join(index, on="item_id", how="left", maintain_order="left")
    unknown = known["item_index"].null_count()
    if unknown:
        _log.warning("%d of %d events have items that the model does not know; they are left out", unknown, len(known))
    log, user_ids, item_ids = group_by_user(known.drop("item_index"))
    numbers = np.array([0, *catalog.encode(item_ids)], np.int32)[log.items]
    kept = np.concatenate([[0], np.cumsum(numbers > 0)]).astype(np.int64)
    found = replace(log, items=numbers).take(numbers > 0, kept[log.offsets])
    empty = int((found.lengths == 0).sum())
    if empty:
        _log.warning("%d of %d users have no known item; they get no list", empty, len(user_ids))
    unknown_users = AttributeTable(
        np.zeros((len(user_ids), 1), np.int32),
        np.zeros((len(user_ids), catalog.num_user_values), np.float32),
        catalog.num_user_codes,
    )
    return replace(_number_behaviors(found, catalog.behaviors), users=unknown_users), user_ids


def _number_behaviors(log: InteractionLog, names: Sequence[str]) -> InteractionLog:
    """Return the log with its behaviors numbered as in the run; a kind that the run does not know becomes 0."""
    if log.behaviors is None:
        return log
    known = {name: number for number, name in enumerate(names, start=1)}
    numbers = np.array([0, *(known.get(name, 0) for name in log.behavior_names)], np.uint8)
    return replace(log, behaviors=numbers[log.behaviors], behavior_names=names)


def _others(names: Sequence[str]) -> str:
    return f" and {len(names) - 1:,} more" if len(names) > 1 else ""
