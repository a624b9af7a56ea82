"""Memorization: are planted histories completed by the model that was trained on them?

Exposure is that of Carlini et al. (2019, arXiv:1802.08232): how many bits of a secret a model gives away, the log of
the candidates over its rank among them. The secret is the last item of a planted history; the candidates are all items.
Planted histories that were not trained on are the reference: of a model that remembers nothing both do alike, and the
share with an exposure of at least x bits is 2 to the power of -x.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from scipy import stats

from seqmine.models.module import SequenceModule, select_targets
from seqmine.privacy.canaries import Canaries
from seqmine.structs.batch import device_of

_TOP = 10


@torch.no_grad()
def completion_ranks(model: SequenceModule, canaries: Canaries) -> Int[NDArray[np.int64], "C"]:
    """Return where the model ranks the last item of each planted history after all before it; 1 is a completion.

    Args:
        model: that is attacked.
        canaries: planted histories.
    """
    model.eval()
    ranks = []
    for row in canaries.rows():
        batch = row.to(device_of(model))
        hidden, targets = select_targets(model(batch), batch)
        queries, items = model.compared(hidden[-1:])
        scores = (queries @ items[1:].T)[0]
        # ties count against the model
        ranks.append(int((scores >= scores[targets[-1] - 1]).sum()))
    return np.array(ranks)


def memorized(model: SequenceModule, canaries: Canaries, confidence: float) -> dict[str, Any]:
    """Return how often planted histories are completed, and their exposure in bits, beside such that were never seen.

    Args:
        model: that is attacked.
        canaries: planted histories, of whom about half were trained on.
        confidence: of the intervals: by Clopper and Pearson of shares, by the normal law of mean exposures.
    """
    ranks, included = completion_ranks(model, canaries), canaries.included.numpy()
    candidates = model.num_items
    return {
        "candidates": candidates,
        "trained_on": _completed(ranks[included], candidates, confidence),
        "never_seen": _completed(ranks[~included], candidates, confidence),
    }


def _completed(ranks: NDArray[np.int64], candidates: int, confidence: float) -> dict[str, Any]:
    bits = np.log2(candidates) - np.log2(ranks)
    half = float(stats.norm.ppf((1 + confidence) / 2) * bits.std() / np.sqrt(len(bits)))
    told: dict[str, Any] = {"histories": len(ranks)}
    for name, most in (("first", 1), (f"top_{_TOP}", _TOP)):
        hits = int((ranks <= most).sum())
        low, high = stats.binomtest(hits, len(ranks)).proportion_ci(confidence, "exact")
        told |= {name: hits / len(ranks), f"{name}_low": float(low), f"{name}_high": float(high)}
    mean = float(bits.mean())
    told |= {"exposure": mean, "exposure_low": mean - half, "exposure_high": mean + half}
    return told | {"median_rank": float(np.median(ranks)), "exposures": [round(float(value), 3) for value in bits]}
