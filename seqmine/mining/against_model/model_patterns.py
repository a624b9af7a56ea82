"""Patterns that a trained model uses: found by perturbation queries, abstracted, counted over users.

For a history x and an item y that the model ranks high, events are truly deleted (the gap closes) and the loss of
log-probability is what they are worth. In the order of their worth they grow into an ordered subset, until it alone
keeps enough of the probability of y; what it can spare goes again, and its deletion has to cost more than that of other
events as recent and as popular. What recurs over users is a candidate; whether it is true is for the data to say.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqmine.probing.cases import Cases
from seqmine.probing.controls import control_of, matched_places
from seqmine.probing.edits import Edit, whole_histories
from seqmine.probing.queries import ask, recommended
from seqmine.structs import PatternTable, Recommender
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt, PositiveShare, Seed


@dataclass(frozen=True)
class Explained:
    """The events that one prediction rests on.

    Args:
        user_index: whose history it is.
        places: the events, ascending.
        items: what they are.
        consequent: the item that is predicted.
    """

    user_index: int
    places: tuple[int, ...]
    items: tuple[int, ...]
    consequent: int


@bounded
class ModelPatterns:
    """Find the rules that a model uses.

    Args:
        num_histories: cases to look into, drawn without replacement.
        num_events: events of a history that are tried, those whose deletion costs most.
        sufficiency: share of the probability of the whole history that the events alone must keep.
        top_k: what came next is explained where it is among the K items that the model ranks first, otherwise the one
            that it would recommend first.
        min_count: users in whom the same events explain the same item.
        batch_size: histories scored at once.
        seed: of the draw of histories and of the control events.

    Raises:
        UserError: a setting out of range.
    """

    def __init__(
        self,
        *,
        num_histories: PositiveInt = 1000,
        num_events: PositiveInt = 6,
        sufficiency: PositiveShare = 0.5,
        top_k: PositiveInt = 10,
        min_count: PositiveInt = 2,
        batch_size: PositiveInt = 256,
        seed: Seed = 0,
    ) -> None:
        self.num_histories, self.num_events, self.sufficiency = num_histories, num_events, sufficiency
        self.top_k, self.min_count = top_k, min_count
        self.batch_size, self.seed = batch_size, seed

    def find(self, model: Recommender, held_out: Cases) -> PatternTable:
        """Return every rule as a pattern whose last symbol is what is predicted, those of most users first.

        ``support_count`` counts the users in whom the rule was found, out of ``num_users`` looked into; with the column
        ``example_user`` comes one of them.

        Args:
            model: scores the catalog.
            held_out: cases that had no part in training, of items.
        """
        explained = self.explain(model, held_out)
        users: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for one in explained:
            users[(*one.items, one.consequent)].append(one.user_index)
        found = sorted(users.items(), key=lambda pair: (-len(pair[1]), pair[0]))
        table = PatternTable.from_lists(
            [pattern for pattern, _ in found],
            [len(members) for _, members in found],
            min(self.num_histories, int((held_out.inputs.lengths >= 2).sum())),
        )
        return table.with_columns(example_user=np.array([members[0] for _, members in found], dtype=np.int64))

    def recurring(self, table: PatternTable) -> PatternTable:
        """Return the rules that were found in enough users to be called patterns of the model.

        Args:
            table: what ``find`` returned.
        """
        return table.take(np.flatnonzero(table.support_count >= self.min_count))

    def explain(self, model: Recommender, held_out: Cases) -> list[Explained]:
        """Return the events behind one item of the model's list for each drawn case, where there are such."""
        rng = np.random.default_rng(self.seed)
        able = np.flatnonzero(held_out.inputs.lengths >= 2)
        cases = held_out.take(np.sort(rng.permutation(able)[: self.num_histories]))
        asked = self._asked(model, cases)
        full = asked.ask(range(len(asked.items)), asked.histories)
        worth = deletion_worth(asked, full)
        grown = self._grow(asked, full, worth)
        popularity = np.bincount(held_out.inputs.items)
        return [
            Explained(
                int(cases.users[row]),
                places,
                tuple(asked.histories[row].items[list(places)].tolist()),
                asked.items[row],
            )
            for row, places in _necessary(asked, full, grown, popularity, rng)
        ]

    def _asked(self, model: Recommender, cases: Cases) -> "Asked":
        """Return each case with the item to explain."""
        ranks = ask(model, cases, whole_histories(cases), cases.items.tolist(), self.batch_size).ranks
        firsts = recommended(model, cases, 1, self.batch_size)[:, 0]
        items = np.where(ranks <= self.top_k, cases.items, firsts)
        # nothing is left to recommend to who had every item
        is_asked = np.flatnonzero(items > 0)
        cases = cases.take(is_asked)
        return Asked(model, cases, self.batch_size, whole_histories(cases), items[is_asked].tolist())

    def _grow(
        self, asked: "Asked", full: NDArray[np.float64], worth: list[NDArray[np.float64]]
    ) -> dict[int, list[int]]:
        """Return for each row that has one a sufficient set of events, the most worthy first, that spares none."""
        best = [np.argsort(-values, kind="stable")[: self.num_events].tolist() for values in worth]
        needed = full + np.log(self.sufficiency)

        def sufficient(sets: dict[int, list[int]]) -> list[int]:
            rows = list(sets)
            values = asked.ask(rows, [asked.histories[row].keep(sets[row]) for row in rows])
            return [row for row, value in zip(rows, values, strict=True) if value >= needed[row]]

        grown: dict[int, list[int]] = {}
        for size in range(1, self.num_events + 1):
            wider = {row: order[:size] for row, order in enumerate(best) if row not in grown and len(order) >= size}
            grown |= {row: wider[row] for row in sufficient(wider)}
        for step in reversed(range(self.num_events)):
            fewer = {row: places[:step] + places[step + 1 :] for row, places in grown.items() if step < len(places) > 1}
            grown |= {row: fewer[row] for row in sufficient(fewer)}
        return grown


