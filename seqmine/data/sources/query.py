"""Event logs that lie in a database, or in files that SQL reads: the result of a query is the table."""

import hashlib
import os
import shutil
import weakref
from pathlib import Path

import polars as pl

from seqmine.data.sources.columns import choose_columns
from seqmine.data.sources.databases import check_connection, write_result
from seqmine.data.sources.event_columns import USUAL, EventColumns
from seqmine.data.sources.files import fingerprint_files
from seqmine.data.sources.interactions import InteractionFiles
from seqmine.data.sources.item_table import by_item, with_text_keys
from seqmine.data.sources.parquet import checked_events, parquet_names, select_events
from seqmine.structs import UserError
from seqmine.structs.disk import writing_to
from seqmine.structs.files import scratch_folder

_PLACE = "the result of the query"


class DatabaseQuery:
    """Reads the result of a query by the rules of Parquet files; rows stay in the order in which they come.

    The database is asked once: its answer lies on disk, in a folder of its own that goes with the process, so that the
    events that are hashed are those that are read, in memory that does not grow with them.

    Args:
        query: one ``SELECT`` with one event a row, or a list of items a row. Without ``ORDER BY`` events of one time
            may come in another order the next time.
        connection: ``postgresql://host:port/database``, the file of a DuckDB, or None for DuckDB without a file, whose
            queries name files (``select * from 'log/*.parquet'``). What it lacks is taken from PGUSER, PGPASSWORD and
            their kin; it is kept nowhere with its credentials.
        scratch: the folder in which the answer lies.
        columns: which columns of the result hold what, and how times are written.
        reject_path: a JSON-lines file for the rows without user, item or behavior; None drops them.
        items_query: a ``SELECT`` of item attributes with their ``item_id``, one item a row, or None.

    Raises:
        UserError: the connection names no database.
    """

    def __init__(
        self,
        *,
        query: str,
        connection: str | None = None,
        scratch: str,
        columns: EventColumns = USUAL,
        reject_path: str | None = None,
        items_query: str | None = None,
    ) -> None:
        check_connection(connection)
        self.query, self.connection, self.scratch = query, connection, Path(scratch)
        self._columns, self.columns, self.time_format = columns, columns.names, columns.time_format
        self.reject_path = reject_path
        self.items_query = items_query
        self.dropped: dict[str, int] = {}
        self._answers: dict[str, Path] = {}

    def scan(self) -> pl.LazyFrame:
        """Return the events in the order of the rows, without holding them in memory; see ``InteractionFiles.scan``.

        Raises:
            UserError: the database does not answer, a column is not there, or a value cannot be read.
        """
        path = self._answer(self.query)
        self.dropped = {}
        chosen = choose_columns(self.columns, parquet_names(path), _PLACE)
        events = select_events(pl.scan_parquet(path, glob=False), chosen, _PLACE)
        try:
            return checked_events(
                events, lambda row: f"{_PLACE}, row {row + 1}", self.reject_path, self.time_format, self.dropped
            )
        except pl.exceptions.PolarsError as error:
            raise self.explain(error) from error

    def read(self) -> pl.DataFrame:
        """Return the events in the order of the rows; raises what ``scan`` raises."""
        events = self.scan()
        try:
            return events.collect(engine="streaming")
        except pl.exceptions.PolarsError as error:
            raise self.explain(error) from error

    def explain(self, error: BaseException) -> UserError:
        """Return the sentence for an error that came up while events of ``scan`` were read."""
        if isinstance(error, pl.exceptions.ShapeError):
            return UserError(f"{_PLACE} has a row whose lists differ in length; give each item its time and kind")
        return UserError(f"{_PLACE} cannot be read ({' '.join(str(error).split())}); change `query`")

    def item_features(self) -> pl.DataFrame | None:
        """Return the item attributes, or None without ``items_query``.

        Raises:
            UserError: the database does not answer, or the result has no column of keys.
        """
        if self.items_query is None:
            return None
        table = pl.read_parquet(self._answer(self.items_query), glob=False)
        if "item_id" not in table.columns:
            raise UserError(
                f"the result of `items_query` has no column item_id ({', '.join(table.columns)}); change `items_query`"
            )
        return by_item(with_text_keys(table, "item_id", "the result of `items_query`"), "item_id")

    def fingerprint(self) -> str:
        """Return a hash of what the database answered, the names of the columns and how they are read."""
        answers = [self._answer(query) for query in (self.query, self.items_query) if query is not None]
        return fingerprint_files(answers, {"source": "query", **self.columns, "time_format": self.time_format})

    def as_files(self) -> InteractionFiles:
        """Return what reads files with the columns of the result."""
        return InteractionFiles(path="answer.parquet", columns=self._columns)

    def _answer(self, query: str) -> Path:
        """Return the file with the result of a query, which is asked for once."""
        if query not in self._answers:
            self._answers[query] = _of_first_process(query) or self._ask(query)
        return self._answers[query]

    def _ask(self, query: str) -> Path:
        folder = scratch_folder(self.scratch, "query")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        with writing_to(self.scratch):
            rows = write_result(query, self.connection, folder / "answer.parquet")
        if not rows:
            raise UserError(f"`query`={query} selects no rows; change `query` or `connection`")
        os.environ[_variable(query)] = str(folder / "answer.parquet")
        return folder / "answer.parquet"


def _of_first_process(query: str) -> Path | None:
    """Return the answer that the first process of a distributed run got: a database may give the next one another."""
    path = Path(os.environ.get(_variable(query), "")) if int(os.environ.get("LOCAL_RANK", "0")) else None
    return path if path is not None and path.is_file() else None


def _variable(query: str) -> str:
    return f"SEQMINE_ANSWER_{hashlib.blake2b(query.encode(), digest_size=8).hexdigest().upper()}"
