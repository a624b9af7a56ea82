"""Surrogates of a whole model: small models one can read, which tell what it recommends from patterns and history.

A row is a user and an item: those of a list, and as many that are recommended to others, so that popularity alone does
not tell them apart. Its features are ranks of the item by what was counted in the training part (what follows the last
event, what follows the last events in order, what occurs beside them in any order ...) and the history itself. A
surrogate is fitted on some users and judged on others, beside one that knows nothing but the last event (Craven and
Shavlik 1996 call it fidelity).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata

from seqmine.metrics.comparison import bootstrap_interval, paired_bootstrap
from seqmine.probing.cases import Cases
from seqmine.probing.queries import recommended
from seqmine.structs import Baseline, InteractionLog, Recommender, UserError
from seqmine.structs.bounds import InnerShare, PositiveFloat, PositiveInt, Seed


class Fidelity(NamedTuple):
    """How well a surrogate tells listed items from others of held-out users.

    Args:
        name: of the surrogate.
        value: mean over users of the chance that a listed item is put above another one (AUC).
        low: lower end of the interval over users.
        high: upper end.
        gain_low: lower end of the interval of the gain over the surrogate of the last event, on the same users.
        gain_high: upper end.
    """

    name: str
    value: float
    low: float
    high: float
    gain_low: float
    gain_high: float


@dataclass(frozen=True)
class Surrogates:
    """What small models make of a large one.

    Args:
        features: names of the columns.
        tree: decision tree of scikit-learn, of features as they are.
        rules: of the tree, as text.
        weights: of the linear model by feature, those that are not 0, the largest first; of features on a logarithmic
            scale with variance 1.
        fidelities: of the tree, the linear model, and the tree of the last event alone.
        num_fitted: users that they are fitted on.
        num_held_out: users that they are judged on.
    """

    features: Sequence[str]
    tree: Any
    rules: str
    weights: Mapping[str, float]
    fidelities: Sequence[Fidelity]
    num_fitted: int
    num_held_out: int

    @property
    def is_more_than_last(self) -> bool:
        """True when a surrogate of patterns and history is more faithful than one of the last event."""
        return any(one.gain_low > 0 for one in self.fidelities)


class SurrogateFit:
    """Fits a decision tree and a sparse linear model to what a model recommends.

    Args:
        counted: recommenders that are counted on the training part, by what the rank of an item by them is called.
        last: name of the one that looks at the last event alone.
        num_users: users that are drawn; half of them are held out.
        list_length: items of the list of a user, and as many others.
        max_depth: questions in a row that the tree asks.
        penalty: of the linear model; larger leaves fewer features.
        num_resamples: of the bootstrap over users.
        confidence: share of the intervals.
        seed: of the draws.
        batch_size: histories scored at once.

    Raises:
        UserError: ``last`` is none of ``counted``.
    """

    def __init__(
        self,
        *,
        counted: Mapping[str, Baseline],
        last: str,
        num_users: PositiveInt,
        list_length: PositiveInt,
        max_depth: PositiveInt,
        penalty: PositiveFloat,
        num_resamples: PositiveInt,
        confidence: InnerShare,
        seed: Seed,
        batch_size: PositiveInt,
    ) -> None:
        if last not in counted:
            raise UserError(f"last is {last!r}, allowed are {', '.join(counted)}; change `last`")
        self.counted, self.last, self.num_users, self.list_length = counted, last, num_users, list_length
        self.max_depth, self.penalty = max_depth, penalty
        self.num_resamples, self.confidence, self.seed, self.batch_size = num_resamples, confidence, seed, batch_size

    def fit(self, model: Recommender, cases: Cases, training: InteractionLog, num_items: int) -> Surrogates:
        """Return the surrogates of a model.

        Args:
            model: that recommends.
            cases: histories that it was not trained to continue; half of the drawn ones are held out.
            training: histories that the features are counted on.
            num_items: of the catalog.

        Raises:
            UserError: too few cases, or scikit-learn is not installed.
        """
        tree_of, lasso_of = _packages()
        rng = np.random.default_rng(self.seed)
        able = np.flatnonzero(cases.targets.positions > 0)
        cases = cases.take(rng.permutation(able)[: self.num_users])
        if len(cases) < 4:
            raise UserError(f"{len(cases)} users have a history, and a surrogate needs 4")
        lists = recommended(model, cases, self.list_length, self.batch_size)
        # where items of the history are candidates, others may be items of the history as well
        is_out = cases.collate.seen != "none"
        rows = drawn_rows(lists, [set(cases.history(case) if is_out else ()) for case in range(len(cases))], rng)
        names, values = self._features(cases, rows, training, num_items)
        fitted = rows[:, 0] < len(cases) // 2
        listed = rows[:, 2]
        settings = {"max_depth": self.max_depth, "min_samples_leaf": max(fitted.sum() // 100, 1), "random_state": 0}
        tree = tree_of(**settings).fit(values[fitted], listed[fitted])
        column = [names.index(self.last)]
        short = tree_of(**settings).fit(values[fitted][:, column], listed[fitted])
        logs = np.log2(1 + values)
        scale = np.maximum(logs[fitted].std(axis=0), 1e-9)
        logs = (logs - logs[fitted].mean(axis=0)) / scale
        linear = lasso_of(alpha=self.penalty, max_iter=10_000).fit(logs[fitted], listed[fitted])
        said = {
            "decision tree": tree.predict_proba(values[~fitted])[:, 1],
            "sparse linear model": linear.predict(logs[~fitted]),
            "decision tree of the last event alone": short.predict_proba(values[~fitted][:, column])[:, 1],
        }
        areas = {name: user_areas(rows[~fitted, 0], listed[~fitted], some) for name, some in said.items()}
        order = np.argsort(-np.abs(linear.coef_), kind="stable")
        return Surrogates(
            names,
            tree,
            "\n".join(rule_lines(tree.tree_, names)),
            {names[place]: float(linear.coef_[place]) for place in order if linear.coef_[place]},
            [
                self._fidelity(name, some, areas["decision tree of the last event alone"])
                for name, some in areas.items()
            ],
            len(np.unique(rows[fitted, 0])),
            len(np.unique(rows[~fitted, 0])),
        )

    def _fidelity(self, name: str, areas: NDArray[np.float64], last: NDArray[np.float64]) -> Fidelity:
        users = np.arange(len(areas))

        def draws() -> np.random.Generator:
            return np.random.default_rng(self.seed)

        low, high = bootstrap_interval(areas, users, self.num_resamples, self.confidence, draws())
        gain = paired_bootstrap(areas - last, users, self.num_resamples, self.confidence, draws())
        return Fidelity(name, float(areas.mean()), low, high, gain[0], gain[1])

    def _features(
        self, cases: Cases, rows: NDArray[np.int64], training: InteractionLog, num_items: int
    ) -> tuple[list[str], NDArray[np.float64]]:
        columns = {name: np.empty(len(rows)) for name in self.counted}
        starts = np.searchsorted(rows[:, 0], np.arange(len(cases) + 1))
        for name, baseline in self.counted.items():
            baseline.fit(training, num_items)
            for first in range(0, len(cases), self.batch_size):
                some = np.arange(first, min(first + self.batch_size, len(cases)))
                with torch.no_grad():
                    scores = baseline.score(cases.batch(some)).double().numpy()
                for place, case in enumerate(some.tolist()):
                    own = slice(starts[case], starts[case + 1])
                    columns[name][own] = rankdata(-scores[place, 1:])[rows[own, 1] - 1]
        lengths = np.array([len(cases.events(case)) for case in range(len(cases))], float)
        times = np.array([cases.history(case).count(item) for case, item, _ in rows.tolist()], float)
        columns |= {"events of the history": lengths[rows[:, 0]], "times in the history": times}
        return list(columns), np.stack(list(columns.values()), axis=1)


def drawn_rows(lists: NDArray[np.int64], out: Sequence[set[int]], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return (R, 3) case, item, and whether it is listed (1) or is recommended to others (0), as many of each a case.

    The others are drawn from all lists, as often as they stand there.

    Args:
        lists: (C, K) recommended items, 0 where a list ends.
        out: items of each case that are not drawn.
        rng: draws.
    """
    pool, rows = lists[lists > 0], []
    for case, items in enumerate(lists.tolist()):
        listed = {item for item in items if item}
        drawn = dict.fromkeys(pool[rng.integers(len(pool), size=20 * len(items))].tolist()) if len(pool) else {}
        others = [item for item in drawn if item not in listed and item not in out[case]][: len(listed)]
        if others:
            rows += [(case, item, 1) for item in sorted(listed)] + [(case, item, 0) for item in others]
    return np.array(rows, np.int64).reshape(-1, 3)


