"""Cost of training against the size of the catalog: 10,000, 100,000 and 1,000,000 items, on 200,000 events.

    python benchmarks/catalog_size.py
Transformer of 2 layers and size 64, batch of 128 histories of 20 events, one epoch, a process for each row. Sampled
softmax has 3,000 shared negatives; ``lazy_adamw`` leaves the items alone that a batch does not touch. A full
cross-entropy over a million items trains on the first 8 of 79 batches. Prints seconds, microseconds an event, and the
largest resident size of the process.
"""

import json
import subprocess
import sys

ROWS = [
    (loss, optimizer, num_items)
    for loss, optimizer in (("sampled_softmax", "adamw"), ("sampled_softmax", "lazy_adamw"), ("cross_entropy", "adamw"))
    for num_items in (10_000, 100_000, 1_000_000)
]
NUM_USERS, LENGTH = 10_000, 21


def main() -> None:
    """Train each row in a process of its own, or the one that is named."""
    if len(sys.argv) > 1:
        print(json.dumps(train(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
        return
    for row in ROWS:
        done = subprocess.run([sys.executable, __file__, *map(str, row)], capture_output=True, text=True, check=True)
        print(done.stdout.splitlines()[-1], flush=True)


def train(loss: str, optimizer: str, num_items: int) -> dict[str, float | str]:
    """Train one epoch on random histories."""
    import numpy as np
    import torch
    from hydra import compose, initialize_config_dir
    from lightning import Trainer, seed_everything
    from torch.utils.data import DataLoader

    from seqmine.data.batching import Batching, TrainingBatches
    from seqmine.data.collate import NextItemCollate
    from seqmine.data.windows import LatestWindow
    from seqmine.runs.components import CONF_DIR, build
    from seqmine.structs import Catalog, InteractionLog
    from seqmine.training.allocator import KeepFreedMemory
    from seqmine.training.clock import Clock

    seed_everything(0, verbose=False)
    random = np.random.default_rng(0)
    items = random.integers(1, num_items + 1, NUM_USERS * LENGTH).astype(np.int32)
    log = InteractionLog(items, np.arange(NUM_USERS + 1) * LENGTH)
    counts = torch.bincount(torch.from_numpy(items), minlength=num_items + 1)
    catalog = Catalog([str(item) for item in range(1, num_items + 1)], counts)
    overrides = [f"model/loss={loss}", f"optimizer={optimizer}", "data.max_length=20", "run_name=x", "paths.run=x"]
    with initialize_config_dir(str(CONF_DIR), version_base=None):
        config = compose("train", overrides=overrides)
    module = build(config.model, [])(catalog=catalog)
    batches = TrainingBatches(
        log=log, collate=NextItemCollate(log=log, train_stops=log.lengths), train_stops=log.lengths,
        windows=LatestWindow(), max_length=20, batching=Batching(batch_size=128),
        seed=0, rank=0, world_size=1, progress=lambda: (0, 0),
    )  # fmt: skip
    clock = Clock()
    num_batches = 8 if loss == "cross_entropy" and num_items > 100_000 else len(batches)
    trainer = Trainer(
        max_epochs=1, limit_train_batches=num_batches, accelerator="cpu", callbacks=[KeepFreedMemory(), clock],
        logger=False, gradient_clip_val=5.0,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(module, DataLoader(batches, batch_size=None))
    seconds = clock.results["time/train_epoch_s"]
    return {
        "loss": loss,
        "optimizer": optimizer,
        "num_items": num_items,
        "seconds": round(seconds, 2),
        "us_per_event": round(1e6 / clock.throughput["throughput/events_per_second"][0], 1),
        "peak_mib": round(clock.results["memory/peak_mib"]),
    }


if __name__ == "__main__":
    main()
