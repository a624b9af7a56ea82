"""The patterns that most users have, chosen and counted with a promise to each user.

Which patterns there are is public: all sequences of catalog symbols of the allowed lengths, not those of the log. The k
best are chosen by the exponential mechanism, all at once by Gumbel noise on supports (Durfee and Rogers 2019,
arXiv:1905.04273). A user raises each support by one at most, however many patterns they have, so that long histories
cost nothing here; and k choices of strength e cost ``k e^2 / 8`` of concentrated privacy (Cesar and Rogers 2021,
arXiv:2004.07223, bounded range). Patterns that fewer users have than the miner looks for all count as one user less
than that, which is as sensitive, so that they need not be listed: one of them is drawn where their noise says so.

Counts of the chosen are released by the Gaussian mechanism. A user counts for ``max_patterns`` of them, drawn by the
user alone, so that the length of what one user adds is its root.

Of a run that trained with a promise to the same users, what it spent is added: epsilons and deltas of releases add up
(basic composition, Dwork et al. 2006, doi:10.1007/11761679_29).
"""

import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seqmine.mining.engine.frequent import Progress, no_progress
from seqmine.mining.engine.miners import FrequentMiner
from seqmine.mining.study import Subject
from seqmine.mining.symbols import Projection, SymbolLog
from seqmine.probing.matching import find_supporters
from seqmine.structs import InteractionLog, PatternTable, UserError
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import InnerShare, PositiveInt, Seed
from seqmine.structs.constraints import Constraints
from seqmine.structs.promises import require_delta

Pattern = tuple[int, ...]


class Concentrated(Protocol):
    """What may be spent."""

    epsilon: float
    delta: float

    @property
    def rho(self) -> float:
        """The same in concentrated privacy."""
        ...


@dataclass(frozen=True)
class PrivateTop:
    """Chosen patterns with noisy counts; nothing in it is exact.

    Args:
        patterns: symbols of each, the most frequent by the noisy counts first.
        noisy_counts: users that have each, as noise lets it be told.
        symbols: what the symbols are called.
        half_width: of the 95% interval of the noise of a count.
        about: what was spent, and how.
    """

    patterns: Sequence[Pattern]
    noisy_counts: NDArray[np.int64]
    symbols: SymbolLog
    half_width: float
    about: dict[str, Any]


@bounded
class PrivateTopStudy:
    """Release the patterns that most users have, and about how many that are.

    Args:
        miner: limits on the patterns, with a longest one, and the users below which supports are all alike.
        projection: makes symbols of events.
        budget: that is spent, on the choice and the counts together.
        num_patterns: patterns that are released.
        max_patterns: of them, for which one user counts at most; None for all, which needs most noise.
        choice_share: share of the budget that chooses.
        noise_seed: of the noise; None takes one from the operating system and keeps it nowhere. A number makes runs
            that can be repeated, whose promise holds only towards those who do not know it.
        must_contain: names of symbols; none is allowed.
    """

    def __init__(
        self,
        *,
        miner: FrequentMiner,
        projection: Projection,
        budget: Concentrated,
        num_patterns: PositiveInt = 20,
        max_patterns: PositiveInt | None = None,
        choice_share: InnerShare = 0.5,
        noise_seed: Seed | None = None,
        must_contain: Sequence[str] = (),
    ) -> None:
        if must_contain:
            raise UserError(
                f"must_contain is {list(must_contain)}, but task=private chooses among all symbols; unset it"
            )
        self.miner, self.projection, self.budget = miner, projection, budget
        self.num_patterns, self.max_patterns, self.choice_share = num_patterns, max_patterns, choice_share
        self.noise_seed = noise_seed

    def find(self, subject: Subject, progress: Progress = no_progress) -> PrivateTop:
        """Return the patterns.

        Args:
            subject: the log.
            progress: told of the share of the work that is done, 0 to 1.

        Raises:
            UserError: patterns without a longest length, sessions, a ``delta`` that protects nobody, or a model that
                was trained without a promise.
        """
        symbols = self.projection(subject.log, subject.item_ids, subject.features)
        log, limits = symbols.log, self.miner.constraints
        epsilon, delta = subject.spent or (0.0, 0.0)
        together = (epsilon + self.budget.epsilon, delta + self.budget.delta)
        self._require(subject, log)
        require_delta(together[1], log.num_users)
        generator = np.random.default_rng(secrets.randbits(128) if self.noise_seed is None else self.noise_seed)
        table = self.miner.mine(log, progress)
        least = self.miner.lowest_count(log.num_users)
        rho = self.budget.rho
        scale = math.sqrt(self.num_patterns / (8 * self.choice_share * rho))
        chosen = choose_top(table, least, len(symbols.keys), limits, self.num_patterns, scale, generator)
        touched = min(self.num_patterns, self.max_patterns or self.num_patterns)
        sigma = math.sqrt(touched / (2 * (1 - self.choice_share) * rho))
        counts = bounded_counts(log, chosen, limits, touched, generator)
        counts += sigma * generator.standard_normal(len(chosen))
        noisy = np.maximum(np.rint(counts), 0).astype(np.int64)
        order = np.argsort(-noisy, kind="stable")
        about = {
            "epsilon_spent": self.budget.epsilon, "delta": self.budget.delta, "rho": rho,
            "choice_share": self.choice_share, "choice_noise": scale, "count_noise": sigma, "max_patterns": touched,
            "noise_is_secret": self.noise_seed is None, "unit": "all events of one user",
            "epsilon_of_run": epsilon, "delta_of_run": delta, "epsilon_together": together[0],
            "delta_together": together[1],
        }  # fmt: skip
        return PrivateTop([chosen[row] for row in order], noisy[order], symbols, 1.96 * sigma, about)

    def _require(self, subject: Subject, log: InteractionLog) -> None:
        if subject.model is not None and subject.spent is None:
            raise UserError(
                "run names a model that was trained without a promise to its users, so none holds for both together; "
                "name a run of privacy=dp_sgd or privacy=counts, unset run, or set task=patterns"
            )
        if log.people is not None:
            raise UserError("data/sessions cuts a user into several, allowed with task=private is data/sessions=none")
        if self.miner.max_length is None:
            raise UserError(
                "miner.max_length is null, but task=private chooses among all patterns up to one; set it to 2 or more"
            )


