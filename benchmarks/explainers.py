"""Which explainer is faithful on a run? Picked on validation users, judged on other users, with intervals and seconds.

    python benchmarks/explainers.py <run> --data <log of the run> [--max-length 50] [--users 200] [explainer ...]
For each explainer the first recommendations of validation users, by which the best one is picked (lowest DEL), and the
lists of five of as many other users at the test, by which it is judged: PN-S@5, PN-R@5, areas under POS-P and NEG-P,
DEL, INS, CDCG, size and Gini, each a mean with its interval over users (percentile bootstrap), and in which measures
the whole interval of the paired difference to the random and to the recency control speaks for an explainer. A deletion
is a true one, the gap closes. Seconds are of processor on one thread, for one recommendation of a list, whose items
share histories; with ``--cost 50`` nothing is judged, and the first recommendation alone is explained for ten users
with that many events.
"""

import argparse
import json
import tempfile
import time

import numpy as np
import torch
from omegaconf import OmegaConf

from seqmine.explanation.faithfulness.judgement import DECIDING, Difference, Scores, questions_of_lists, scores_of_users
from seqmine.explanation.faithfulness.measures import measures_of
from seqmine.explanation.faithfulness.traces import trace
from seqmine.explanation.question import Explainer
from seqmine.metrics.comparison import bootstrap_interval, paired_bootstrap
from seqmine.mining.against_model.held_out import held_out_cases
from seqmine.probing.cases import Cases
from seqmine.runs.components import CONF_DIR, build
from seqmine.runs.restore import Model, restore_run
from seqmine.structs import UserError

FLOORS = ["random", "recency"]
EXPLAINERS = [*FLOORS, "deletion", "input_x_gradient", "attention", "lime", "shapley", "integrated_gradients"]
MEASURES = ("PN-S", "PN-R", "POS-P", "NEG-P", "DEL", "INS", "CDCG", "size", "Gini")
SIZE = 3


def drawn(cases: Cases, num_users: int, without: np.ndarray) -> Cases:
    """Return the cases of some users with two events or more, none of those who were asked before."""
    able = np.flatnonzero((cases.targets.positions >= 2) & ~np.isin(cases.users, without))
    return cases.take(np.sort(np.random.default_rng(1).permutation(able)[:num_users]))


def measured(explainer: Explainer, model: Model, cases: Cases, length: int) -> tuple[Scores, float]:
    """Return the measures of the lists of some users, and the seconds of one explanation."""
    questions = questions_of_lists(model, cases, length, 256)
    start = time.process_time()
    found = explainer.explain(model, cases, questions)
    seconds = (time.process_time() - start) / len(questions)
    traces = trace(model, cases, questions, found, 256)
    rows = [{length: measures_of(one, some.values, length, SIZE)} for one, some in zip(traces, found, strict=True)]
    return scores_of_users(rows, np.array([one.case for one in questions]), [length]), seconds


def interval(values: np.ndarray) -> list[float]:
    """Return mean and interval of what is known."""
    known = values[~np.isnan(values)]
    ends = bootstrap_interval(known, np.arange(len(known)), 2000, 0.95, np.random.default_rng(0))
    return [round(float(one), 4) for one in (known.mean(), *ends)]


def beaten(own: Scores, other: Scores, control: str) -> list[str]:
    """Return the deciding measures in which the whole paired interval speaks for an explainer."""
    won = []
    for name in DECIDING:
        gaps = own[f"list/{name}@5"] - other[f"list/{name}@5"]
        known = gaps[~np.isnan(gaps)]
        low, high, _ = paired_bootstrap(known, np.arange(len(known)), 2000, 0.95, np.random.default_rng(0))
        if Difference(control, f"list/{name}@5", float(known.mean()), low, high).is_better:
            won.append(name)
    return won


def tell_cost(model: Model, cases: Cases, names: list[str], num_events: int) -> None:
    """Print the median seconds of one explanation of a history of a length."""
    cases = cases.take(np.flatnonzero(cases.targets.positions >= num_events)[:10])
    questions = questions_of_lists(model, cases, 1, 256)
    for name in names:
        explainer, seconds = build(OmegaConf.load(CONF_DIR / "explainer" / f"{name}.yaml"), []), []
        for one in questions:
            start = time.process_time()
            explainer.explain(model, cases, [one])
            seconds.append(time.process_time() - start)
        print(
            json.dumps({"explainer": name, "events": num_events, "seconds": round(float(np.median(seconds)), 4)}),
            flush=True,
        )


def main() -> None:
    """Print one JSON line an explainer, then the one that is picked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("explainers", nargs="*", default=EXPLAINERS)
    parser.add_argument("--data", required=True)
    parser.add_argument("--max-length", type=int, default=50)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--cost", type=int, default=0)
    options = parser.parse_args()
    options.max_length = options.cost or options.max_length
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        places = {"run": folder, "outputs": folder, "store": f"{folder}/store"}
        settings = {"path": options.data, "max_length": options.max_length}
        _, model, data = restore_run(OmegaConf.create({"run": options.run, "paths": places, "data": settings}))
        prepared, collate = data.prepared, data.history_collate()
        validation, test = (
            held_out_cases(collate, targets, items, prepared.catalog.num_items)
            for targets, items in (
                (prepared.split.val, prepared.val_items),
                (prepared.split.test, prepared.test_items),
            )
        )
    if options.cost:
        tell_cost(model, test, options.explainers, options.cost)
        return
    validation = drawn(validation, options.users, np.empty(0))
    test = drawn(test, options.users, validation.users)
    events = float(np.mean([len(test.events(case)) for case in range(len(test))]))
    print(json.dumps({"run": options.run, "users": len(test), "mean events": round(events, 1)}), flush=True)
    picked, floors = {}, {}
    for name in options.explainers:
        explainer = build(OmegaConf.load(CONF_DIR / "explainer" / f"{name}.yaml"), [])
        try:
            first, _ = measured(explainer, model, validation, 1)
        except UserError as error:
            print(json.dumps({"explainer": name, "error": str(error)}), flush=True)
            continue
        scores, seconds = measured(explainer, model, test, 5)
        picked[name] = interval(first["first/DEL@1"])[0]
        if name in FLOORS:
            floors[name] = scores
        row = {measure: interval(scores[f"list/{measure}@5"]) for measure in MEASURES}
        better = {control: beaten(scores, floor, control) for control, floor in floors.items() if control != name}
        told = {"explainer": name, "DEL on validation": picked[name], **row, "better than": better}
        print(json.dumps({**told, "seconds": round(seconds, 4)}), flush=True)
    rivals = [name for name in picked if name not in FLOORS]
    print(json.dumps({"picked on validation": min(rivals, key=lambda name: picked[name])}), flush=True)


if __name__ == "__main__":
    main()
