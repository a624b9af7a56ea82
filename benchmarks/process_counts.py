"""Evaluate one run on 1, 2, 3, 4 processes or GPUs, and tell the largest difference of any number.

python -m benchmarks.process_counts [--devices 1,2,3,4] [--accelerator gpu] [--users 61]

Without accelerator the processes talk over gloo on the CPU; ``gpu`` takes NCCL, and the script says so and ends with
status 0 where fewer than two GPUs are. Histories have 4 to 40 events, and the second log has four users, one
for each process, whom one batch holds, so that all processes but the first have nobody.
"""

import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

_BAR = 1e-9
_SETTINGS = [
    "data=sequences", "logger=none", "model=sasrec", "model.embedding_dim=16", "data.max_length=16",
    "data.batch_size=8", "data.eval_batch_size=8", "trainer.max_epochs=2",
    "~callbacks.progress_bar", "trainer.enable_progress_bar=false",
]  # fmt: skip


def main() -> None:
    """Print a line a log and number of processes."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--devices", default="1,2,3,4")
    options.add_argument("--accelerator", default="cpu", choices=["cpu", "gpu"])
    options.add_argument("--users", type=int, default=61)
    asked = options.parse_args()
    counts = [int(count) for count in asked.devices.split(",")]
    if asked.accelerator == "gpu":
        here = torch.cuda.device_count()
        counts = [count for count in counts if count <= here]
        if len(counts) < 2:
            print(f"skipped: {here} GPUs are here, and NCCL between processes needs two")
            return
    worst = 0.0
    with tempfile.TemporaryDirectory() as name:
        for users in dict.fromkeys((asked.users, 4)):
            folder = Path(name) / str(users)
            folder.mkdir()
            log, place = write_log(folder / "log.txt", users), [f"paths.store={folder / 'store'}"]
            accelerator = f"trainer.accelerator={asked.accelerator}"
            run("train", [*_SETTINGS, f"data.path={log}", *place, accelerator], folder / "run")
            first: dict[str, float] = {}
            for count in counts:
                run("evaluate", [f"run={folder / 'run'}", accelerator, f"trainer.devices={count}"], folder / str(count))
                found = numbers(folder / str(count))
                first = first or found
                where, difference = largest_difference(first, found)
                worst = max(worst, difference)
                print(
                    f"{users} users, {count} processes: {len(found)} numbers, {difference:.1e} in {where}", flush=True
                )
    print(f"largest difference {worst:.1e}, bar {_BAR:.0e}")
    sys.exit(int(worst > _BAR))


def write_log(path: Path, users: int) -> Path:
    """Write a log of uneven users whose items follow each other."""
    draw, rows = random.Random(1), []
    for user in range(users):
        start, length = draw.randint(0, 29), draw.randint(4, 40)
        rows.append(" ".join([f"u{user}", *(f"i{(start + step) % 30}" for step in range(length))]))
    path.write_text("\n".join(rows) + "\n")
    return path


def run(program: str, arguments: list[str], folder: Path) -> None:
    """Run a program into a folder."""
    command = [sys.executable, "-m", f"seqmine.{program}", *arguments, f"hydra.run.dir={folder}"]
    done = subprocess.run(
        command,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")


def numbers(folder: Path) -> dict[str, float]:
    """Return what was measured, without times."""
    found = json.loads((folder / "metrics.json").read_text())
    left_out = ("time/", "memory/")
    return {
        name: value for name, value in found.items() if isinstance(value, int | float) and not name.startswith(left_out)
    }


def largest_difference(one: dict[str, float], other: dict[str, float]) -> tuple[str, float]:
    """Return the number that differs most, and by how much; what one of both lacks differs without bound.

    >>> largest_difference({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 2.5})
    ('b', 0.5)
    """

    def difference(name: str) -> float:
        if name not in one or name not in other:
            return math.inf
        both = math.isnan(one[name]) and math.isnan(other[name])
        return 0.0 if both else abs(one[name] - other[name])

    where = max({**one, **other}, key=difference)
    return where, difference(where)


if __name__ == "__main__":
    main()
