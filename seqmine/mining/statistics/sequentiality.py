"""Is there any order in a log? What is left of it when every user's events are shuffled.

After Klenitskiy et al., "Does It Look Sequential?" (RecSys 2024): rules of neighboring events and the accuracy of a
first-order recommender, against copies without order; and after Woolridge et al. (2021) the share of neighbors of one
timestamp, whose order the log does not know.
"""

from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from seqmine.mining.engine.frequent import mine_frequent
from seqmine.mining.engine.limits import PatternLimits
from seqmine.mining.statistics.hypotheses import order_family
from seqmine.mining.statistics.multiplicity import adjust_tested, benjamini_hochberg
from seqmine.mining.statistics.permutation import shuffle_within_users
from seqmine.mining.statistics.significance import OrderTest
from seqmine.mining.statistics.ties import for_order
from seqmine.probing.matching import count_people
from seqmine.structs import InteractionLog
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt, Seed, Share
from seqmine.structs.constraints import Constraints
from seqmine.structs.log import tie_share
from seqmine.structs.places import told


@dataclass(frozen=True)
class Sequentiality:
    """How much order a log has.

    Args:
        num_pairs: pairs of neighboring events that enough users have.
        num_triples: the same of three neighbors.
        shuffled_pairs: mean number of such pairs in shuffled copies.
        shuffled_triples: the same of triples.
        ndcg: NDCG@10 of a first-order recommender on the last event of each user.
        shuffled_ndcg: the same on each shuffled copy.
        tie_share: share of neighbors with equal timestamps, or None for a log without time.
        num_tested: frequent pairs, within the limits of the miner, whose order was tested.
        num_ordered: of those, pairs that come in their order more often than random order allows.
        smallest_q_value: of those pairs, corrected for all that could have been frequent.
    """

    num_pairs: int
    num_triples: int
    shuffled_pairs: float
    shuffled_triples: float
    ndcg: float
    shuffled_ndcg: tuple[float, ...]
    tie_share: float | None
    num_tested: int = 0
    num_ordered: int = 0
    smallest_q_value: float = 1.0

    @property
    def ndcg_drop(self) -> float:
        """Share of the accuracy that shuffling takes away."""
        return 1.0 - float(np.mean(self.shuffled_ndcg)) / self.ndcg if self.ndcg > 0 else 0.0

    @property
    def is_predictive(self) -> bool:
        """True when shuffling takes away at least a tenth of the accuracy, in every copy some."""
        return self.ndcg_drop >= 0.1 and self.ndcg > max(self.shuffled_ndcg)

    @property
    def is_sequential(self) -> bool:
        """True when order helps to predict the next event, or some frequent pair comes in one order beyond chance."""
        return self.is_predictive or self.num_ordered > 0

    @property
    def verdict(self) -> str:
        """What to make of it, in a sentence or two."""
        amount = "clear" if self.ndcg_drop >= 0.3 and self.is_predictive else "some" if self.is_sequential else "no"
        text = (
            f"This log has {amount} order worth mining. Next events: shuffling every history changes NDCG@10 of a "
            f"first-order recommender from {self.ndcg:.4f} to {np.mean(self.shuffled_ndcg):.4f} and frequent neighbors "
            f"from {self.num_pairs:,} to {self.shuffled_pairs:,.0f} pairs"
        )
        text += "." if self.is_predictive or not self.num_ordered else ", so order hardly helps to predict the next."
        text += (
            f" Pairs within the limits of the miner: {self.num_ordered:,} of {self.num_tested:,} frequent ones come in "
            f"their order more often than random order allows (smallest q-value {self.smallest_q_value:.2g})."
        )
        if self.tie_share is not None and self.tie_share >= 0.2:
            text += told(
                f" The order of {self.tie_share:.0%} of all neighbors is unknown, as they have one timestamp: set "
                "`miner.strict_time`=true."
            )
        return text

    def report(self) -> dict[str, object]:
        """Return everything as plain values."""
        derived = {
            "ndcg_drop": self.ndcg_drop,
            "is_predictive": self.is_predictive,
            "is_sequential": self.is_sequential,
            "verdict": self.verdict,
        }
        return {**asdict(self), "shuffled_ndcg": list(self.shuffled_ndcg), **derived}


