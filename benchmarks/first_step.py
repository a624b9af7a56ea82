"""Seconds and memory from a raw log of 20 million events to the end of the first training step, beside the peers.

    python benchmarks/first_step.py --environments /tmp/peers [--events 20000000]
The log is a CSV file of random events (a million users, 100,000 items, Zipf), written on first use. Each process reads
it, numbers users and items, groups the events by user in the order of time, and trains one batch of the same SASRec
(RePlay with its full cross-entropy, the others with 256 negatives) in the environments of ``benchmarks/peers.py``.
Ours also splits, looks for leaks and keeps what it prepared; a last line shows the second start, which reads that.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent.resolve()
MODEL = ["model=sasrec", "model/loss=sampled_softmax", "model.loss.num_negatives=256", "data.max_length=50"]


def main() -> None:
    """Time ours, the peers, and our second start."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environments", type=Path, required=True)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    args = parser.parse_args()
    log = args.folder / f"events-{args.events}.csv"
    if not log.exists():
        write_log(log, args.events)
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        command = [sys.executable, "-m", "seqmine.train", "data=interactions", f"data.path={log}", *MODEL]
        command += ["trainer.limit_val_batches=0", "logger=none", f"paths.store={folder}/store"]
        command += ["trusted=[first_step.FirstStep]"]
        command += ["+callbacks.first_step._target_=first_step.FirstStep", f"hydra.run.dir={folder}/run"]
        seqmine = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])}
        report("seqmine", command, folder, seqmine)
        for name in ("rectools", "replay"):
            python = str(args.environments / name / "bin/python")
            report(name, [python, str(HERE / "peers" / f"{name}_first_step.py"), str(log)], folder, dict(os.environ))
        report("seqmine, second start", command, folder, seqmine)


def write_log(path: Path, events: int) -> None:
    """Write random events in the order of time."""
    import numpy as np
    import polars as pl

    random = np.random.default_rng(0)
    items = np.minimum(random.zipf(1.3, events), 100_000)
    users = random.integers(0, max(1, events // 20), events)
    frame = pl.DataFrame({"user_id": users, "item_id": items, "timestamp": 1_600_000_000 + np.arange(events)})
    frame.write_csv(path)


def report(name: str, command: list[str], folder: str, environment: dict[str, str]) -> None:
    """Run a process until its first step is done, and print what it took."""
    start = time.perf_counter()
    with (Path(folder) / "err").open("w+") as err:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=err, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        err.seek(0)
        if os.waitstatus_to_exitcode(status) != 0:
            raise SystemExit(f"{name} failed:\n{err.read()[-2000:]}")
    print(
        json.dumps({"name": name, "seconds": round(seconds, 1), "peak_mib": round(usage.ru_maxrss / 1024)}), flush=True
    )


def __getattr__(name: str) -> type:
    """Make the callback on demand, so that this file runs without Lightning."""
    if name != "FirstStep":
        raise AttributeError(name)
    from lightning import Callback

    class FirstStep(Callback):
        """Leave the process after one step."""

        def on_train_batch_end(self, *_: object) -> None:
            os._exit(0)

    return FirstStep


if __name__ == "__main__":
    main()