def user_areas(users: NDArray[np.int64], listed: NDArray[np.int64], said: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each user the chance that a listed item is put above another one; a tie is half.

    >>> user_areas(np.array([0, 0, 0]), np.array([1, 0, 0]), np.array([0.5, 0.5, 0.1])).tolist()
    [0.75]
    """
    areas = []
    for user in np.unique(users):
        one = said[(users == user) & (listed == 1)][:, None]
        other = said[(users == user) & (listed == 0)][None, :]
        areas.append(float(((one > other) + (one == other) / 2).mean()))
    return np.array(areas)


def rule_lines(nodes: Any, names: Sequence[str], node: int = 0, depth: int = 0) -> list[str]:
    """Return the questions of a tree below a node, each leaf with the share of its items that are listed.

    Args:
        nodes: of a tree of scikit-learn (``tree_``).
        names: of the features.
        node: where to begin.
        depth: how far lines are indented.
    """
    indent = "    " * depth
    if nodes.children_left[node] < 0:
        shares = nodes.value[node][0] / nodes.value[node][0].sum()
        listed = float(shares[1]) if len(shares) > 1 else float("nan")
        return [f"{indent}listed: {listed:.0%} of {nodes.n_node_samples[node]:,}"]
    question = f"{names[nodes.feature[node]]} <= {nodes.threshold[node]:.1f}"
    left, right = (
        rule_lines(nodes, names, children[node], depth + 1) for children in (nodes.children_left, nodes.children_right)
    )
    return [f"{indent}if {question}:", *left, f"{indent}else:", *right]


def _packages() -> tuple[Any, Any]:
    try:
        from sklearn.linear_model import Lasso
        from sklearn.tree import DecisionTreeClassifier
    except ModuleNotFoundError as error:
        raise UserError(
            f"surrogates need {error.name}, which is not installed; install it with pip install 'seqmine[report]'"
        ) from error
    return DecisionTreeClassifier, Lasso
