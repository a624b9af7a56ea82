"""Do logs without anything to find release nothing? Twenty logs of each kind, and what is found in them.

    python benchmarks/pattern_calibration.py [--copies 20] [--seed 0] [kinds ...]
Each log has 600 people of their own tastes, whose events are drawn one by one without looking at those before, so that
there is no order, no change in time and no difference of groups; all that is found is false. ``sessions``: three short
sessions of each person, who take the same things again. ``durations``: patterns within an hour, events in bursts.
``groups``: people are in one of two groups at random. ``drift``: people come in a random month of six. The first two
go through all evidence and the release of ``conf/mine.yaml``, the others through ``task=groups`` and ``task=drift``,
where whatever has a q-value below .05 counts. As no log has anything to find, a correction at q promises that at most
a share q of the logs has any discovery.
"""

import argparse
import json
from dataclasses import replace

import numpy as np
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from seqmine.mining.study import Subject
from seqmine.runs.components import CONF_DIR, build
from seqmine.structs import InteractionLog

NUM_PEOPLE, NUM_ITEMS, NUM_EVENTS = 600, 20, 15
MONTH, HOUR = 30 * 86_400, 3_600
COMMON = ["miner.min_count=30", "miner.max_length=2", "evidence.order_test.num_permutations=99"]
SETTINGS = {
    "sessions": ["miner.max_gap=2"],
    "durations": ["miner.max_duration=1h"],
    "groups": ["task=groups", "groups=side"],
    "drift": ["task=drift"],
}


def draw_log(seed: int) -> InteractionLog:
    """Draw a log: items by popularity times the taste of the person, bursts of events that begin in a random month."""
    rng = np.random.default_rng(seed)
    popularity = 1 / np.arange(1, NUM_ITEMS + 1) ** 0.7
    taste = popularity * rng.gamma(0.5, size=(NUM_PEOPLE, NUM_ITEMS))
    below = np.cumsum(taste / taste.sum(axis=1, keepdims=True), axis=1)[:, None, :]
    items = (rng.random((NUM_PEOPLE, NUM_EVENTS, 1)) > below).sum(axis=2).clip(max=NUM_ITEMS - 1) + 1
    waits = np.where(rng.random(items.shape) < 0.3, 2 * HOUR, 600) * rng.exponential(size=items.shape)
    begins = 1_700_000_000 + rng.integers(0, 6, (NUM_PEOPLE, 1)) * MONTH
    times = begins + np.cumsum(waits + 1, axis=1).astype(np.int64)
    offsets = np.arange(NUM_PEOPLE + 1) * NUM_EVENTS
    return InteractionLog(items.ravel().astype(np.int32), offsets, times.ravel())


def in_sessions(log: InteractionLog) -> InteractionLog:
    """Return each history as three sessions of one person."""
    people = np.repeat(np.arange(NUM_PEOPLE, dtype=np.int32), 3)
    return replace(log, offsets=np.arange(3 * NUM_PEOPLE + 1) * (NUM_EVENTS // 3), people=people)


def discoveries(config: DictConfig, kind: str, seed: int) -> int:
    """Return how much is found in one log."""
    log = draw_log(seed)
    if kind == "sessions":
        log = in_sessions(log)
    sides = np.random.default_rng((seed, 1)).choice(["left", "right"], NUM_PEOPLE).tolist()
    names = [str(number) for number in range(1, NUM_ITEMS + 1)]
    subject = Subject(log, names, {}, user_attributes={"side": sides} if kind == "groups" else {})
    found = build(config.task.study, []).find(subject)
    if kind in ("groups", "drift"):
        comparison = found.comparison
        return int((np.minimum(comparison.q_value, comparison.confidence_q_value) < config.release.max_q_value).sum())
    return found.summary["num_released"]


def main() -> None:
    """Print one JSON line for each kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", default=list(SETTINGS))
    parser.add_argument("--copies", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for kind in options.kinds:
        with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
            config = compose("mine", [*COMMON, *SETTINGS[kind]])
        found = [discoveries(config, kind, options.seed + copy) for copy in range(options.copies)]
        with_any = sum(count > 0 for count in found)
        print(
            json.dumps({"kind": kind, "logs": len(found), "with any discovery": with_any, "found": found}), flush=True
        )


if __name__ == "__main__":
    main()
