"""What a private epoch costs beside one without privacy: seconds of the processor, and peak memory of the process.

    python -m benchmarks.private_cost ml-1m.txt.gz beauty.txt.gz

A Transformer of one layer of 32 numbers, 50 events, batches of 1,024 users, full cross-entropy, one epoch on one core,
each training in a process of its own. With privacy each user has a pass of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lightning import Callback, LightningModule, Trainer

_SETTINGS = [
    "data=sequences", "protocol=leave_one_out", "data.max_length=50", "model.embedding_dim=32",
    "model.encoder.num_layers=1", "data.batch_size=1024", "trainer=cpu", "trainer.max_epochs=1", "baselines=none",
    "logger=none", "~callbacks.progress_bar", "trainer.enable_progress_bar=false",
    "trusted=[benchmarks.private_cost.EpochCost]",
    "+callbacks.epoch_cost._target_=benchmarks.private_cost.EpochCost",
]  # fmt: skip


class EpochCost(Callback):
    """Measure the seconds of the processor that training steps of an epoch take; ``results`` has them."""

    def __init__(self) -> None:
        self.results: dict[str, float] = {}

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Start to count."""
        self._start = time.process_time()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """End to count."""
        self.results["time/epoch_processor_s"] = time.process_time() - self._start


def main() -> None:
    """Print a JSON line a log and promise."""
    for log in map(Path, sys.argv[1:]):
        for privacy in ("none", "dp_sgd"):
            with tempfile.TemporaryDirectory() as folder:
                place = [f"data.path={log.resolve()}", f"hydra.run.dir={folder}/run", f"paths.outputs={folder}"]
                command = [sys.executable, "-m", "seqmine.train", *_SETTINGS, f"privacy={privacy}", *place]
                alone = {**os.environ, "OMP_NUM_THREADS": "1"}
                done = subprocess.run(command, env=alone, capture_output=True, text=True, check=False)
                if done.returncode:
                    sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
                found = json.loads(Path(folder, "run", "metrics.json").read_text())
            seconds, memory = found["time/epoch_processor_s"], found["memory/peak_mib"]
            row = {"log": log.name, "privacy": privacy, "epoch_processor_s": round(seconds, 1)}
            print(json.dumps(row | {"peak_mib": round(memory)}), flush=True)


if __name__ == "__main__":
    main()
