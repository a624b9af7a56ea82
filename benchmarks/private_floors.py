"""Popularity and Markov counts with the promise of privacy=dp_sgd, as the floors of a private model.

    python -m benchmarks.private_floors ml-1m.txt.gz 1 2 4 8 16

A user adds a vector of length one: a share of it says which items, the rest which neighboring pairs of items the
training part has, each once. The sum is released once by the Gaussian mechanism. Pairs whose noisy count is not above
some multiples of the noise are dropped, and noisy popularity ranks what is left; the best of three thresholds and two
shares is told, in favor of the floors. Leave one out, all items but those of the user, ties against the list, NDCG@10;
delta 1e-5, seed 1.
"""

import gzip
import sys
from pathlib import Path

import numpy as np

from seqmine.privacy.accountant import Budget

DELTA = 1e-5


def histories(path: Path) -> list[np.ndarray]:
    """Read lines of user and item, oldest first."""
    with gzip.open(path, "rt") as lines:
        pairs = np.array([line.split()[:2] for line in lines], dtype=np.int64)
    items = np.unique(pairs[:, 1], return_inverse=True)[1]
    starts = np.flatnonzero(np.diff(pairs[:, 0], prepend=-1))
    return np.split(items, starts[1:])


def released(
    train: list[np.ndarray], num_items: int, share: float, noise: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return noisy counts of items and of neighboring pairs."""
    popularity, pairs = np.zeros(num_items), np.zeros((num_items, num_items), np.float32)
    for items in train:
        own = np.unique(items)
        popularity[own] += np.sqrt(share / len(own))
        moves = np.unique(np.stack([items[:-1], items[1:]]), axis=1)
        pairs[moves[0], moves[1]] += np.sqrt((1 - share) / moves.shape[1])
    random = np.random.default_rng(seed)
    pairs += noise * random.standard_normal(pairs.shape, dtype=np.float32)
    return popularity + noise * random.standard_normal(num_items), pairs


def ndcg(whole: list[np.ndarray], popularity: np.ndarray, pairs: np.ndarray | None, least: float) -> float:
    """Return NDCG@10 of the last items; the input is all before them."""
    tie = popularity.argsort().argsort() / len(popularity)  # below one, so that pairs decide first
    gains = []
    for items in whole:
        scores = tie.copy()
        if pairs is not None:
            row = pairs[items[-2]]
            scores += np.where(row > least, 1 + row, 0) * 10
        target = scores[items[-1]]
        scores[items[:-1]] = -np.inf
        rank = int((scores >= target).sum()) if items[-1] not in items[:-1] else len(scores)
        gains.append(1 / np.log2(rank + 1) if rank <= 10 else 0.0)
    return float(np.mean(gains))


def main(path: str, *epsilons: str) -> None:
    """Print a row for each epsilon."""
    whole = histories(Path(path))
    train = [items[:-2] for items in whole]
    num_items = 1 + max(int(items.max()) for items in whole)
    for epsilon in map(float, epsilons):
        noise = Budget(epsilon, DELTA).noise_for(1.0, 1) if np.isfinite(epsilon) else 0.0
        popular, _ = released(train, num_items, 1.0, noise, 1)
        best = 0.0
        for share in (0.1, 0.3):
            counts, pairs = released(train, num_items, share, noise, 1)
            best = max(best, *(ndcg(whole, counts, pairs, times * noise) for times in (2, 3, 4)))
        floor = ndcg(whole, popular, None, 0)
        print(f"epsilon {epsilon:g}: noise {noise:.3f}, popularity {floor:.4f}, markov {best:.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
