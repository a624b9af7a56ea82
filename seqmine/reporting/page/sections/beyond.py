"""Beyond accuracy: whom and what the lists leave out, how alike they are, and how popular."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from seqmine.models.module import item_vectors
from seqmine.reporting.page import charts
from seqmine.reporting.page.blocks import Block, Cell, Chart, Grid, Words
from seqmine.reporting.page.subject import TOP_K, Subject
from seqmine.structs.bounds import Seed

_NUM_PAIRS = 2000
_GROUPS = ("head", "upper middle", "middle", "lower middle", "tail")


class Beyond:
    """Coverage, popularity by group of items, personalization, diversity and novelty of the lists of test users.

    Args:
        seed: of the pairs of users that are compared.
    """

    title: ClassVar[str] = "Beyond accuracy"

    def __init__(self, *, seed: Seed) -> None:
        self.seed = seed

    def __call__(self, subject: Subject) -> Sequence[Block]:
        """Return the numbers, and what each group of items gets of the lists."""
        lists, counts = subject.lists, subject.catalog.train_counts.numpy()
        own = {name: subject.metrics.get(f"test/{name}@{TOP_K}") for name in ("coverage", "novelty", "popularity_bias")}
        rows: list[list[Cell]] = [
            ["coverage", _float(own["coverage"]), "share of the catalog in some list"],
            [
                "popularity bias",
                _float(own["popularity_bias"]),
                "1: as popular as what users choose; above: more popular",
            ],
            ["novelty", _float(own["novelty"]), "mean surprise of a listed item, in bits"],
            ["personalization", personalization(lists, self.seed), "share of a list that another user's list has not"],
            [
                "concentration (Gini)",
                gini_of_lists(lists, len(counts) - 1),
                "0: every item as often; 1: one item always",
            ],
        ]
        diversity = diversity_of(lists, subject)
        if diversity is not None:
            rows.append(
                ["diversity", diversity, "1 less the mean cosine of two items of a list, in the model's vectors"]
            )
        shares = group_shares(lists, counts, subject.cases.items)
        text = ", ".join(f"{row['name']} {row['value']:.0%}" for row in shares if row["by"] == "lists")
        return [
            Words(
                f"Measured on the lists of {TOP_K} of {len(lists):,} test users. Groups of items have about a fifth of "
                "the training events each, from the most popular items (head) to the least (tail)."
            ),
            Grid("What the lists are like", ["measure", "value", "meaning"], rows),
            Chart(
                "What each group of items gets",
                f"Share of the lists by group of items: {text}.",
                charts.columns(shares, x="group of items", y="share", by="of"),
            ),
        ]


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def personalization(lists: NDArray[np.int64], seed: int) -> float:
    """Return 1 less the mean overlap of the lists of two users; of many users random pairs are compared.

    >>> personalization(np.array([[1, 2], [2, 3]]), 0)
    0.5
    """
    if len(lists) < 2:
        return float("nan")
    rng = np.random.default_rng(seed)
    one = rng.integers(len(lists), size=_NUM_PAIRS)
    other = (one + rng.integers(1, len(lists), size=_NUM_PAIRS)) % len(lists)
    shared = (lists[one][:, :, None] == lists[other][:, None, :]) & (lists[one] > 0)[:, :, None]
    return float(1 - shared.any(axis=2).sum(axis=1).mean() / lists.shape[1])


def gini_of_lists(lists: NDArray[np.int64], num_items: int) -> float:
    """Return how unevenly the catalog is recommended.

    >>> gini_of_lists(np.array([[1, 2]]), 2), gini_of_lists(np.array([[1, 1]]), 2)
    (0.0, 0.5)
    """
    counts = np.sort(np.bincount(lists[lists > 0], minlength=num_items + 1)[1:])
    ranks = 2 * np.arange(1, num_items + 1) - num_items - 1
    return float(ranks @ counts / (num_items * max(counts.sum(), 1)))


def diversity_of(lists: NDArray[np.int64], subject: Subject) -> float | None:
    """Return 1 less the mean cosine of two items of a list; None for a model without vectors of items."""
    table = item_vectors(subject.model)
    if table is None:
        return None
    vectors = table[1:].double().numpy()
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    full = lists[(lists > 0).all(axis=1)]
    if not len(full) or full.shape[1] < 2:
        return None
    listed = unit[full - 1]
    size = full.shape[1]
    # the sum over all pairs is the squared length of the sum of the vectors
    pairs = ((listed.sum(axis=1) ** 2).sum(axis=1) - size) / (size * (size - 1))
    return float(1 - pairs.mean())


def item_groups(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (V,) the group of each row of the item table: each has about a fifth of the training events, 0 the head.

    >>> item_groups(np.array([0, 5, 5, 5, 5, 5])).tolist()
    [0, 0, 1, 2, 3, 4]
    """
    order = np.argsort(-counts[1:], kind="stable")
    before = np.cumsum(counts[1:][order]) - counts[1:][order]
    groups = np.zeros(len(counts), np.int64)
    groups[1 + order] = np.minimum(before * len(_GROUPS) // max(counts[1:].sum(), 1), len(_GROUPS) - 1)
    return groups


def group_shares(
    lists: NDArray[np.int64], counts: NDArray[np.int64], targets: NDArray[np.int32]
) -> list[dict[str, Any]]:
    """Return what share of the catalog, of the test targets and of the lists each group of items has.

    Args:
        lists: (C, K) recommended items.
        counts: (V,) training events of each row of the item table.
        targets: (C,) what came next.
    """
    groups, rows = item_groups(counts), []
    parts: dict[str, NDArray] = {
        "catalog": np.arange(1, len(counts)),
        "test targets": targets,
        "lists": lists[lists > 0],
    }
    for by, items in parts.items():
        shares = np.bincount(groups[items], minlength=len(_GROUPS)) / max(len(items), 1)
        rows += [{"name": name, "value": float(share), "by": by} for name, share in zip(_GROUPS, shares, strict=True)]
    return rows
