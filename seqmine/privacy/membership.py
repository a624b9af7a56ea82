"""Attacks on a trained model: whose histories was it trained on, and what does that prove against its promise?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats

from seqmine.models.module import SequenceModule, select_targets
from seqmine.structs import SequenceBatch
from seqmine.structs.batch import device_of

_SHARES = (0.1, 0.25, 0.5, 1.0)
_FALSE_ALARMS = (0.01, 0.001)


@torch.no_grad()
def history_losses(model: SequenceModule, rows: Sequence[SequenceBatch]) -> NDArray[np.float64]:
    """Return how unlikely a model finds each history: the mean negative log-likelihood of its next items.

    Args:
        model: that is attacked.
        rows: one history each.
    """
    model.eval()
    losses = []
    for row in rows:
        batch = row.to(device_of(model))
        hidden, targets = select_targets(model(batch), batch)
        queries, items = model.compared(hidden)
        losses.append(float(torch.nn.functional.cross_entropy(queries @ items[1:].T, targets - 1)))
    return np.array(losses)


def attack(members: NDArray[np.float64], others: NDArray[np.float64], confidence: float) -> dict[str, Any]:
    """Return how well a threshold on a score tells members from others.

    ``auc`` with an interval by Hanley and McNeil (1982), and the share of members that is found when a given share of
    others is taken for members, with an interval by Clopper and Pearson (1934).

    Args:
        members: scores of histories that were trained on; larger means more likely a member.
        others: scores of histories that were not.
        confidence: of the intervals.

    >>> found = attack(np.array([3.0, 4.0]), np.array([1.0, 2.0]), 0.95)
    >>> found["auc"], found["tpr@1%"]
    (1.0, 1.0)
    """
    num, num_others = len(members), len(others)
    greater = stats.rankdata(np.concatenate([members, others]))[:num].sum() - num * (num + 1) / 2
    auc = float(greater / (num * num_others))
    first, second = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (num - 1) * (first - auc**2) + (num_others - 1) * (second - auc**2)
    half = float(stats.norm.ppf((1 + confidence) / 2) * np.sqrt(max(0.0, variance) / (num * num_others)))
    found: dict[str, Any] = {"members": num, "others": num_others, "auc": auc}
    found |= {"auc_low": max(0.0, auc - half), "auc_high": min(1.0, auc + half)}
    for rate in _FALSE_ALARMS:
        # the largest threshold that no more than the share of others passes
        allowed = int(np.floor(rate * num_others))
        threshold = np.sort(others)[::-1][allowed]
        hits = int((members > threshold).sum())
        low, high = stats.binomtest(hits, num).proportion_ci(confidence, "exact")
        name = f"tpr@{rate * 100:g}%"
        found |= {name: hits / num, f"{name}_low": float(low), f"{name}_high": float(high)}
    return found


def one_run_audit(
    scores: NDArray[np.float64], included: NDArray[np.bool_], delta: float, confidence: float
) -> dict[str, Any]:
    """Return a lower bound of epsilon from one training with planted users (Steinke et al. 2023, arXiv:2305.08846).

    The highest scores are guessed to have been trained on and the lowest not to have been; how many are guessed is
    chosen among four shares, which the confidence pays for (Bonferroni).

    Args:
        scores: of each canary; larger means more likely trained on.
        included: which were.
        delta: of the promise.
        confidence: of the bound.
    """
    order = np.argsort(-scores, kind="stable")
    best: dict[str, Any] = {"canaries": len(scores), "confidence": confidence, "epsilon_low": 0.0}
    for share in _SHARES:
        half = max(1, int(share * len(scores) / 2))
        correct = int(included[order[:half]].sum() + (~included[order[-half:]]).sum())
        bound = epsilon_bound(len(scores), 2 * half, correct, delta, 1 - (1 - confidence) / len(_SHARES))
        if "guesses" not in best or bound > best["epsilon_low"]:
            best |= {"epsilon_low": bound, "guesses": 2 * half, "correct": correct}
    return best


def epsilon_bound(num_canaries: int, guesses: int, correct: int, delta: float, confidence: float) -> float:
    """Return the largest epsilon that so many right guesses refute; 0 where they refute none.

    Args:
        num_canaries: planted, each trained on by the throw of a fair coin.
        guesses: made, on canaries that were chosen by their scores.
        correct: of them.
        delta: of the promise.
        confidence: of the bound.

    >>> round(epsilon_bound(1000, 1000, 1000, 0.0, 0.95), 1), epsilon_bound(1000, 1000, 500, 0.0, 0.95)
    (5.8, 0.0)
    """
    low, high = 0.0, 30.0
    if _chance(num_canaries, guesses, correct, low, delta) > 1 - confidence:
        return 0.0
    while high - low > 1e-4:
        middle = (low + high) / 2
        if _chance(num_canaries, guesses, correct, middle, delta) <= 1 - confidence:
            low = middle
        else:
            high = middle
    return low


def _chance(num_canaries: int, guesses: int, correct: int, epsilon: float, delta: float) -> float:
    """Bound the chance of so many right guesses against a promise that holds (Theorem 5.2 of the paper)."""
    right = 1 / (1 + np.exp(-epsilon))
    chance = stats.binom.sf(correct - 1, guesses, right)
    steps = np.arange(1, correct + 1)
    worst = (np.cumsum(stats.binom.pmf(correct - steps, guesses, right)) / steps).max(initial=0.0)
    return float(min(1.0, chance + 2 * num_canaries * delta * worst))
