"""Seconds and peak memory of ``prepare`` for the same events from Postgres and from a Parquet file.

    python benchmarks/databases.py <folder> postgresql://user@127.0.0.1:5432/postgres --events 10000000

Makes a table ``benchmark_events`` of 100,000 users and 20,000 items in the database, which must exist, and the same
rows as Parquet. The memory is that of ``prepare``, not that of the server, which keeps to its own settings.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import adbc_driver_postgresql.dbapi as driver
import numpy as np
import polars as pl

QUERY = "select user_id, item_id, timestamp from benchmark_events"


def events(number: int) -> pl.DataFrame:
    random = np.random.default_rng(0)
    items = (random.pareto(1.2, number) * 200).astype(np.int64) % 20_000
    times = np.sort(random.integers(1_600_000_000, 1_700_000_000, number))
    users = random.integers(0, 100_000, number)
    return pl.DataFrame({"user_id": users, "item_id": items, "timestamp": pl.from_epoch(pl.Series(times), "s")})


def measure(folder: Path, *settings: str) -> dict[str, float]:
    """Run ``prepare`` and return its seconds and peak MiB."""
    before = time.perf_counter()
    command = [
        sys.executable,
        "-m",
        "seqmine.prepare",
        *settings,
        f"hydra.run.dir={folder}",
        f"paths.store={folder}/store",
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=(folder.parent / f"{folder.name}.log").open("w")
    )
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, (folder.parent / f"{folder.name}.log").read_text()
    return {
        "seconds": time.perf_counter() - before,
        "processor": used.ru_utime + used.ru_stime,
        "MiB": used.ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("connection")
    parser.add_argument("--events", type=int, default=10_000_000)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True)
    table = events(asked.events)
    table.write_parquet(asked.folder / "events.parquet")
    with driver.connect(asked.connection) as session, session.cursor() as cursor:
        cursor.execute("drop table if exists benchmark_events")
        cursor.adbc_ingest("benchmark_events", table.to_arrow(), mode="create")
        session.commit()
    del table
    print(f"{asked.events:,} events, load {os.getloadavg()[0]:.1f} at the start, {os.cpu_count()} cores", flush=True)
    parquet = measure(asked.folder / "parquet", "data=interactions", f"data.path={asked.folder}/events.parquet")
    print("Parquet", json.dumps(parquet), flush=True)
    query = measure(asked.folder / "query", "data=query", f"data.query={QUERY}", f"data.connection={asked.connection}")
    print("Postgres", json.dumps(query), f"load {os.getloadavg()[0]:.1f}", flush=True)
    arrays = [sorted((asked.folder / name / "store").glob("*/items.npy")) for name in ("parquet", "query")]
    same = all(np.array_equal(np.load(one), np.load(other)) for one, other in zip(*arrays, strict=True))
    print(f"the stores hold the same: {same}")


if __name__ == "__main__":
    main()
