"""Results of queries, from DuckDB and from a server of Postgres that the tests start; skipped where it is not installed."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from seqmine.data.sources.databases import check_connection, write_result
from seqmine.structs import UserError
from tests.programs import error_of, run
from tests.tables import event_query
from tests.tiny import call

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
PASSWORD = "hunter2-no-one-sees-this"


class Server(NamedTuple):
    address: str
    owner: str

    @property
    def known(self):
        return self.address.replace("://", f"://shop:{PASSWORD}@")


@pytest.fixture(scope="module")
def postgres():
    """A server with the table ``purchases`` of 40 customers, who buy item n + 1 after item n."""
    pytest.importorskip("adbc_driver_postgresql")
    if not PROGRAMS:
        pytest.skip("there is no Postgres in /usr/lib/postgresql")
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    as_owner = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if as_owner:
        shutil.chown(folder, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "password").write_text(PASSWORD)

    def do(program, *arguments):
        command = [*as_owner, str(PROGRAMS[-1] / program), "-D", str(folder / "data"), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    do(
        "initdb",
        "-A",
        "scram-sha-256",
        "-U",
        "shop",
        f"--pwfile={folder / 'password'}",
        "--no-sync",
        "--locale=C.UTF-8",
    )
    settings = f"-k {folder} -c listen_addresses=127.0.0.1 -p {port} -c fsync=off"
    do("pg_ctl", "-o", settings, "-w", "-l", str(folder / "log"), "start")
    server = Server(f"postgresql://127.0.0.1:{port}/postgres", "shop")
    try:
        fill(server)
        yield server
    finally:
        do("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def fill(server):
    import adbc_driver_postgresql.dbapi as driver

    with driver.connect(server.known) as session, session.cursor() as cursor:
        cursor.execute(
            "create table purchases as select u as customer, (u + n) % 12 as sku, "
            "timestamptz '2024-01-01' + n * interval '1 day' as bought_at "
            "from generate_series(1, 40) as u, generate_series(1, 6) as n order by n, u"
        )
        cursor.execute("create table goods as select n as sku, 'good ' || n as title from generate_series(0, 11) as n")
        session.commit()


QUERY = "select customer, sku, bought_at from purchases order by bought_at, customer"
COLUMNS = {"user_id": "customer", "item_id": "sku", "timestamp": "bought_at"}
SETTINGS = [f"data.columns.{name}={column}" for name, column in COLUMNS.items()]


def query(text, scratch, **settings):
    return event_query(text, scratch, **settings)


def test_types_of_postgres_are_keys_and_times(postgres, tmp_path):
    text = (
        "select '0a000000-0000-0000-0000-00000000000b'::uuid as user_id, array[1.5, 2]::numeric[] as item_id, "
        "array[to_timestamp(1675123200.5), '2023-01-31 10:00+00'] as timestamp"
    )
    events = query(text, tmp_path, connection=postgres.known).read()
    user = "0a000000-0000-0000-0000-00000000000b"
    assert events.rows() == [(user, "1.5", 1_675_123_200, 500_000), (user, "2", 1_675_159_200, 0)]
    fractions = "select 7 as user_id, 'a'::char(3) as item_id, extract(epoch from date '2023-01-31') as timestamp"
    assert query(fractions, tmp_path, connection=postgres.known).read().rows() == [("7", "a", 1_675_123_200)]


def test_a_table_of_postgres_is_the_log_that_the_same_table_is_in_duckdb(postgres, tmp_path):
    pytest.importorskip("duckdb")
    from_server = query(QUERY, tmp_path, connection=postgres.known, **COLUMNS)
    from_server.read().rename({"user_id": "customer", "item_id": "sku", "timestamp": "bought_at"}).with_columns(
        bought_at=pl.from_epoch("bought_at").dt.cast_time_unit("us").dt.replace_time_zone("UTC")
    ).write_parquet(tmp_path / "purchases.parquet")
    from_file = query(f"select * from '{tmp_path}/purchases.parquet'", tmp_path, **COLUMNS)
    assert len(from_file.read()) == 240
    assert from_file.read().equals(from_server.read())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("select nothing from purchases", 'column "nothing" does not exist'),
        ("delete from purchases", "cannot execute DELETE in a read-only transaction"),
        ("with gone as (delete from purchases returning *) select * from gone", "read-only transaction"),
        ("select 1; select 2", "cannot insert multiple commands"),
        ("select 1 as user_id, 2 as item_id where false", "selects no rows; change query"),
    ],
)
def test_postgres_says_in_a_sentence_what_is_wrong_and_is_not_changed(text, words, postgres, tmp_path):
    with pytest.raises(UserError) as told:
        query(text, tmp_path, connection=postgres.known).read()
    assert words in str(told.value)
    assert PASSWORD not in str(told.value)
    assert (
        len(
            query(
                "select customer as user_id, sku as item_id from purchases", tmp_path, connection=postgres.known
            ).read()
        )
        == 240
    )


def test_what_cannot_be_reached_is_told_without_the_password(tmp_path):
    pytest.importorskip("adbc_driver_postgresql")
    for address in (f"postgresql://shop:{PASSWORD}@127.0.0.1:1/x", f"postgresql://shop:a {PASSWORD}@127.0.0.1:1:2/x"):
        with pytest.raises(UserError) as told:
            query("select 1", tmp_path, connection=address).read()
        assert "does not answer the query" in str(told.value)
        assert PASSWORD not in str(told.value)


def test_credentials_are_taken_from_the_environment_and_kept_nowhere(postgres, tmp_path):
    """Screen, configuration, command, log, files of W&B: the password is in none of them, and the run can be read again."""
    address = postgres.address.replace("://", "://${oc.env:SHOP_USER}:${oc.env:SHOP_PASSWORD}@")
    settings = ["data=query", f"data.query={QUERY}", *SETTINGS, "model=popularity", "baselines=none"]
    settings += ["data.items_query=select sku as item_id, title from goods", "hydra.run.dir=run"]
    known = {"SHOP_USER": "shop", "SHOP_PASSWORD": PASSWORD, "WANDB_MODE": "offline"}
    done = run("train", *settings, f"data.connection='{address}'", cwd=tmp_path, **known)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"config.yaml", "composed.yaml", "command.yaml", "events.log"} <= {path.name for path in files}
    assert any(path.suffix == ".wandb" for path in files)
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]
    assert PASSWORD not in done.stdout + done.stderr
    assert "://***@127.0.0.1" in (tmp_path / "run" / "config.yaml").read_text()

    with pytest.raises(UserError, match="was kept without its credentials; set data.connection again"):
        call("recommend", tmp_path / "lists", f"run={tmp_path}/run", "top_k=2", "num_shown=0")
    again = [f"run={tmp_path}/run", f"data.connection={postgres.known}", "top_k=2", "num_shown=0"]
    lists = pl.read_parquet(call("recommend", tmp_path / "lists", *again) / "recommendations.parquet")
    assert lists["user_id"].n_unique() == 40
    assert lists["title"].str.starts_with("good ").all()


def test_credentials_of_the_client_library_are_used(postgres, tmp_path, monkeypatch):
    monkeypatch.setenv("PGUSER", "shop")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert len(query(QUERY, tmp_path, connection=postgres.address, **COLUMNS).read()) == 240


def test_a_password_on_the_command_line_is_refused_before_anything_is_written(tmp_path):
    address = f"postgresql://shop:{PASSWORD}@127.0.0.1/x"
    done = run("prepare", "data=query", "data.query='select 1'", f"data.connection={address}", cwd=tmp_path, status=1)
    assert "data.connection is postgresql://***@127.0.0.1/x, whose credentials would be kept" in error_of(done)
    assert PASSWORD not in done.stderr + done.stdout
    assert not list(tmp_path.rglob("*"))


@pytest.mark.parametrize(
    ("connection", "words"),
    [
        ("mysql://me:secret@host/shop", "connection=mysql://***@host/shop is no database that is read"),
        ("absent.duckdb", "set connection to postgresql://host:port/database, to an existing file of DuckDB"),
        ("postgresql://***@host/shop", "was kept without its credentials"),
    ],
)
def test_what_is_no_database_is_refused(connection, words):
    with pytest.raises(UserError) as told:
        check_connection(connection)
    assert words in str(told.value)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("copy (select 1) to 'out.csv'", "is not one SELECT"),
        ("select 1; select 2", "is not one SELECT"),
        ("install httpfs", "is not one SELECT"),
        ("attach 'other.duckdb'", "is not one SELECT"),
        ("select * from 'absent.parquet'", "No files found"),
        ("select * from 'https://127.0.0.1/log.parquet'", "requires the extension httpfs"),
    ],
)
def test_duckdb_selects_and_does_nothing_else(text, words, tmp_path, monkeypatch):
    pytest.importorskip("duckdb")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as told:
        write_result(text, None, tmp_path / "answer.parquet")
    assert words in str(told.value)
    assert not [path for path in tmp_path.iterdir() if path.name != "answer.parquet"]


def test_a_file_of_duckdb_is_read_and_not_changed(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as session:
        session.execute(
            "create table log as select 'u' as user_id, 7::hugeint as item_id, date '2023-01-31' as timestamp"
        )
    before = (tmp_path / "shop.duckdb").read_bytes()
    source = query("select * from log", tmp_path, connection=str(tmp_path / "shop.duckdb"))
    assert source.read().rows() == [("u", "7", 1_675_123_200)]
    assert (tmp_path / "shop.duckdb").read_bytes() == before


@pytest.mark.parametrize(
    ("package", "connection"), [("duckdb", None), ("adbc_driver_postgresql.dbapi", "postgresql://host/x")]
)
def test_a_package_that_is_not_there_is_named(package, connection, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        UserError,
        match=rf"needs {package.partition('.')[0]}, which is not installed; run pip install 'seqmine\[query\]'",
    ):
        write_result("select 1", connection, tmp_path / "answer.parquet")
