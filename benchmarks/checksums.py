"""What checksums and syncs cost: of a store when it is written and each time it is opened, and of a checkpoint.

python -m benchmarks.checksums [--events 100000000] [--parameters 10000000]

Seconds are those of the processor, so that other work on the machine counts little; those of the clock are told beside.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from seqmine.data.checksums import damaged_file, sealed
from seqmine.structs.files import sync
from seqmine.training.checkpoint_io import AtomicCheckpointIO


def main() -> None:
    """Print a line a step."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=100_000_000)
    options.add_argument("--parameters", type=int, default=10_000_000)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "store"
        folder.mkdir()
        timed("arrays of the store written", lambda: write_arrays(folder, asked.events))
        size = sum(path.stat().st_size for path in folder.iterdir())
        print(f"{asked.events:,} events in {size / 1e6:,.0f} MB")
        timed("synced", lambda: [sync(path) for path in folder.iterdir()])
        description = timed("checksums taken", lambda: sealed({}, folder))
        (folder / "description.json").write_text(json.dumps(description))
        assert timed("checked, as at each opening", lambda: damaged_file(folder)) is None
        state = {"state_dict": {"weight": torch.zeros(3 * asked.parameters)}}
        with (Path(name) / "plain.ckpt").open("wb") as file:
            timed(f"checkpoint of {asked.parameters:,} parameters, plain", lambda: torch.save(state, file))
        timed(
            "the same, synced and renamed", lambda: AtomicCheckpointIO().save_checkpoint(state, Path(name) / "a.ckpt")
        )


def write_arrays(folder: Path, events: int) -> None:
    """Write items and times of a log of 100 events a user."""
    draw = np.random.default_rng(0)
    np.save(folder / "items.npy", draw.integers(1, 100_000, events, dtype=np.int32))
    np.save(folder / "timestamps.npy", np.arange(events, dtype=np.int64))
    np.save(folder / "offsets.npy", np.arange(0, events + 1, 100, dtype=np.int64))


def timed(what: str, work: Callable[[], object]) -> object:
    """Print the seconds of the processor and of the clock that something takes; return what it returns."""
    start, processor = time.perf_counter(), time.process_time()
    result = work()
    print(
        f"{what}: {time.process_time() - processor:.2f} s of processor, {time.perf_counter() - start:.2f} s", flush=True
    )
    return result


if __name__ == "__main__":
    main()