def first_order_ndcg(log: InteractionLog, top_k: int = 10) -> float:
    """Return NDCG of "what followed this item most often", fitted on all but the last event of each user.

    An item that the user had before is no candidate unless it is the target; ties count against the target.

    Args:
        log: histories; users with fewer than two events are left out.
        top_k: length of the list.
    """
    users = np.flatnonzero(log.lengths >= 2)
    targets = log.items[log.offsets[users + 1] - 1]
    places = log.event_positions
    is_last = np.zeros(log.num_events, np.bool_)
    is_last[log.offsets[users + 1] - 1] = True
    follows = np.flatnonzero((places > 0) & ~is_last)
    size = int(log.items.max(initial=0)) + 1
    pairs = (log.items[follows - 1], log.items[follows])
    table = sparse.coo_matrix((np.ones(len(follows)), pairs), shape=(size, size)).tocsr()
    total = 0.0
    for user, target in zip(users.tolist(), targets.tolist(), strict=True):
        history = log.history(user)[:-1]
        begin, end = table.indptr[history[-1]], table.indptr[history[-1] + 1]
        total += _gain(table.indices[begin:end], table.data[begin:end], history, target, top_k)
    return float(total / max(len(users), 1))


def _gain(items: NDArray, counts: NDArray, history: NDArray, target: int, top_k: int) -> float:
    """Return the discounted gain of one user."""
    level = counts[items == target]
    if not len(level):
        return 0.0
    rivals = items[counts >= level[0]]
    rank = int(np.count_nonzero(~np.isin(rivals, history) | (rivals == target)))
    return 1.0 / np.log2(rank + 1) if rank <= top_k else 0.0


@bounded
class SequentialityCheck:
    """Compare a log with shuffled copies of itself.

    Args:
        min_count: users that a pair or triple of neighbors needs to be counted.
        num_copies: shuffled copies.
        seed: of the copies.
        limits: of the pairs whose order is tested.
        max_q_value: a pair is in order when its q-value is below this.

    Raises:
        UserError: a number below 1.
    """

    def __init__(
        self,
        *,
        min_count: PositiveInt = 5,
        num_copies: PositiveInt = 5,
        seed: Seed = 0,
        limits: PatternLimits | None = None,
        max_q_value: Share = 0.05,
    ) -> None:
        self.min_count, self.num_copies, self.seed, self.max_q_value = min_count, num_copies, seed, max_q_value
        self.limits = limits or PatternLimits(min_support=0.01)

    def check(self, log: InteractionLog) -> Sequentiality:
        """Return how much order a log has."""
        copies = [shuffle_within_users(log, self.seed + copy, keep_ties=False) for copy in range(self.num_copies)]
        pairs, triples = self._neighbors(log)
        q_values = self._ordered_pairs(log)
        shuffled = np.array([self._neighbors(copy) for copy in copies], dtype=np.float64).mean(axis=0)
        return Sequentiality(
            num_pairs=pairs,
            num_triples=triples,
            shuffled_pairs=float(shuffled[0]),
            shuffled_triples=float(shuffled[1]),
            ndcg=first_order_ndcg(log),
            shuffled_ndcg=tuple(first_order_ndcg(copy) for copy in copies),
            tie_share=tie_share(log),
            num_tested=len(q_values),
            num_ordered=int((q_values < self.max_q_value).sum()),
            smallest_q_value=float(q_values.min(initial=1.0)),
        )

    def _ordered_pairs(self, log: InteractionLog) -> NDArray[np.float64]:
        """Return the q-values of the order of the frequent pairs, as the program judges patterns of two symbols."""
        min_count = max(self.min_count, self.limits.lowest_count(log.num_users))
        constraints = replace(self.limits.constraints, min_length=2, max_length=2)
        table = mine_frequent(log, min_count, constraints)
        limits = for_order(constraints, log)
        table = replace(table, support_count=count_people(log, table, limits))
        p_values = OrderTest(seed=self.seed).test(log, table, limits).columns["p_value"]
        family = order_family(log, min_count, 2)
        return adjust_tested(p_values, family.weights(table.lengths), family.total, benjamini_hochberg)

    def _neighbors(self, log: InteractionLog) -> tuple[int, int]:
        table = mine_frequent(log, self.min_count, Constraints(min_length=2, max_length=3, max_gap=1))
        return int(np.count_nonzero(table.lengths == 2)), int(np.count_nonzero(table.lengths == 3))
