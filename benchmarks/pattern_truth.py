"""Are released patterns true? Precision and recall against planted ones, and releases from logs without order.

    python benchmarks/pattern_truth.py [data.num_users=2000 ...] [miner.max_gap=3 ...] [--copies 20]
Mines ``data=synthetic``, whose users follow planted triples (first, second, consequent) with up to two other events
between, by the whole program: miner, evidence and release of ``conf/mine.yaml``. The world has its own distractors:
nearly every ordered pair of a small alphabet opens a triple of its own, so every part and every other order of a triple
occurs, and users come back to items and drift between topics.

A released pattern is true when it is one of the planted triples, or one of the two other things that the process does:
people come back to one item (``data.repeat_share``), and the next item is of the topic of the last two or of the topic
that those lead to (a pair whose second topic is likelier after the first than at large). Everything else is false: a
part of a triple, its symbols in another order, any other items. ``precision`` counts all three as true;
``precision of triples`` takes the triples and the false ones alone. Recall is over all planted triples. With
``data.num_topics=1 data.repeat_share=0`` the triples are the only order there is. Then the events of every user are
shuffled, 20 times: there is no true pattern left, and every release is false.
"""

import argparse
import json
import time
from collections import Counter
from typing import NamedTuple

import numpy as np
from hydra import compose, initialize_config_dir
from numpy.typing import NDArray
from omegaconf import DictConfig

from seqmine.config import CONF_DIR, build
from seqmine.data.sequences import group_by_user
from seqmine.mining.permutation import shuffle_within_users
from seqmine.structs import InteractionLog

Pattern = tuple[int, ...]
SETTINGS = ["miner.min_support=0.01", "miner.min_length=2", "miner.max_length=3", "miner.max_gap=3"]


class World(NamedTuple):
    """What is known of a generated log; items are symbols."""

    config: DictConfig
    log: InteractionLog
    planted: set[Pattern]
    topics: dict[int, int]
    leads: NDArray[np.bool_]


def read_world(overrides: list[str]) -> World:
    """Return the settings, the log and what is true of it."""
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("mine", [*SETTINGS, *overrides])
    source = build(config.data.source, [])
    log, _, item_ids = group_by_user(source.read())
    number = {item_id: index + 1 for index, item_id in enumerate(item_ids)}
    planted = {tuple(number[item_id] for item_id in triple) for triple in source.patterns()}
    truth = source._world.truth
    topics = {number[item_id]: int(topic) for item_id, topic in zip(source.item_ids, truth.topic_of, strict=True)}
    shares = np.bincount(truth.topic_of, truth.popularity)
    return World(config, log, planted, topics, truth.drift > shares)


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
    planted = world.planted
    if pattern in planted:
        return "planted"
    if len(set(pattern)) == 1:
        return "one item again"
    parts = {part for a, b, c in planted for part in ((a, b), (b, c), (a, c))}
    if pattern in parts:
        return "part"
    others = {frozenset(part) for part in planted | parts}
    if frozenset(pattern) in others:
        return "other order"
    is_topic = (
        len(pattern) == 2 and len(world.leads) > 1 and world.leads[world.topics[pattern[0]], world.topics[pattern[1]]]
    )
    return "topic" if is_topic else "other"


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
    false = kinds["part"] + kinds["other order"] + kinds["other"]
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
