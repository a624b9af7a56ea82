"""Users a second and memory of ``recommend``: one process, two that are killed at half and run again, and two.

    python benchmarks/lists_for_everybody.py <folder> <Beauty file, a user a line> --users 200000

A SASRec of width 64 that two batches trained scores the 12,101 items of Beauty; histories are those of the file, given
to new users over and over. Prints one line a measurement; memory is the sum over the processes of their private and
shared pages, sampled ten times a second; processor seconds are those of the system for all processes, without those of
a killed one, and hardly depend on what else the machine does.
"""

import argparse
import gzip
import os
import resource
import signal
import subprocess
import sys
import time
from itertools import cycle, islice
from pathlib import Path

import polars as pl

TRAIN = ["model=sasrec", "model.embedding_dim=64", "trainer=smoke", "logger=none", "baselines=none"]


def processes_of(root: int) -> list[int]:
    """Return a process and all that it started."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(words[1]), []).append(int(path.parent.name))
    found, todo = [], [root]
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], [])
    return found


def memory_mib(root: int) -> float:
    total = 0
    for process in processes_of(root):
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)
    return total / 1024


def measure(arguments: list[str], until: Path | None = None, parts: int = 0) -> tuple[float, float, float]:
    """Run ``recommend``; return seconds, processor seconds and peak MiB.

    Kill it when a folder has so many parts, if one is named.
    """
    command = [sys.executable, "-m", "seqmine.recommend", *arguments]
    start, peak, spent = time.perf_counter(), 0.0, resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, memory_mib(process.pid))
        if until is not None and len(list(until.glob("part-*"))) >= parts:
            process.send_signal(signal.SIGKILL)
        time.sleep(0.1)
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - start, now.ru_utime + now.ru_stime - spent.ru_utime - spent.ru_stime, peak


def tell(name: str, users: float, measured: tuple[float, float, float]) -> None:
    seconds, spent, peak = measured
    print(
        f"{name}: {seconds:.0f} s, {users / seconds:,.0f} users/s; {spent:.0f} s of processor, "
        f"{users / spent:,.0f} users/s of processor; peak {peak:,.0f} MiB, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def are_same(one: Path, other: Path) -> bool:
    return pl.read_parquet(one).equals(pl.read_parquet(other))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("--users", type=int, default=200_000)
    asked = parser.parse_args()
    folder, num_users = asked.folder, asked.users
    folder.mkdir(parents=True, exist_ok=True)
    run = folder / "run"
    if not run.exists():
        train = [sys.executable, "-m", "seqmine.train", *TRAIN, "data=sequences", f"data.path={asked.log.resolve()}"]
        subprocess.run([*train, f"hydra.run.dir={run}"], check=True, capture_output=True)
    lines = gzip.decompress(asked.log.read_bytes()).decode().splitlines()
    histories = pl.DataFrame({"item_id": [line.split()[1:] for line in islice(cycle(lines), num_users)]})
    everybody = histories.with_row_index("user_id").explode("item_id")
    everybody.with_columns(pl.col("user_id").cast(pl.String)).write_parquet(folder / "input.parquet")
    settings = [f"run={run}", f"input={folder / 'input.parquet'}", "users_per_file=1_000_000_000", "num_shown=0"]
    print(f"{num_users:,} users, load {os.getloadavg()[0]:.1f} at the start, {os.cpu_count()} cores", flush=True)
    one, two, killed = (folder / f"{name}.parquet" for name in ("one", "two", "killed"))
    tell("one process", num_users, measure([*settings, "trainer.devices=1", f"output={one}"]))
    again = [*settings, "trainer.devices=2", f"output={killed}"]
    first, *_ = measure(again, folder / ".killed.parquet.parts", parts=num_users // 8192 // 2)
    print(f"two processes, killed with half of the parts after {first:.0f} s", flush=True)
    tell("the same command again, the other half", num_users / 2, measure(again))
    print(f"rows of the killed one are those of one process: {are_same(one, killed)}", flush=True)
    tell("two processes", num_users, measure([*settings, "trainer.devices=2", f"output={two}"]))
    print(f"rows of two processes are those of one: {are_same(one, two)}")


if __name__ == "__main__":
    main()
