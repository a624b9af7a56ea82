"""Prepare a large log and start training on it: seconds and peak memory at several sizes.

    python benchmarks/large_log.py --folder /tmp/large --events 1e6 1e7 1e8

For each size a log of Parquet parts is written (events in order of time, users and items in proportion: 5 million and 1
million at 100 million events, three behaviors, some double clicks and machines), cleaned with data/cleaning=standard,
split and stored by the program, and opened again up to the first training batch. Peaks are the most that a process
held, files that it mapped included; the memory of the first batch is what it adds to the imports.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import polars as pl

PART_EVENTS = 2_000_000
START, PERIOD = 1_700_000_000, 90 * 86_400
BEHAVIORS = pl.Enum(["view", "cart", "buy"])
FIRST_BATCH = """
import resource, sys, time
from hydra import compose, initialize_config_dir
from seqmine.runs.components import CONF_DIR, build
import seqmine.data.datamodule

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
    config = compose("prepare", sys.argv[1:])
before, start = peak(), time.perf_counter()
batch = next(iter(build(config.data.module, []).train_dataloader()))
print(time.perf_counter() - start, peak() - before)
"""


def write_log(folder: Path, num_events: int, seed: int = 1) -> None:
    """Write a log in parts; only one part is in memory."""
    folder.mkdir(parents=True)
    num_users, num_items = num_events // 20, max(num_events // 100, 1000)
    for number, start in enumerate(range(0, num_events, PART_EVENTS)):
        count = min(PART_EVENTS, num_events - start)
        generator = np.random.default_rng((seed, number))
        part = draw_events(count, num_users, num_items, generator)
        share = PERIOD * count / num_events
        times = START + PERIOD * start / num_events + np.sort(generator.random(count)) * share
        part = part.with_columns(timestamp=pl.Series(times.astype(np.int64)))
        part.write_parquet(folder / f"part-{number:04d}.parquet")


def draw_events(count: int, num_users: int, num_items: int, generator: np.random.Generator) -> pl.DataFrame:
    """Draw events of one stretch of time: few users and items are busy; every fiftieth event is a second click."""
    users = (num_users * generator.random(count) ** 1.3).astype(np.int64)
    items = (num_items * generator.random(count) ** 3).astype(np.int64)
    kinds = np.searchsorted([0.8, 0.95], generator.random(count)).astype(np.uint8)
    double = np.flatnonzero(generator.random(count) < 0.02)[1:]
    for column in (users, items, kinds):
        column[double] = column[double - 1]
    machines = generator.integers(0, count - 200, max(count // 100_000, 1))
    for row in machines:
        users[row : row + 200] = users[row]
    # numbers of busy users and items are spread, so that names tell nothing
    names = {"user_id": users * 7919 % num_users, "item_id": items * 7919 % num_items}
    frame = pl.DataFrame({**names, "behavior": pl.Series(kinds).cat.to(BEHAVIORS)})
    return frame.select(
        pl.format("u{}", "user_id").alias("user_id"), pl.format("i{}", "item_id").alias("item_id"), "behavior"
    )


def watch(process: subprocess.Popen, peak: list[float]) -> None:
    """Note the most memory that a process held, in MiB."""
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        try:
            lines = status.read_text().splitlines()
        except OSError:
            return
        peak[0] = max([peak[0], *(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))])
        time.sleep(0.05)


def measure(command: list[str], folder: Path) -> tuple[float, float, float, str]:
    """Run a command; return its seconds, those of the processor, its peak memory in MiB and what it printed."""
    peak, start = [0.0], time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    watcher = threading.Thread(target=watch, args=(process, peak))
    watcher.start()
    output, errors = process.communicate()
    watcher.join()
    if process.returncode:
        sys.exit(errors[-3000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, spent, peak[0], output


def run(num_events: int, folder: Path, options: list[str]) -> None:
    """Print one row of the table."""
    log = folder / f"events-{num_events}"
    if not log.exists():
        write_log(log, num_events)
    settings = [
        "data=interactions",
        f"data.path={log}",
        "data/cleaning=standard",
        f"paths.store={folder}/store",
        *options,
    ]
    shutil.rmtree(folder / "store", ignore_errors=True)
    command = [sys.executable, "-m", "seqmine.prepare", *settings, f"hydra.run.dir={folder}/run-{num_events}"]
    seconds, spent, peak, output = measure(command, folder)
    print(output.rstrip())
    _, _, _, output = measure([sys.executable, "-c", FIRST_BATCH, *settings], folder)
    batch_seconds, batch_peak = map(float, output.split()[-2:])
    print(f"{num_events:>12,} events: prepared in {seconds:.1f} s, {spent:.1f} s of the processor", end="")
    print(f" ({num_events / seconds:,.0f} and {num_events / spent:,.0f} events/s), peak {peak:.0f} MiB")
    print(f"{'':>12}         first batch after {batch_seconds:5.2f} s, {batch_peak:5.0f} MiB", flush=True)


def main() -> None:
    """Measure every size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="for logs and stores")
    parser.add_argument("--events", type=float, nargs="+", default=[1e6, 1e7])
    parser.add_argument("options", nargs="*", help="further settings of seqmine.prepare")
    options = parser.parse_args()
    for num_events in map(int, options.events):
        run(num_events, options.folder.absolute(), options.options)


if __name__ == "__main__":
    main()
