"""Are released patterns true? Precision and recall against planted ones, and releases from logs without order.

    python benchmarks/pattern_truth.py [data.num_users=2000 ...] [miner.max_gap=3 ...] [--copies 20]
Mines ``data=synthetic``, whose users follow planted triples (first, second, consequent) with up to two other events
between, by the whole program: miner, evidence and release of ``conf/mine.yaml``. The world has its own distractors:
nearly every ordered pair of a small alphabet opens a triple of its own, so every part and every other order of a triple
occurs, and users come back to items and drift between topics.

What is released is of five kinds. ``planted``: one of the triples. ``part`` and ``other order``: made of the symbols
of a triple, but not it; these are false, whatever they look like. ``other, true``: the process has more order than the
triples (people come back to items, stay in a topic, choose freely once a triple is done); such a pattern is true when
it holds in a fresh sample of ten times as many users of the same world: the lower limit of its lift above 1, and more
often than any other order of its symbols (p < .01). ``other, false``: what does not hold there. ``precision`` counts
planted and other, true; ``precision of triples`` leaves the other, true out. Recall is over all planted triples. Then
the events of every user are shuffled, 20 times: there is no true pattern left, and every release is false.
"""

import argparse
import json
import time
from collections import Counter
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from seqmine.data.sequences import group_by_user
from seqmine.mining.judging.evaluation import with_holdout_columns
from seqmine.mining.judging.rivals import direction_p_values
from seqmine.mining.statistics.permutation import shuffle_within_users
from seqmine.runs.components import CONF_DIR, build
from seqmine.structs import InteractionLog, PatternTable

Pattern = tuple[int, ...]
SETTINGS = ["miner.min_support=0.01", "miner.min_length=2", "miner.max_length=3", "miner.max_gap=3"]


class World(NamedTuple):
    """What is known of a generated log; items are symbols."""

    config: DictConfig
    log: InteractionLog
    planted: set[Pattern]
    fresh: InteractionLog


def read_world(overrides: list[str]) -> World:
    """Return the settings, the log and what is true of it."""
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("mine", [*SETTINGS, *overrides])
    source = build(config.data.source, [])
    log, _, item_ids = group_by_user(source.read())
    number = {item_id: index + 1 for index, item_id in enumerate(item_ids)}
    planted = {tuple(number[item_id] for item_id in triple) for triple in source.patterns()}
    config.data.num_users *= 10
    more = build(config.data.source, [])
    other, _, other_ids = group_by_user(more.read())
    renamed = np.array([0, *(number.get(item_id, 0) for item_id in other_ids)], dtype=np.int32)
    return World(config, log, planted, replace(other, items=renamed[other.items]))


def release(config: DictConfig, log: InteractionLog) -> tuple[list[Pattern], int]:
    """Return the released patterns of a log and the number of mined ones, as the program finds them."""
    miner, evidence, rule = (build(config[part], []) for part in ("miner", "evidence", "release"))
    table = miner.mine(log)
    min_count = miner.needed_count(table)
    table = evidence.judge(log, table, miner.constraints, min_count).table
    table = rule.mark(log, table, miner.constraints, min_count)
    return table.take(np.flatnonzero(table.columns["released"])).patterns(), len(table)


def kind_of(pattern: Pattern, world: World) -> str:
    """Return what a released pattern is."""
    if pattern in world.planted:
        return "planted"
    parts = {part for a, b, c in world.planted for part in ((a, b), (b, c), (a, c))}
    if pattern in parts:
        return "part"
    if frozenset(pattern) in {frozenset(part) for part in world.planted | parts} and len(set(pattern)) > 1:
        return "other order"
    constraints = build(world.config.miner, []).constraints
    table = PatternTable.from_lists([pattern], [0], world.fresh.num_users)
    lift = with_holdout_columns(table, world.fresh, constraints).columns["holdout_lift_lower"][0]
    is_directed = direction_p_values(world.fresh, table, constraints)[0] < 0.01
    return "other, true" if lift > 1 and is_directed else "other, false"


def main() -> None:
    """Print one JSON line for the log and one for its shuffled copies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("overrides", nargs="*", help="of conf/mine.yaml")
    parser.add_argument("--copies", type=int, default=20)
    options = parser.parse_args()
    world = read_world(options.overrides)
    start = time.perf_counter()
    released, num_mined = release(world.config, world.log)
    kinds = Counter(kind_of(pattern, world) for pattern in released)
    false = kinds["part"] + kinds["other order"] + kinds["other, false"]
    result = {
        "planted": len(world.planted),
        "mined": num_mined,
        "released": dict(kinds),
        "precision": 1 - false / max(len(released), 1),
        "precision of triples": kinds["planted"] / max(kinds["planted"] + false, 1),
        "recall": kinds["planted"] / len(world.planted),
        "seconds": round(time.perf_counter() - start, 1),
    }
    print(json.dumps(result), flush=True)
    total = 0
    for seed in range(options.copies):
        copy = shuffle_within_users(world.log, seed, keep_ties=False)
        total += len(release(world.config, copy)[0])
        print(json.dumps({"copies": seed + 1, "false releases": total}), flush=True)


if __name__ == "__main__":
    main()