@dataclass(frozen=True)
class Asked:
    """What a model is asked: for one item after the history of each case, and after its edits.

    Args:
        model: scores the catalog.
        cases: the histories that are looked into.
        batch_size: histories scored at once.
        histories: (C,) each as the model sees it.
        items: (C,) the item that is asked for.
    """

    model: Recommender
    cases: Cases
    batch_size: int
    histories: list[Edit]
    items: list[int]

    def ask(self, rows: Sequence[int], edits: Sequence[Edit]) -> NDArray[np.float64]:
        """Return the log-probability of the item of each row after its edit."""
        items = [self.items[row] for row in rows]
        return ask(self.model, self.cases, edits, items, self.batch_size).log_probabilities

    def explained(self, row: int, places: tuple[int, ...]) -> Explained:
        """Return the explanation that some events of a row are."""
        items = self.histories[row].items[list(places)].tolist()
        return Explained(int(self.cases.users[row]), places, tuple(items), self.items[row])


def _necessary(
    asked: Asked,
    full: NDArray[np.float64],
    grown: dict[int, list[int]],
    popularity: NDArray[np.int64],
    rng: np.random.Generator,
) -> list[tuple[int, tuple[int, ...]]]:
    """Return the rows and sets, in the order of the history, whose deletion costs more than that of others."""
    rows = sorted(grown)
    sets = [tuple(sorted(grown[row])) for row in rows]
    changed: list[Edit] = []
    for row, places in zip(rows, sets, strict=True):
        history = asked.histories[row]
        control = control_of(places, matched_places(popularity[history.items], places, rng), len(history))
        changed += [history.without(places), history.without(control)]
    values = asked.ask(np.repeat(rows, 2).tolist(), changed).reshape(-1, 2)
    cost, control_cost = (full[rows][:, None] - values).T
    is_kept = cost > np.maximum(control_cost, 0.0)
    return [(row, places) for row, places, kept in zip(rows, sets, is_kept, strict=True) if kept]


def deletion_worth(asked: Asked, full: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return for each event of each history how much log-probability its deletion costs.

    Args:
        asked: histories and items.
        full: log-probability with the whole history.
    """
    lengths = [len(history) for history in asked.histories]
    deletions = [history.without([place]) for history in asked.histories for place in range(len(history))]
    values = asked.ask(np.repeat(np.arange(len(lengths)), lengths).tolist(), deletions)
    return [full[row] - part for row, part in enumerate(np.split(values, np.cumsum(lengths)[:-1]))]
