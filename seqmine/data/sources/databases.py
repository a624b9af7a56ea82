"""Results of queries, streamed from a database into a Parquet file, which is then read as any other table is.

Postgres is read by ADBC, which receives binary ``COPY`` and hands on tables of Arrow; DuckDB runs inside the process
and also reads Parquet, CSV and JSON files.
"""

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from seqmine.structs import UserError
from seqmine.structs.credentials import has_blanks, without_credentials, without_those_of

_log = logging.getLogger(__name__)
_POSTGRES = ("postgresql://", "postgres://")
_BATCH_ROWS = 500_000
# no extension is loaded over the network because a query names an address
_DUCKDB = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
_MISSING = "`connection` needs {}, which is not installed; run pip install 'seqmine[query]'"


def check_connection(connection: str | None) -> None:
    """Refuse what names no database.

    Args:
        connection: ``postgresql://host:port/database``, the file of a DuckDB, or None for DuckDB without a file.

    Raises:
        UserError: it is the address of another database, a file that does not exist, or had credentials once.
    """
    if connection is None:
        return
    shown = without_credentials(connection)
    if has_blanks(connection):
        raise UserError(
            f"`connection`={shown} was kept without its credentials; set `connection` again, as "
            "`connection`='${oc.env:DATABASE_URL}', or leave them out of it and set PGUSER and PGPASSWORD"
        )
    if connection.startswith(_POSTGRES):
        return
    if "://" in connection or not Path(connection).expanduser().is_file():
        raise UserError(
            f"`connection`={shown} is no database that is read; set `connection` to postgresql://host:port/database, "
            "to an existing file of DuckDB, or to null for DuckDB with the files that the query names"
        )


def write_result(query: str, connection: str | None, path: Path) -> int:
    """Write the result of a query as Parquet, batch by batch, so that memory does not grow with it.

    Args:
        query: one statement that selects rows; nothing in the database can be changed.
        connection: see ``check_connection``.
        path: of the file.

    Returns:
        The number of rows.

    Raises:
        UserError: the database cannot be reached, or refuses the query.
    """
    rows = 0
    with _stream(query.strip().rstrip(";"), connection) as batches:
        schema = pa.schema([(field.name, _plain_type(field.type)) for field in batches.schema])
        with pq.ParquetWriter(path, schema, compression="zstd") as file:
            for batch in batches:
                columns = [_plain_column(batch.column(name)) for name in schema.names]
                file.write_batch(pa.record_batch(columns, schema=schema), row_group_size=_BATCH_ROWS)
                rows += len(batch)
    _log.info("%s rows are read from %s", f"{rows:,}", "DuckDB" if connection is None else _named(connection))
    return rows


def _named(connection: str) -> str:
    return without_credentials(connection).partition("?")[0]


@contextmanager
def _stream(query: str, connection: str | None) -> Iterator[pa.RecordBatchReader]:
    """Yield the rows of a query; what a database says against it becomes one sentence."""
    import importlib

    is_postgres = connection is not None and connection.startswith(_POSTGRES)
    names = ("adbc_driver_postgresql.dbapi", "adbc_driver_manager.dbapi") if is_postgres else ("duckdb", "duckdb")
    try:
        driver, errors = (importlib.import_module(name) for name in names)
    except ImportError as error:
        raise UserError(_MISSING.format(names[0].partition(".")[0])) from error
    try:
        if is_postgres:
            with driver.connect(connection) as session, session.cursor() as cursor:
                cursor.execute("set transaction read only")
                cursor.execute(query)
                yield cursor.fetch_record_batch()
        else:
            _require_selection(driver, query)
            place = ":memory:" if connection is None else str(Path(connection).expanduser())
            with driver.connect(place, read_only=connection is not None, config=_DUCKDB) as session:
                yield session.sql(query).to_arrow_reader(_BATCH_ROWS)
    except errors.Error as error:
        said = without_those_of(connection or "", " ".join(str(error).split()).partition(" Query was: ")[0])
        where = "DuckDB" if connection is None else _named(connection)
        # __cause__ would show the connection in a traceback
        raise UserError(f"{where} does not answer the query ({said}); change `query` or `connection`") from None


def _require_selection(duckdb: object, query: str) -> None:
    """Refuse what is not one statement that selects: others write files, load extensions, attach databases."""
    statements = duckdb.extract_statements(query)  # type: ignore[attr-defined]
    if [statement.type.name for statement in statements] != ["SELECT"]:
        raise UserError(f"`query`={query} is not one SELECT; set `query` to a statement that selects rows")


def _plain_type(dtype: pa.DataType) -> pa.DataType:
    """Return a type without what only the database knows of it: numerics and JSON are text, and so are UUIDs."""
    if isinstance(dtype, pa.UuidType):
        return pa.string()
    if isinstance(dtype, pa.BaseExtensionType):
        return dtype.storage_type
    return pa.list_(_plain_type(dtype.value_type)) if pa.types.is_list(dtype) else dtype


def _plain_column(column: pa.Array) -> pa.Array:
    if isinstance(column, pa.ListArray):
        return pa.ListArray.from_arrays(column.offsets, _plain_column(column.values), mask=column.is_null())
    if isinstance(column.type, pa.UuidType):
        texts = [None if value is None else str(uuid.UUID(bytes=value)) for value in column.storage.to_pylist()]
        return pa.array(texts, pa.string())
    return column.storage if isinstance(column, pa.ExtensionArray) else column
