"""How far counted chances to return go without a model, by place alone and by place and behaviors.

    python -m benchmarks.returns retailrocket-behaviors.csv.gz

One JSON line for validation and one for test targets of leave one out: the share of targets that go back to an item
of their user, by the behavior of the event before, and NDCG@10 of lists that hold what a user had alone, ordered by its
chance.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import torch

from seqmine.mining.at_work.returns import ReturnRates
from seqmine.structs import InteractionLog, SequenceBatch


def read(path: Path) -> InteractionLog:
    """Read a CSV file of user_id, item_id, behavior and timestamp; equal times stay in the order of the file."""
    events = pl.read_csv(path).sort("user_id", "timestamp", maintain_order=True)
    names = events["behavior"].unique().sort().to_list()
    ends = events.group_by("user_id", maintain_order=True).len()["len"].cum_sum().to_numpy()
    items = events["item_id"].rank("dense").cast(pl.Int32).to_numpy()
    behaviors = np.searchsorted(names, events["behavior"].to_numpy()).astype(np.uint8) + 1
    return InteractionLog(items, np.append(0, ends).astype(np.int64), behaviors=behaviors, behavior_names=names)


def measure(log: InteractionLog, left_out: int) -> dict[str, object]:
    """Ask for the event that is so many from the end of each history of at least three events."""
    users = np.flatnonzero(log.lengths >= 3)
    histories = [np.arange(log.offsets[user], log.offsets[user + 1]) for user in users]
    training = np.concatenate([events[:-2] for events in histories])
    offsets = np.append(0, np.cumsum([len(events) - 2 for events in histories]))
    part = replace(log, items=log.items[training], offsets=offsets, behaviors=log.behaviors[training])
    ways = {"place": replace(part, behaviors=None), "place and behaviors": part}
    gains: dict[str, list[float]] = {name: [] for name in ways}
    back: dict[str, list[bool]] = {name: [] for name in log.behavior_names}
    rates = {name: ReturnRates(num_recent=20, smoothing=5.0) for name in ways}
    for name, counted in ways.items():
        rates[name].fit(counted)
    for events in histories:
        before, target = events[:-left_out], log.items[events[-left_out]]
        items, kinds = (
            torch.from_numpy(column[before].astype(np.int64))[None] for column in (log.items, log.behaviors)
        )
        one = torch.tensor([len(before)])
        batch = SequenceBatch(items, torch.zeros_like(items), one, one, behaviors=kinds)
        back[log.behavior_names[int(kinds[0, -1]) - 1]].append(target in log.items[before])
        for name in ways:
            had, chances = (row[0].numpy() for row in rates[name].had(batch))
            place = np.flatnonzero(had[np.argsort(-chances, kind="stable")][:10] == target)
            gains[name].append(1 / np.log2(place[0] + 2) if len(place) else 0.0)
    return {
        "targets": len(histories),
        "back": {name: round(float(np.mean(found)), 3) for name, found in back.items()},
        "ndcg@10": {name: round(float(np.mean(found)), 4) for name, found in gains.items()},
    }


def main() -> None:
    """Print the lines."""
    log = read(Path(sys.argv[1]))
    for name, left_out in (("validation", 2), ("test", 1)):
        print(json.dumps({"part": name, **measure(log, left_out)}), flush=True)


if __name__ == "__main__":
    main()
