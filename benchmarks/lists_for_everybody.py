"""Users a second and peak memory of ``recommend``, with one process and with two, and killed at half and run again.

    python benchmarks/lists_for_everybody.py <folder> <Beauty file, a user a line> --users 200000

A SASRec of width 64 that two batches trained scores the 12,101 items of Beauty; histories are those of the file, given
to new users over and over. Prints one line a measurement; memory is the sum over the processes of their private and
shared pages, sampled ten times a second.
"""

import argparse
import gzip
import os
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


def measure(arguments: list[str], until: Path | None = None, parts: int = 0) -> tuple[float, float]:
    """Run ``recommend`` and return seconds and peak MiB; kill it when a folder has so many parts, if one is named."""
    command = [sys.executable, "-m", "seqmine.recommend", *arguments]
    start, peak = time.perf_counter(), 0.0
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, memory_mib(process.pid))
        if until is not None and len(list(until.glob("part-*"))) >= parts:
            process.send_signal(signal.SIGKILL)
        time.sleep(0.1)
    return time.perf_counter() - start, peak


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
    found = {}
    for devices in (1, 2):
        output = folder / f"lists_{devices}.parquet"
        seconds, peak = measure([*settings, f"trainer.devices={devices}", f"output={output}"])
        print(
            f"{devices} processes: {seconds:.0f} s, {num_users / seconds:,.0f} users/s, peak {peak:,.0f} MiB, "
            f"load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
        found[devices] = pl.read_parquet(output)
    output = folder / "killed.parquet"
    again = [*settings, "trainer.devices=2", f"output={output}"]
    first, _ = measure(again, folder / ".killed.parquet.parts", parts=num_users // 8192 // 2)
    second, _ = measure(again)
    print(f"killed after {first:.0f} s with half of the parts, finished in {second:.0f} s more", flush=True)
    same = found[1].equals(found[2]) and found[1].equals(pl.read_parquet(output))
    print(f"rows of one process, of two, and of the killed one are the same: {same}")


if __name__ == "__main__":
    main()
