"""Lists of items that were made elsewhere: read from a file, and named as a model names its best items."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch
from jaxtyping import Float, Int
from lightning import LightningModule
from numpy.typing import NDArray
from torch import Tensor

from seqmine.data.sequences import PreparedData
from seqmine.data.sources.files import plain_name, read_text, require_file
from seqmine.data.sources.item_table import read_table, with_text_keys
from seqmine.data.targets import Targets
from seqmine.structs import Catalog, SequenceBatch, UserError


def read_lists(path: str, setting: str) -> pl.DataFrame:
    """Return the lists of a file as rows of user_id, item_id and score, best first within a list, and position.

    Lists by rank or by order get scores that fall by one from item to item. ``position`` is null where the file does
    not say it, and then a list is for every target of its user.

    Args:
        path: CSV, TSV or Parquet with user_id, item_id and one of score and rank, or rows in order; or text with
            ``user item item ...`` a line (``.txt``).
        setting: that names the file.

    Raises:
        UserError: the file cannot be read, lacks a column, has a score that is no number, or two lists of one user.
    """
    found = require_file(path, setting)
    frame = _of_lines(found, setting) if plain_name(found).endswith(".txt") else _of_table(path, setting)
    keys = ["user_id", "position"] if "position" in frame.columns else ["user_id"]
    if "score" in frame.columns:
        if not frame["score"].is_finite().fill_null(value=False).all():
            raise UserError(f"{setting}={path} has a score that is no finite number; change {setting}")
        frame = frame.sort([*keys, "score"], descending=[*[False] * len(keys), True], maintain_order=True)
    else:
        frame = _scored_by_order(frame, keys, path, setting)
    if "position" not in frame.columns:
        frame = frame.with_columns(position=pl.lit(None, pl.Int64))
    return frame.select("user_id", pl.col("position").cast(pl.Int64), "item_id", "score")


def _of_table(path: str, setting: str) -> pl.DataFrame:
    frame = read_table(path, "user_id", setting)
    if "item_id" not in frame.columns:
        raise UserError(
            f"{setting}={path} has no column item_id ({', '.join(frame.columns)}); rename that of the items"
        )
    if isinstance(frame.schema["item_id"], pl.List | pl.Array):
        _require_users_once(frame["user_id"], path, setting)
        frame = frame.select("user_id", "item_id").explode("item_id")
    frame = with_text_keys(frame, "item_id", path)
    numbers = {"score": pl.Float64, "rank": pl.Float64, "position": pl.Int64}
    present = [pl.col(name).cast(kind, strict=False) for name, kind in numbers.items() if name in frame.columns]
    return frame.with_columns(present)


def _of_lines(path: Path, setting: str) -> pl.DataFrame:
    rows = [line.split() for line in read_text(path).decode().splitlines() if line.strip()]
    users = [row[0] for row in rows]
    _require_users_once(pl.Series(users, dtype=pl.String), str(path), setting)
    pairs = [(row[0], item) for row in rows for item in row[1:]]
    return pl.DataFrame(pairs, schema={"user_id": pl.String, "item_id": pl.String}, orient="row")


def _scored_by_order(frame: pl.DataFrame, keys: list[str], path: str, setting: str) -> pl.DataFrame:
    if "rank" in frame.columns:
        frame = frame.sort([*keys, "rank"], maintain_order=True)
        twice = frame.filter(pl.struct(*keys, "rank").is_duplicated())
        if len(twice):
            raise UserError(
                f"{setting}={path} has two items of rank {twice['rank'][0]:g} for user {twice['user_id'][0]!r}; give "
                "one list a user, or the column position where a user has several targets"
            )
    else:
        begins = frame.filter((pl.struct(keys) != pl.struct(keys).shift(1)).fill_null(value=True))
        _require_users_once(begins.filter(pl.struct(keys).is_duplicated())["user_id"], path, setting)
    return frame.with_columns(score=-pl.int_range(pl.len()).over(keys).cast(pl.Float64))


def _require_users_once(users: pl.Series, path: str, setting: str) -> None:
    twice = users.filter(users.is_duplicated())
    if len(twice):
        raise UserError(
            f"{setting}={path} has two lists of user {twice[0]!r}; give one list a user, or the column position where "
            "a user has several targets"
        )


@dataclass(frozen=True)
class ListTable:
    """Lists in the numbers of a catalog, each target with the row of its list.

    Args:
        items: (N, K) item_index, best first, 0 where a list has no more.
        scores: (N, K) of the items.
        row_of: row of the list of each target, by user and position; targets without a list are left out.
        checks: counts of what was taken out or is missing.
    """

    items: NDArray[np.int64]
    scores: NDArray[np.float64]
    row_of: dict[tuple[int, int], int]
    checks: dict[str, int]

    @classmethod
    def of(cls, frame: pl.DataFrame, data: PreparedData, part: str) -> "ListTable":
        """Number the lists of a file for the targets of a part.

        Args:
            frame: see ``read_lists``.
            data: the prepared log.
            part: ``val`` or ``test``.

        Raises:
            UserError: no target has a list.
        """
        users = pl.DataFrame({"user_id": list(data.user_ids), "user": range(len(data.user_ids))})
        items = pl.DataFrame({"item_id": list(data.catalog.item_ids), "item": range(1, data.catalog.num_items + 1)})
        keys = ["user_id", "position"]
        whole = frame.join(items, on="item_id", how="left", maintain_order="left")
        known = whole.filter(pl.col("item").is_not_null()).unique([*keys, "item"], keep="first", maintain_order=True)
        lists = known.select(keys).unique(maintain_order=True).with_row_index("row")
        lists = lists.join(users, on="user_id", how="left", maintain_order="left")
        known = known.join(lists, on=keys, how="left", nulls_equal=True, maintain_order="left")
        place = known.select(pl.int_range(pl.len()).over("row")).to_series().to_numpy()
        shape = (len(lists), int(place.max(initial=-1)) + 1)
        table, scores = np.zeros(shape, np.int64), np.full(shape, -np.inf)
        rows = known["row"].to_numpy()
        table[rows, place], scores[rows, place] = known["item"].to_numpy(), known["score"].to_numpy()
        targets = data.split.test if part == "test" else data.split.val
        row_of = _rows_of_targets(lists, targets)
        if not row_of:
            first = frame["user_id"][0] if len(frame) else None
            raise UserError(f"no target of the split has a list (the file has user {first!r}); change recommendations")
        checks = {
            "missing": len(targets) - len(row_of),
            "strangers": len(lists) - len(set(row_of.values())),
            "unknown_items": whole["item"].null_count(),
            "repeated_items": len(whole) - whole["item"].null_count() - len(known),
            "ties": int(((scores[:, 1:] == scores[:, :-1]) & (table[:, 1:] > 0)).sum()),
        }
        return cls(table, scores, row_of, checks)


def _rows_of_targets(lists: pl.DataFrame, targets: Targets) -> dict[tuple[int, int], int]:
    """Return the row of the list of each target: its own, that of another with the same input, or that of its user."""
    by_key = {(user, place): row for row, user, place in lists.select("row", "user", "position").iter_rows()}
    found, asked = {}, -1
    same_input = dict.fromkeys(targets.asked.tolist())
    for target, key in enumerate(zip(targets.users.tolist(), targets.places.tolist(), strict=True)):
        asked = target if target in same_input else asked
        first = (key[0], int(targets.places[asked]))
        row = next((by_key[of] for of in (key, first, (key[0], None)) if of in by_key), None)
        if row is not None:
            found[key] = row
    return found


class GivenLists(LightningModule):
    """Names the items of lists that were made elsewhere, without those that are no candidates by the protocol.

    Args:
        table: the lists.
        catalog: the items that training knows.
    """

    def __init__(self, *, table: ListTable, catalog: Catalog) -> None:
        super().__init__()
        self.table, self.longest_list = table, catalog.num_items
        self._num_seen = 0

    def top(
        self, batch: SequenceBatch, k: int, seen: Int[Tensor, "B S"]
    ) -> tuple[Int[Tensor, "B K"], Float[Tensor, "B K"]]:
        """Return the list of each target, 0 where there is none or no more."""
        places = torch.zeros_like(batch.user_index) if batch.target_positions is None else batch.target_positions
        keys = zip(batch.user_index.tolist(), places.tolist(), strict=True)
        rows = np.array([self.table.row_of.get(key, -1) for key in keys])
        items = torch.from_numpy(np.where(rows[:, None] >= 0, self.table.items[rows], 0)).to(seen)
        scores = torch.from_numpy(self.table.scores[rows]).to(seen.device)
        size = self.longest_list + 1
        shift = torch.arange(len(rows), device=seen.device).unsqueeze(1) * size
        is_seen = (items > 0) & torch.isin(items + shift, (seen + shift)[seen > 0])
        self._num_seen += int(is_seen.sum())
        order = (is_seen | (items == 0)).to(torch.int8).argsort(dim=1, stable=True)
        items = torch.where(is_seen, 0, items).gather(1, order)[:, :k]
        scores = torch.where(items > 0, scores.gather(1, order)[:, :k], 0.0)
        missing = k - items.shape[1]
        return torch.nn.functional.pad(items, (0, missing)), torch.nn.functional.pad(scores, (0, missing))

    def checks(self) -> dict[str, int]:
        """Return the counts of what was taken out or is missing, after the lists were asked for."""
        return {**self.table.checks, "seen_items": self._num_seen}

    def validation_step(self, batch: SequenceBatch, batch_index: int) -> None:
        """Do nothing: the lists are asked for."""

    def test_step(self, batch: SequenceBatch, batch_index: int) -> None:
        """Do nothing: the lists are asked for."""

    def configure_optimizers(self) -> None:
        """Use no optimizer."""
