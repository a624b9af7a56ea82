"""Do patterns and a model together rank better than each alone? Test NDCG@10 and HR@10, paired over users.

    python benchmarks/patterns_and_model.py <log of the runs> <run> [<run> ...]
The patterns are counted on the training part of the log and their weight beside each run's model is chosen on
validation; the test targets are ranked once. Intervals are paired bootstraps over users of the gain of both together.
"""

import json
import sys
import tempfile

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import OmegaConf

from seqmine.metrics.comparison import paired_bootstrap, rank_gains
from seqmine.metrics.functional import mask_candidates, target_ranks
from seqmine.mining.at_work.recommender import PatternRecommender
from seqmine.mining.at_work.reranker import GRID, PatternReranker
from seqmine.mining.at_work.weighing import choose_alpha
from seqmine.runs.restore import restore_run


def main() -> None:
    """Print one JSON line a run."""
    path, *runs = sys.argv[1:]
    for run in runs:
        print(json.dumps(compare_run(path, run)), flush=True)


@torch.no_grad()
def compare_run(path: str, run: str) -> dict[str, object]:
    """Rank the test targets of a run by its model, by patterns, and by both."""
    with tempfile.TemporaryDirectory() as folder:
        places = {"run": folder, "outputs": folder, "store": f"{folder}/store"}
        changes = OmegaConf.create({"run": run, "paths": places, "data": {"path": path}})
        _, module, data = restore_run(changes)
        patterns = PatternRecommender()
        patterns.fit(data.prepared.training_log(), data.catalog.num_items)
        both = PatternReranker(model=module, patterns=patterns, alpha=0.0)
        alpha, validation = choose_alpha(both, data.val_dataloader(), grid=GRID)
        ranks: dict[str, list[NDArray[np.float64]]] = {"model": [], "patterns": [], "both": []}
        users = []
        for batch in data.test_dataloader():
            users.append(batch.user_index.numpy())
            model, correction = module.score(batch), both.correction(batch)[0]
            scores = {"model": model, "patterns": patterns.score(batch), "both": model + alpha * correction}
            for name, table in scores.items():
                candidates = mask_candidates(table.clone(), batch)
                ranks[name].append(target_ranks(candidates, batch.last_targets).double().numpy())
    whole = {name: np.concatenate(parts) for name, parts in ranks.items()}
    gains = {name: rank_gains(values, "ndcg@10") for name, values in whole.items()}
    result: dict[str, object] = {
        "run": run,
        "alpha": alpha,
        "val/ndcg@10": {0.0: validation[0.0], alpha: validation[alpha]},
    }
    for name, values in whole.items():
        result[name] = {"ndcg@10": gains[name].mean(), "hit_rate@10": (values <= 10).mean()}
    for rival in ("model", "patterns"):
        interval = paired_bootstrap(
            gains["both"] - gains[rival], np.concatenate(users), 2000, 0.95, np.random.default_rng(0)
        )
        result[f"both - {rival}"] = interval
    return result


if __name__ == "__main__":
    main()
