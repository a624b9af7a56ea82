"""Seconds to erase 100 users from a prepared log of a million events, and the proof that no trace of them is left.

    python -m benchmarks.erasure [--users 100] [--events 1000000]

The log is generated: 5,000 users of the same number of events, whose ids are words that nothing else contains. After
``python -m seqmine.forget`` every file below the store is searched anew for each id, byte by byte and in what Parquet
and NumPy hold, by this script, and what is left is compared with a log prepared without these users.
"""

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

_USERS, _ITEMS = 5000, 3000


def key(user: int) -> str:
    """Return an id that is no number and part of no other."""
    return "user-" + hashlib.sha256(str(user).encode()).hexdigest()[:16]


def write_log(path: Path, events: int, left_out: frozenset[str] = frozenset()) -> None:
    """Write histories as lines, without some users; the others' are the same."""
    draw, rows = np.random.default_rng(1), []
    for user in range(_USERS):
        items = 1 + np.floor(_ITEMS * draw.random(events // _USERS) ** 2).astype(int)
        if key(user) not in left_out:
            rows.append(" ".join([key(user), *map(str, items)]))
    path.write_text("\n".join(rows) + "\n")


def run(program: str, *arguments: str) -> float:
    """Run a program, and return the seconds of the processor that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", f"seqmine.{program}", *arguments]
    alone = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=alone, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def prepared(log: Path, folder: Path) -> Path:
    """Prepare a log and return the folder of its store."""
    run("prepare", "data=sequences", f"data.path={log}", f"paths.outputs={folder}", f"hydra.run.dir={folder}/prepare")
    return folder / "store"


def found_in(store: Path, ids: list[str]) -> int:
    """Count the ids that some file below a folder holds, as bytes or as values of a table."""
    told = set()
    for path in store.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            told |= {one for one in ids if one.encode() in content}
            if path.suffix == ".parquet":
                text = pl.read_parquet(path).select(pl.col(pl.String)).write_csv()
                told |= {one for one in ids if one in text}
    return len(told)


def differing(one: Path, other: Path) -> list[str]:
    """Return the tables and arrays of two stores that are not the same."""
    stores = [next(place.glob("*/description.json")).parent for place in (one, other)]
    names = {path.name for store in stores for end in ("*.npy", "*.parquet") for path in store.glob(end)}
    return sorted(name for name in names if (stores[0] / name).read_bytes() != (stores[1] / name).read_bytes())


def main() -> int:
    """Print a JSON line; the status is 0 where nothing is left and the rest is as if they had never been there."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--users", type=int, default=100)
    options.add_argument("--events", type=int, default=1_000_000)
    asked = options.parse_args()
    chosen = np.random.default_rng(2).choice(_USERS, asked.users, replace=False)
    ids = [key(int(user)) for user in chosen]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_log(folder / "log.txt", asked.events)
        store = prepared(folder / "log.txt", folder / "all")
        before = found_in(store, ids)
        (folder / "users.txt").write_text("\n".join(ids) + "\n")
        start = time.perf_counter()
        place = [f"store={store}", f"users={folder / 'users.txt'}", f"paths.outputs={folder / 'all'}"]
        processor = run("forget", *place, f"hydra.run.dir={folder}/forget")
        seconds = time.perf_counter() - start
        told = json.loads((folder / "forget" / "erasure.json").read_text())
        after = found_in(store, ids)
        write_log(folder / "rest.txt", asked.events, frozenset(ids))
        others = differing(store, prepared(folder / "rest.txt", folder / "rest"))
    [one] = told["stores"]
    row = {"users": one["users"], "of_events": asked.events, "events_erased": one["events"]}
    row |= {
        "rebuilt_s": one["seconds"],
        "program_processor_s": round(processor, 2),
        "program_clock_s": round(seconds, 2),
    }
    row |= {"ids_found_before": before, "ids_found_after": after, "files_unlike_a_log_without_them": others}
    print(json.dumps(row))
    return int(before != asked.users or after > 0 or bool(others))


if __name__ == "__main__":
    sys.exit(main())
