"""Kill trainings at random moments, let them go on, and compare with one that was never killed, bit for bit.

python -m benchmarks.kills --kills 30 --models sasrec,gru [--optimizers adamw,sgd] [--devices 2] [--signal SIGTERM]

Models take the optimizers in turn. Each training is killed after a random share of its time, and started again with
``resume=auto``, up to three kills; then weights, optimizer, metrics and ranks are compared with the whole run. A
training on one device is forked from this process, which has imported what takes most of a start; others are started by
their command line.
"""

import argparse
import importlib
import itertools
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import torch

_LOADED = (
    "lightning",
    "matplotlib.pyplot",
    "numba",
    "polars",
    "scipy.stats",
    "seqmine.app.fit",
    "seqmine.reporting.run_table",
)
SETTINGS = [
    "data=sequences", "trainer=cpu", "logger=none", "baselines=none", "data.max_length=8", "data.batch_size=8",
    "model.embedding_dim=16", "trainer.max_epochs=4",
    "callbacks.last_checkpoint.every_n_train_steps=3",
    "~callbacks.progress_bar", "trainer.enable_progress_bar=false", "trainer.enable_model_summary=false",
]  # fmt: skip


def main() -> None:
    """Print how many trainings were killed, went on, and ended equal, per model."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=30)
    options.add_argument("--models", default="sasrec,gru")
    options.add_argument("--optimizers", default="adamw")
    options.add_argument("--devices", type=int, default=1)
    options.add_argument("--signal", default="SIGKILL")
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    draw = random.Random(asked.seed)
    os.environ["OMP_NUM_THREADS"] = "1"
    for module in _LOADED:
        importlib.import_module(module)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = write_log(folder / "log.txt", draw)
        models = asked.models.split(",")
        for model, optimizer in zip(models, itertools.cycle(asked.optimizers.split(","))):
            arguments = [
                *SETTINGS, f"data.path={log}", f"model={model}", f"trainer.devices={asked.devices}",
                f"optimizer={optimizer}",
            ]  # fmt: skip
            start = time.monotonic()
            status = run(arguments, asked.devices, folder / model)
            seconds = time.monotonic() - start
            assert status == 0, f"the whole run of {model} ended with {status}"
            outcomes: Counter[str] = Counter()
            moments: Counter[str] = Counter()
            kills = 0
            while kills < asked.kills // len(models):
                target = folder / "killed"
                shutil.rmtree(target, ignore_errors=True)
                statuses = []
                for _ in range(draw.randint(1, 3)):
                    statuses.append(run(arguments, asked.devices, target, draw.uniform(0.1, 1) * seconds, asked.signal))
                    moments[moment_of(target)] += statuses[-1] != 0
                kills += len([status for status in statuses if status])
                ended = run(arguments, asked.devices, target)
                outcomes[compare(folder / model, target) if ended == 0 else f"ended with {ended}"] += 1
                print(model, statuses, dict(outcomes), flush=True)
            print(f"{model}, {optimizer}: {kills} kills, {dict(outcomes)}, killed {dict(moments)}", flush=True)


def write_log(path: Path, draw: random.Random) -> Path:
    """Write a log of 300 users whose items follow each other."""
    rows = []
    for user in range(300):
        start, length = draw.randint(1, 30), draw.randint(4, 12)
        rows.append(" ".join([f"u{user}", *(f"i{(start + step) % 30}" for step in range(length))]))
    path.write_text("\n".join(rows) + "\n")
    return path


def run(
    arguments: list[str], devices: int, folder: Path, seconds: float | None = None, name: str = "SIGKILL"
) -> int | None:
    """Run a training, send it a signal after some seconds, and return its status."""
    arguments = [*arguments, f"hydra.run.dir={folder}", "resume=auto"]
    if devices == 1:
        forked = multiprocessing.get_context("fork").Process(target=_become, args=(arguments, folder.parent))
        forked.start()
        forked.join(seconds)
        if forked.is_alive():
            os.kill(int(forked.pid or 0), getattr(signal, name))
            forked.join()
        return forked.exitcode
    command = [sys.executable, "-m", "seqmine.train", *arguments]
    with (folder.parent / "output.txt").open("a") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder.parent)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(getattr(signal, name))
            return process.wait()


def _become(arguments: list[str], folder: Path) -> None:
    """Turn this process into a training."""
    output = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(folder)
    sys.argv = ["train", *arguments]
    importlib.import_module("seqmine.train").main()


def moment_of(folder: Path) -> str:
    """Tell what a killed run had on disk."""
    last = folder / "checkpoints" / "last.ckpt"
    if (folder / "metrics.json").is_file():
        return "after its results"
    if not last.is_file():
        return "before its first save"
    within = any(torch.load(last, weights_only=True)["epoch_means"])
    return "after a save within an epoch" if within else "after a save between epochs"


def compare(whole: Path, other: Path) -> str:
    """Return ``equal``, or what differs first."""
    first, second = results(whole), results(other)
    return next((name for name in first if not _same(first[name], second[name])), "equal")


def results(folder: Path) -> dict[str, Any]:
    """Return what a run has learned and measured, without times."""
    last = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    best = torch.load(folder / "checkpoints" / "best.ckpt", weights_only=True)
    metrics = json.loads((folder / "metrics.json").read_text())
    return {
        "weights": last["state_dict"],
        "optimizer": last["optimizer_states"],
        "schedule": last["lr_schedulers"],
        "best weights": best["state_dict"],
        "step": last["global_step"],
        "metrics": {name: value for name, value in metrics.items() if not name.startswith(("time/", "memory/"))},
        "per_user": (folder / "per_user.parquet").read_bytes(),
    }


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other) or (one != one and other != other)


if __name__ == "__main__":
    main()
