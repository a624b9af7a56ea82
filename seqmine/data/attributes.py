"""Attributes of items and users from tables and files, in numbers that a model can embed.

Vocabularies and scales come from the items and users of the training part; what only others have is not known.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqmine.data.description import settings_of
from seqmine.data.sequences import PreparedData, person_keys
from seqmine.data.sources.files import fingerprint_files, require_file
from seqmine.data.sources.item_table import read_table, require_joined
from seqmine.structs import AttributeTable, UserError
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt


@bounded
class Attributes:
    """The columns of a table that models may read, each with its kind.

    Args:
        owner: ``item`` or ``user``; the table has a column ``item_id`` or ``user_id``.
        path: the table (CSV, TSV, Parquet, or JSON of key to list); None takes what the source itself brings.
        vectors: a .npy matrix whose row i belongs to row i of the table, or None.
        categorical: columns with one value.
        multi_valued: columns with a list of values.
        numeric: columns with a number; scaled to mean 0 and deviation 1, 0 where it is missing.
        dense: columns with a vector of numbers; all zero where it is missing.
        max_values: values of a multi-valued column that count, the first ones, at least 1.

    Raises:
        UserError: a setting that cannot be.
    """

    def __init__(
        self,
        *,
        owner: str,
        path: str | None = None,
        vectors: str | None = None,
        categorical: Sequence[str] = (),
        multi_valued: Sequence[str] = (),
        numeric: Sequence[str] = (),
        dense: Sequence[str] = (),
        max_values: PositiveInt = 20,
    ) -> None:
        self.owner, self.key = owner, f"{owner}_id"
        if vectors is not None and path is None:
            raise UserError("vectors is set without a table that names its rows; set path")
        self.path, self.vectors, self.max_values = path, vectors, max_values
        self.categorical, self.multi_valued = list(categorical), list(multi_valued)
        self.numeric, self.dense = list(numeric), [*dense, *(["vectors"] if vectors else [])]

    @property
    def chosen(self) -> list[str]:
        """The names of the chosen columns."""
        return [*self.categorical, *self.multi_valued, *self.numeric, *self.dense]

    def fingerprint(self) -> str:
        """Return a hash of the content of the files and of the choice of columns."""
        files = [
            require_file(path, name)
            for name, path in (("path", self.path), ("vectors", self.vectors))
            if path is not None
        ]
        choice = {name: value for name, value in settings_of(self).items() if name not in ("path", "vectors")}
        return fingerprint_files(files, choice)

    def read(self, from_source: pl.DataFrame | None) -> pl.DataFrame | None:
        """Return the table, joined with the columns that only the source has; None where there is neither.

        Args:
            from_source: attributes that the source brings, or None.

        Raises:
            UserError: a file cannot be read.
        """
        if self.path is None:
            return from_source
        table = read_table(self.path, self.key, "path")
        if self.vectors is not None:
            table = table.with_columns(pl.Series("vectors", self._read_vectors(len(table))))
        table = table.unique(self.key, keep="first", maintain_order=True)
        if from_source is None:
            return table
        lacking = [name for name in from_source.columns if name == self.key or name not in table.columns]
        others = from_source.select(lacking)
        return others.join(table, on=self.key, how="full", coalesce=True, maintain_order="left_right")

    def encode(
        self, table: pl.DataFrame | None, keys: Sequence[str], trained: NDArray[np.bool_]
    ) -> AttributeTable | None:
        """Return the chosen attributes of each key in numbers; None when none is chosen.

        Args:
            table: what ``read`` returned.
            keys: raw keys of the rows, in order.
            trained: which rows belong to the training part; values and scales come from them.

        Raises:
            UserError: a chosen column is not there or cannot be read as its kind.
        """
        if not self.chosen:
            return None
        if table is None:
            raise UserError(
                f"attributes of {self.owner}s are chosen ({', '.join(self.chosen)}) and there is no table of "
                f"them; set data.{self.owner}_attributes.path"
            )
        rows = pl.DataFrame({self.key: keys}, schema={self.key: pl.String}).join(
            table.select(self.key, *(self._checked(table, name) for name in self.chosen)),
            on=self.key, how="left", maintain_order="left",
        )  # fmt: skip
        lists = [self._as_list(rows[name]) for name in (*self.categorical, *self.multi_valued)]
        codes, num_codes = _number_values(lists, trained)
        columns = [scale(self._as_number(rows[name]), trained)[:, None] for name in self.numeric]
        columns += [self._as_vector(rows[name]) for name in self.dense]
        values = np.concatenate([np.zeros((len(rows), 0), np.float32), *columns], axis=1).astype(np.float32)
        return AttributeTable(codes, values, num_codes)

    def _checked(self, table: pl.DataFrame, name: str) -> str:
        if name not in table.columns:
            raise UserError(
                f"the attribute {name!r} of {self.owner}s is chosen, and the table has "
                f"{', '.join(table.columns)}; change data.{self.owner}_attributes"
            )
        return name

    def _as_list(self, values: pl.Series) -> pl.Series:
        """Return the values of each row as a list of texts that no other attribute has."""
        if values.dtype not in (pl.List, pl.Array):
            values = values.cast(pl.String).replace("", None).to_frame().select(pl.concat_list(pl.all())).to_series()
        lists = values.cast(pl.List(pl.String)).list.drop_nulls().list.head(self.max_values)
        return lists.list.eval(pl.concat_str(pl.lit(f"{values.name}="), pl.element()))

    def _as_number(self, values: pl.Series) -> NDArray[np.float64]:
        texts = values.str.strip_chars().replace("", None) if values.dtype == pl.String else values
        try:
            return texts.cast(pl.Float64).to_numpy()
        except pl.exceptions.PolarsError as error:
            raise UserError(
                f"numeric has {values.name!r}, whose values are not all numbers; choose it as categorical"
            ) from error

    def _as_vector(self, values: pl.Series) -> NDArray[np.float32]:
        sizes = values.list.len() if values.dtype == pl.List else None
        if values.dtype != pl.Array and (sizes is None or sizes.drop_nulls().n_unique() != 1):
            raise UserError(
                f"dense has {values.name!r}, which is no column of vectors of one size; give it as Parquet lists "
                "or as a .npy matrix"
            )
        size = values.dtype.size if isinstance(values.dtype, pl.Array) else int(sizes.max())  # type: ignore[union-attr, arg-type]
        known = values.is_not_null().to_numpy()
        rows = np.zeros((len(values), size), np.float32)
        rows[known] = np.asarray(values.drop_nulls().cast(pl.Array(pl.Float32, size)).to_numpy()).reshape(-1, size)
        return np.nan_to_num(rows)

    def _read_vectors(self, num_rows: int) -> NDArray[np.float32]:
        found = require_file(str(self.vectors), "vectors")
        try:
            matrix = np.load(found, allow_pickle=False)
        except (ValueError, OSError) as error:
            raise UserError(f"`vectors` is {found}, no .npy matrix ({error}); save it with numpy.save") from error
        if matrix.ndim != 2 or len(matrix) != num_rows or not np.issubdtype(matrix.dtype, np.number):
            raise UserError(
                f"`vectors` is {found}, of shape {matrix.shape}, allowed is one row of numbers for each of the "
                f"{num_rows} rows of the table of {self.owner}s"
            )
        return matrix.astype(np.float32)


def with_attributes(
    data: PreparedData, items: Attributes, users: Attributes, table: pl.DataFrame | None
) -> PreparedData:
    """Return prepared data with the chosen attributes of its items and users.

    Args:
        data: the prepared log.
        items: the choice for items.
        users: the choice for users.
        table: what ``items.read`` returned.
    """
    known = data.catalog.num_items
    keys = [*data.catalog.item_ids, *data.unseen_item_ids]
    item_rows = items.encode(table, keys, np.arange(len(keys)) < known)
    user_table, people = users.read(None), person_keys(data.log, data.user_ids)
    if user_table is not None:
        require_joined(people, user_table[users.key], "users", "`features.users.path`")
    user_rows = users.encode(user_table, people, data.split.train_stops > 0)
    catalog = replace(
        data.catalog,
        attributes=None if item_rows is None else item_rows.take(np.arange(known)).with_padding(),
        unseen_attributes=None if item_rows is None else item_rows.take(np.arange(known, len(keys))),
        num_user_codes=user_rows.num_codes if user_rows else 0,
        num_user_values=user_rows.num_values if user_rows else 0,
    )
    return replace(data, catalog=catalog, log=replace(data.log, users=user_rows))


def scale(values: NDArray[np.float64], trained: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return numbers with mean 0 and deviation 1 over the trained rows, 0 where they are missing.

    >>> scale(np.array([1.0, 3.0, np.nan, 5.0]), np.array([True, True, True, False])).tolist()
    [-1.0, 1.0, 0.0, 3.0]
    """
    known = trained & np.isfinite(values)
    if not known.any():
        return np.zeros(len(values), np.float32)
    spread = values[known].std()
    scaled = (values - values[known].mean()) / (spread if spread > 0 else 1.0)
    return np.where(np.isfinite(scaled), scaled, 0.0).astype(np.float32)


def _number_values(lists: Sequence[pl.Series], trained: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """Number the values of all columns together from 1, most frequent first; return (R, K) numbers and their count."""
    num_rows = len(trained)
    if not lists:
        return np.zeros((num_rows, 0), np.int32), 0
    parts = [values.alias("value").to_frame().with_row_index("row").explode("value") for values in lists]
    long = pl.concat(parts).drop_nulls("value").sort("row", maintain_order=True)
    inside = long.filter(pl.lit(pl.Series(trained[long["row"].to_numpy()])))
    counts = inside.group_by("value", maintain_order=True).len().sort("len", descending=True, maintain_order=True)
    vocabulary = counts.select("value", number=pl.int_range(1, pl.len() + 1, dtype=pl.Int32))
    numbered = long.join(vocabulary, on="value", how="inner", maintain_order="left")
    rows, numbers = numbered["row"].to_numpy().astype(np.int64), numbered["number"].to_numpy()
    places = np.arange(len(rows)) - np.searchsorted(rows, rows)
    codes = np.zeros((num_rows, int(places.max(initial=-1)) + 1), np.int32)
    codes[rows, places] = numbers
    return codes, len(vocabulary)