def choose_top(
    table: PatternTable,
    least: int,
    num_symbols: int,
    limits: Constraints,
    num_patterns: int,
    scale: float,
    generator: np.random.Generator,
) -> list[Pattern]:
    """Choose the patterns with the largest noisy supports among all that the catalog has.

    Args:
        table: every pattern that at least ``least`` users have.
        least: all others count as one less.
        num_symbols: of the catalog.
        limits: on the lengths of patterns.
        num_patterns: to choose, at most as many as there are.
        scale: of the Gumbel noise.
        generator: of the noise, and of a pattern where one of the others is chosen.
    """
    assert limits.max_length is not None
    sizes = [num_symbols**length for length in range(limits.min_length, limits.max_length + 1)]
    others = sum(sizes) - len(table)
    noisy = table.support_count + scale * generator.gumbel(size=len(table))
    # the largest of very many Gumbels, in falling order: minus the logs of the smallest of as many exponentials
    num_others = min(num_patterns, others)
    gaps = generator.exponential(size=num_others) / (float(others) - np.arange(num_others))
    of_others = least - 1 - scale * np.log(np.cumsum(gaps))
    best = np.argsort(-np.concatenate([noisy, of_others]), kind="stable")[:num_patterns]
    known = set(table.patterns())
    chosen = [table.pattern(row) for row in best[best < len(table)].tolist()]
    for _ in range(int((best >= len(table)).sum())):
        chosen.append(_drawn(sizes, num_symbols, limits.min_length, known, generator))
        known.add(chosen[-1])
    return chosen


def _drawn(
    sizes: Sequence[int], num_symbols: int, min_length: int, known: set[Pattern], generator: np.random.Generator
) -> Pattern:
    """Draw a pattern of the catalog that is not known, each with the same chance."""
    shares = np.array([size / sum(sizes) for size in sizes])
    while True:
        length = min_length + int(generator.choice(len(sizes), p=shares))
        pattern = tuple(int(symbol) for symbol in generator.integers(1, num_symbols + 1, length))
        if pattern not in known:
            return pattern


def bounded_counts(
    log: InteractionLog, patterns: Sequence[Pattern], limits: Constraints, touched: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return how many users have each pattern, where a user counts for so many of them at most, drawn among theirs.

    Args:
        log: histories.
        patterns: to count.
        limits: on where they may occur.
        touched: patterns that a user counts for.
        generator: of the draws.

    >>> log = InteractionLog.from_lists([[1, 2], [2, 1], [1]])
    >>> bounded_counts(log, [(1,), (2,)], Constraints(), 2, np.random.default_rng(0)).tolist()
    [3.0, 2.0]
    """
    table = PatternTable.from_lists(patterns, [0] * len(patterns), log.num_users)
    has = np.zeros((log.num_users, len(patterns)), np.bool_)
    for column, users in enumerate(find_supporters(log, table, limits)):
        has[users, column] = True
    places = np.where(has, generator.random(has.shape), 2.0).argsort(axis=1).argsort(axis=1)
    counted: NDArray[np.float64] = (has & (places < touched)).sum(axis=0).astype(np.float64)
    return counted
