"""Do explanations name the planted pattern? Share of those whose two leading events are the events that made the item.

    python benchmarks/planted_explanations.py <run on data=synthetic> [--cases 150] [explainer ...]
Users of ``data=synthetic`` follow planted triples (first, second, consequent) with other events between. Nearly every
ordered pair of the alphabet opens a triple of its own, so that each single symbol, and both in the other order, lead
elsewhere: the world has its distractors. Asked about are held-out targets that a pattern made, with at least one other
event between its second symbol and the target, so that "the last two events" is wrong by construction. As a check must
be on what the model does and not on what was planted, only those count whose consequent the model recommends first;
their share is told. Histories in which a symbol of the pattern stands twice are left out, as either would be right.
The best explainer is picked on validation targets and read on test targets.
"""

import argparse
import json
import tempfile
import time
from typing import NamedTuple

import numpy as np
import torch
from omegaconf import OmegaConf

from seqmine.explanation.question import Explainer, Question
from seqmine.mining.against_model.held_out import held_out_cases
from seqmine.probing.cases import Cases
from seqmine.probing.queries import recommended
from seqmine.runs.components import CONF_DIR, build
from seqmine.runs.restore import Model, restore_run

FLOORS = ["random", "recency"]
EXPLAINERS = ["deletion", "shapley", "lime", "integrated_gradients", "input_x_gradient", "attention", *FLOORS]


class Planted(NamedTuple):
    """Cases whose pattern is known: questions about their consequents, and the places of the two symbols."""

    cases: Cases
    questions: list[Question]
    places: list[set[int]]
    known: float


def planted(model: Model, data, cases: Cases, most: int) -> Planted:
    """Return the cases of one part in which the model recommends what the planted pattern brings."""
    catalog, chosen, places = data.prepared.catalog, [], []
    for case in range(len(cases)):
        items = catalog.decode(cases.history(case))
        found = data.source.open_pattern(items)
        if found is None or catalog.encode([found[2]]) != [int(cases.items[case])]:
            continue
        first, second, _ = found
        if second == len(items) - 1 or items.count(items[first]) + items.count(items[second]) > 2:
            continue
        chosen.append(case)
        places.append({first, second})
    some = cases.take(np.array(chosen))
    first_items = recommended(model, some, 1)[:, 0]
    does = np.flatnonzero(first_items == some.items)
    kept = does[:most]
    part = some.take(kept)
    questions = [Question(case, int(item)) for case, item in enumerate(part.items.tolist())]
    return Planted(part, questions, [places[row] for row in kept.tolist()], len(does) / len(some))


def share_found(explainer: Explainer, model: Model, part: Planted) -> tuple[float, float]:
    """Return the share of explanations that name the pattern, and the seconds of one."""
    start = time.process_time()
    found = explainer.explain(model, part.cases, part.questions)
    seconds = (time.process_time() - start) / len(found)
    hits = [set(one.order[:2].tolist()) == truth for one, truth in zip(found, part.places, strict=True)]
    return float(np.mean(hits)), seconds


def main() -> None:
    """Print one JSON line an explainer, then the best one by validation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("explainers", nargs="*", default=EXPLAINERS)
    parser.add_argument("--cases", type=int, default=150)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        places = {"run": folder, "outputs": folder, "store": f"{folder}/store"}
        _, model, data = restore_run(OmegaConf.create({"run": options.run, "paths": places}))
        prepared, collate = data.prepared, data.history_collate()
        parts = {
            name: planted(
                model, data, held_out_cases(collate, targets, items, prepared.catalog.num_items), options.cases
            )
            for name, targets, items in (
                ("validation", prepared.split.val, prepared.val_items),
                ("test", prepared.split.test, prepared.test_items),
            )
        }
    for name, part in parts.items():
        print(
            json.dumps({"part": name, "cases": len(part.cases), "recommended first": round(part.known, 3)}), flush=True
        )
    shares: dict[str, dict[str, float]] = {}
    for name in options.explainers:
        explainer = build(OmegaConf.load(CONF_DIR / "explainer" / f"{name}.yaml"), [])
        found = {part: share_found(explainer, model, some) for part, some in parts.items()}
        shares[name] = {part: share for part, (share, _) in found.items()}
        print(json.dumps({"explainer": name, **shares[name], "seconds": round(found["test"][1], 4)}), flush=True)
    best = max((name for name in shares if name not in FLOORS), key=lambda name: shares[name]["validation"])
    print(json.dumps({"best by validation": best, "test": shares[best]["test"]}), flush=True)


if __name__ == "__main__":
    main()
