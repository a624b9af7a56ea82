"""Patterns that a trained model works by: drawn from deletions, abstracted, counted over users.

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

from seqmine.mining.against_model.held_out import HeldOut
from seqmine.probing.questions import (
    Asked,
    ask,
    control_of,
    log_probabilities,
    matched_places,
    top_predictions,
    without,
)
from seqmine.structs import PatternTable, Recommender, UserError


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


class ModelPatterns:
    """Find the rules that a model works by.

    Args:
        num_histories: cases to look into, drawn without replacement.
        num_events: events of a history that are tried, those whose deletion costs most.
        sufficiency: share of the probability of the whole history that the events alone must keep.
        top_k: what came next is explained where it is among so many items that the model ranks first, otherwise the one
            that it ranks first and that the history lacks.
        min_count: users in whom the same events explain the same item.
        max_length: last events of a history that are looked at.
        batch_size: histories scored at once.
        seed: of the draw of histories and of the control events.

    Raises:
        UserError: a setting out of range.
    """

    def __init__(
        self,
        *,
        num_histories: int = 1000,
        num_events: int = 6,
        sufficiency: float = 0.5,
        top_k: int = 10,
        min_count: int = 2,
        max_length: int = 50,
        batch_size: int = 256,
        seed: int = 0,
    ) -> None:
        numbers = {"num_histories": num_histories, "num_events": num_events, "min_count": min_count}
        for name, value in {**numbers, "top_k": top_k, "max_length": max_length, "batch_size": batch_size}.items():
            if value < 1:
                raise UserError(f"{name}={value} is not allowed: set task.model_patterns.{name} to 1 or more.")
        if not 0 < sufficiency <= 1:
            raise UserError(
                f"sufficiency={sufficiency} is not allowed: set task.model_patterns.sufficiency above 0 and up to 1."
            )
        self.num_histories, self.num_events, self.sufficiency = num_histories, num_events, sufficiency
        self.top_k, self.min_count, self.max_length = top_k, min_count, max_length
        self.batch_size, self.seed = batch_size, seed

    def find(self, model: Recommender, held_out: HeldOut) -> PatternTable:
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

    def explain(self, model: Recommender, held_out: HeldOut) -> list[Explained]:
        """Return the events behind one item of the model's list for each drawn case, where there are such."""
        rng = np.random.default_rng(self.seed)
        able = np.flatnonzero(held_out.inputs.lengths >= 2)
        cases = np.sort(rng.permutation(able)[: self.num_histories])
        histories = [held_out.history(case, self.max_length) for case in cases.tolist()]
        asked = self._chosen(model, histories, held_out.items[cases].tolist())
        full = log_probabilities(model, asked, self.batch_size)
        worth = deletion_worth(model, asked, full, self.batch_size)
        grown = self._grow(model, asked, full, worth)
        popularity = np.bincount(held_out.inputs.items)
        return [
            Explained(int(held_out.users[cases[row]]), places, tuple(histories[row][p] for p in places), asked[row][1])
            for row, places in self._necessary(model, asked, full, grown, popularity, rng)
        ]

    def _chosen(self, model: Recommender, histories: list[list[int]], items: list[int]) -> list[Asked]:
        """Return each history with the item to explain."""
        _, ranks = ask(model, list(zip(histories, items, strict=True)), self.batch_size)
        firsts = top_predictions(model, histories, self.batch_size)
        chosen = [
            item if rank <= self.top_k else first
            for item, rank, first in zip(items, ranks.tolist(), firsts, strict=True)
        ]
        return list(zip(histories, chosen, strict=True))

    def _grow(
        self,
        model: Recommender,
        asked: list[Asked],
        full: NDArray[np.float64],
        worth: list[NDArray[np.float64]],
    ) -> dict[int, list[int]]:
        """Return for each row that has one a sufficient set of events, the most worthy first, that spares none."""
        best = [np.argsort(-values, kind="stable")[: self.num_events].tolist() for values in worth]
        needed = full + np.log(self.sufficiency)

        def sufficient(sets: dict[int, list[int]]) -> list[int]:
            rows = list(sets)
            alone = [([asked[row][0][place] for place in sorted(sets[row])], asked[row][1]) for row in rows]
            values = log_probabilities(model, alone, self.batch_size)
            return [row for row, value in zip(rows, values, strict=True) if value >= needed[row]]

        grown: dict[int, list[int]] = {}
        for size in range(1, self.num_events + 1):
            wider = {row: order[:size] for row, order in enumerate(best) if row not in grown and len(order) >= size}
            grown |= {row: wider[row] for row in sufficient(wider)}
        for step in reversed(range(self.num_events)):
            fewer = {row: places[:step] + places[step + 1 :] for row, places in grown.items() if step < len(places) > 1}
            grown |= {row: fewer[row] for row in sufficient(fewer)}
        return grown

    def _necessary(
        self,
        model: Recommender,
        asked: list[Asked],
        full: NDArray[np.float64],
        grown: dict[int, list[int]],
        popularity: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> list[tuple[int, tuple[int, ...]]]:
        """Return the rows and sets, in the order of the history, whose deletion costs more than that of others."""
        rows = sorted(grown)
        sets = [tuple(sorted(grown[row])) for row in rows]
        changed: list[Asked] = []
        for row, places in zip(rows, sets, strict=True):
            history, item = asked[row]
            control = control_of(places, matched_places(popularity[history], places, rng), len(history))
            changed += [(without(history, places), item), (without(history, control), item)]
        values = log_probabilities(model, changed, self.batch_size).reshape(-1, 2)
        cost, control_cost = (full[rows][:, None] - values).T
        is_kept = cost > np.maximum(control_cost, 0.0)
        return [(row, places) for row, places, kept in zip(rows, sets, is_kept, strict=True) if kept]


def deletion_worth(
    model: Recommender, asked: Sequence[Asked], full: NDArray[np.float64], batch_size: int
) -> list[NDArray[np.float64]]:
    """Return for each event of each history how much log-probability its deletion costs.

    Args:
        model: scores the catalog.
        asked: histories and items.
        full: log-probability with the whole history.
        batch_size: histories scored at once.
    """
    deletions = [(without(history, [place]), item) for history, item in asked for place in range(len(history))]
    values = log_probabilities(model, deletions, batch_size)
    stops = np.cumsum([len(history) for history, _ in asked])
    return [full[row] - part for row, part in enumerate(np.split(values, stops[:-1]))]
