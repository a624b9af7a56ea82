"""Time a training epoch, a full-ranking evaluation and peak memory beside RecTools and RePlay, alternating in one run.

Each peer lives in a virtual environment of its own, made on first use:
    python benchmarks/peers.py --environments /tmp/peers --beauty beauty.txt.gz --movielens ml-1m.txt.gz --rounds 2
All train the same SASRec (2 layers, size 64, 1 head, dropout .2, batch 128) for one epoch on the same file, in
processes of their own, one after the other, with as many threads as torch takes by itself. RecTools also trains on the
validation event, so an epoch is compared by its targets a second. Evaluation is RePlay's validation, ours, and the
recommend of RecTools, by users a second. Memory is the largest resident size of the process, reading included. Writes
one JSON file.
"""

import argparse
import csv
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PEERS = {
    "rectools": "rectools[torch]==0.19.0",
    "replay": "replay-rec[torch]==0.22.0",
}
TASKS = {  # file, longest history, loss
    "beauty": ("beauty", 50, "cross_entropy"),
    "ml-1m": ("movielens", 200, "cross_entropy"),
    "beauty sampled": ("beauty", 50, "sampled_softmax"),
}


def main() -> None:
    """Run every task in rounds and print a table of ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environments", type=Path, required=True)
    parser.add_argument("--beauty", required=True)
    parser.add_argument("--movielens", required=True)
    parser.add_argument("--tasks", nargs="+", default=list(TASKS))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--shared-negatives", type=int, default=3000)
    parser.add_argument("--output", type=Path, default=HERE / "peers.json")
    args = parser.parse_args()
    for name, package in PEERS.items():
        install(args.environments / name, package)
    found = json.loads(args.output.read_text()) if args.output.exists() else []
    for task in args.tasks:
        for number in range(args.rounds):
            for result in one_round(args, task):
                found.append({"task": task, "round": number, **result})
                print(json.dumps(found[-1]), flush=True)
                args.output.write_text(json.dumps(found, indent=1))
    print_table(found)


def install(folder: Path, package: str) -> None:
    """Make the virtual environment of a peer, unless it is there."""
    if not folder.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "-q", "torch>=2.6,<2.14", package], check=True)


def one_round(args: argparse.Namespace, task: str) -> list[dict[str, Any]]:
    """Run ours and the peers once on a task."""
    file, length, loss = TASKS[task]
    path = str(Path(getattr(args, file)).resolve())
    results = [ours(path, length, loss, args.shared_negatives)]
    layout = "user-per-line" if file == "beauty" else "event-per-line"
    options = ["--data", path, "--layout", layout, "--max-length", str(length)]
    rectools = ["--loss", {"cross_entropy": "softmax"}.get(loss, loss)]
    results.append(peer("rectools", args, [*options, *rectools], length, left_out=1))
    if loss == "cross_entropy":
        results.append(peer("replay", args, options, length, left_out=2))
    return results


def ours(path: str, length: int, loss: str, negatives: int) -> dict[str, Any]:
    """Train one epoch with the command that a user types."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "seqmine.train", "data=sequences", f"data.path={path}", "model=sasrec"]
        command += [f"model/loss={loss}", f"data.max_length={length}", "data.batch_size=128", "trainer.max_epochs=1"]
        command += ["optimizer.lr=1e-3", "baselines=none", "logger=csv", f"hydra.run.dir={folder}/run"]
        command += [f"paths.store={folder}/store", "trainer.limit_test_batches=1"]
        command += [f"model.loss.num_negatives={negatives}"] if loss == "sampled_softmax" else []
        _, seconds, peak = measure(command, folder)
        metrics = json.loads(Path(folder, "run", "metrics.json").read_text())
        with next(Path(folder, "run", "csv").rglob("metrics.csv")).open() as rows:
            mfu = next(float(row["throughput/mfu"]) for row in csv.DictReader(rows) if row["throughput/mfu"])
    users, targets = sizes(path, length, left_out=2)
    return {
        "name": "seqmine",
        "epoch_s": metrics["time/train_epoch_s"],
        "targets_per_s": targets / metrics["time/train_epoch_s"],
        "users_per_s": users / metrics["time/validate_s"],
        "peak_mib": peak,
        "process_s": seconds,
        "mfu": mfu,
    }


def peer(name: str, args: argparse.Namespace, options: list[str], length: int, left_out: int) -> dict[str, Any]:
    """Train one epoch of a peer."""
    command = [str(args.environments / name / "bin/python"), str((HERE / "peers" / f"{name}_sasrec.py").resolve())]
    with tempfile.TemporaryDirectory() as folder:
        output, seconds, peak = measure([*command, *options], folder)
    printed = json.loads(output.splitlines()[-1])
    users, targets = sizes(options[1], length, left_out)
    evaluation = printed["recommend_s"] if "recommend_s" in printed else min(printed["validation_s"])
    return {
        "name": name,
        "epoch_s": min(printed["train_epoch_s"]),
        "targets_per_s": targets / min(printed["train_epoch_s"]),
        "users_per_s": users / evaluation,
        "peak_mib": peak,
        "process_s": seconds,
    }


def measure(command: list[str], folder: str) -> tuple[str, float, float]:
    """Run a process; return what it printed, its seconds and its peak memory in MiB."""
    start = time.perf_counter()
    with (Path(folder) / "out").open("w+") as out, (Path(folder) / "err").open("w+") as err:
        process = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=err, env={**os.environ, "WANDB_MODE": "offline"}
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        out.seek(0)
        err.seek(0)
        if status:
            raise SystemExit(f"{' '.join(command)} failed:\n{err.read()[-2000:]}")
        return out.read(), seconds, usage.ru_maxrss / 1024


def sizes(path: str, length: int, left_out: int) -> tuple[int, int]:
    """Return the users of a file, and the targets of an epoch over the latest window of each."""
    with gzip.open(path, "rt") as lines:
        rows = [line.split() for line in lines]
    if len(rows[0]) > 2:
        events = [len(row) - 1 for row in rows]
    else:
        counts: dict[str, int] = {}
        for row in rows:
            counts[row[0]] = counts.get(row[0], 0) + 1
        events = list(counts.values())
    return len(events), sum(min(count - left_out - 1, length) for count in events)


def print_table(found: list[dict[str, Any]]) -> None:
    """Print the best of each, its spread, and the ratios to ours."""
    for task in dict.fromkeys(row["task"] for row in found):
        rows = [row for row in found if row["task"] == task]
        best = {
            name: _best([row for row in rows if row["name"] == name]) for name in dict.fromkeys(r["name"] for r in rows)
        }
        for name, row in best.items():
            ratios = {
                "epoch": best["seqmine"]["targets_per_s"] / row["targets_per_s"],
                "evaluation": best["seqmine"]["users_per_s"] / row["users_per_s"],
                "memory": row["peak_mib"] / best["seqmine"]["peak_mib"],
            }
            print(f"{task:15s} {name:9s} {row} " + " ".join(f"{key} {value:.2f}x" for key, value in ratios.items()))


def _best(rows: list[dict[str, Any]]) -> dict[str, float]:
    epochs = [row["epoch_s"] for row in rows]
    spread = (max(epochs) - min(epochs)) / statistics.mean(epochs)
    return {
        "epoch_s": min(epochs),
        "spread": spread,
        "targets_per_s": max(row["targets_per_s"] for row in rows),
        "users_per_s": max(row["users_per_s"] for row in rows),
        "peak_mib": min(row["peak_mib"] for row in rows),
    }


if __name__ == "__main__":
    main()
