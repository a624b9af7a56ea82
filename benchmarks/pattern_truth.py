"""Are released patterns true? Precision and recall against planted ones, and releases from logs without order.

    python benchmarks/pattern_truth.py [data.num_users=2000 ...] [miner.max_gap=3 ...] [--copies 20]
Mines ``data=synthetic``, whose users follow planted triples (first, second, consequent) with up to two other events
between, by the whole program: miner, evidence and release of ``conf/mine.yaml``. The world has its own distractors:
nearly every ordered pair of a small alphabet opens a triple of its own, so every part and every other order of a triple
occurs, and users come back to items and drift between topics.

A released pattern is true when it is one of the planted triples, or says that people come back to one item (which the
process makes too, by ``data.repeat_share``; these count neither for nor against). Everything else is false: a part of
a triple, its symbols in another order, anything about other items. Recall is over all planted triples. Then the events
of every user are shuffled, 20 times: there is no true pattern left, and every release is false.
"""

import argparse
import json
import time
from collections import Counter

import numpy as np
from hydra import compose, initialize_config_dir

from seqmine.config import CONF_DIR, build
from seqmine.data.sequences import group_by_user
from seqmine.mining.permutation import shuffle_within_users
from seqmine.structs import InteractionLog

Pattern = tuple[int, ...]
SETTINGS = ["miner.min_support=0.01", "miner.min_length=2", "miner.max_length=3", "miner.max_gap=3"]


def read_world(overrides: list[str]):
    """Return the settings, the log, and the planted triples as symbols."""
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("mine", [*SETTINGS, *overrides])
    source = build(config.data.source, [])
    log, _, item_ids = group_by_user(source.read())
    number = {item_id: index + 1 for index, item_id in enumerate(item_ids)}
    return config, log, {tuple(number[item_id] for item_id in triple) for triple in source.patterns()}


def release(config, log: InteractionLog) -> tuple[list[Pattern], int]:
    """Return the released patterns of a log and the number of mined ones, as the program finds them."""
    miner, evidence, rule = (build(config[part], []) for part in ("miner", "evidence", "release"))
    table = miner.mine(log)
    min_count = miner.needed_count(table)
    table = evidence.judge(log, table, miner.constraints, min_count).table
    table = rule.mark(log, table, miner.constraints, min_count)
    return table.take(np.flatnonzero(table.columns["released"])).patterns(), len(table)


def kind_of(pattern: Pattern, planted: set[Pattern]) -> str:
    """Return what a released pattern is."""
    if pattern in planted:
        return "planted"
    if len(set(pattern)) == 1:
        return "one item again"
    parts = {part for a, b, c in planted for part in ((a, b), (b, c), (a, c))}
    if pattern in parts:
        return "part"
    others = {frozenset(part) for part in planted | parts}
    return "other order" if frozenset(pattern) in others else "other"


def main() -> None:
    """Print one JSON line for the log and one for its shuffled copies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("overrides", nargs="*", help="of conf/mine.yaml")
    parser.add_argument("--copies", type=int, default=20)
    options = parser.parse_args()
    config, log, planted = read_world(options.overrides)
    start = time.perf_counter()
    released, num_mined = release(config, log)
    kinds = Counter(kind_of(pattern, planted) for pattern in released)
    judged = sum(kinds.values()) - kinds["one item again"]
    result = {
        "planted": len(planted),
        "mined": num_mined,
        "released": dict(kinds),
        "precision": kinds["planted"] / max(judged, 1),
        "recall": kinds["planted"] / len(planted),
        "seconds": round(time.perf_counter() - start, 1),
    }
    print(json.dumps(result), flush=True)
    false = []
    for seed in range(options.copies):
        copy = shuffle_within_users(log, seed, keep_ties=False)
        false.append(len(release(config, copy)[0]))
        print(json.dumps({"copy": seed, "false releases": false[-1]}), flush=True)
    print(json.dumps({"copies": options.copies, "false releases": sum(false)}), flush=True)


if __name__ == "__main__":
    main()
