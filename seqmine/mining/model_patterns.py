"""Patterns that a trained model works by: drawn from deletions, abstracted, counted over users.

For a history x and an item y that the model ranks high, events are truly deleted (the gap closes) and the loss of
log-probability is what they are worth. The most worthy events are grown into the smallest ordered subset that alone
keeps enough of the probability of y and whose deletion costs more than that of other events. What recurs over users
is a candidate; whether it is true is for the data to say.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from seqmine.structs import InteractionLog, PatternTable, Recommender, SequenceBatch, UserError

Asked = tuple[list[int], int]
"""A history and the item that is asked about."""


def batch_of(histories: Sequence[Sequence[int]]) -> SequenceBatch:
    """Return a right-padded batch of histories of items alone; an empty one is a single padded position.

    >>> batch_of([[1, 2], [3]]).items.tolist()
    [[1, 2], [3, 0]]
    """
    lengths = torch.tensor([max(1, len(history)) for history in histories])
    items = torch.zeros(len(histories), int(lengths.max()), dtype=torch.int64)
    for row, history in enumerate(histories):
        items[row, : len(history)] = torch.tensor(history, dtype=torch.int64)
    return SequenceBatch(items, torch.zeros_like(items), lengths, torch.full((len(histories),), -1))


def log_probabilities(model: Recommender, asked: Sequence[Asked], batch_size: int) -> NDArray[np.float64]:
    """Return the model's log-probability of the item of each history, over the whole catalog without padding.

    Scores that are no logits (a baseline's) become a distribution all the same; compare values of one model only.

    Args:
        model: scores the catalog.
        asked: histories and items.
        batch_size: histories scored at once.
    """
    order = sorted(range(len(asked)), key=lambda index: len(asked[index][0]))
    result = np.empty(len(asked))
    with torch.no_grad():
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            scores = model.score(batch_of([asked[row][0] for row in rows])).double()[:, 1:]
            items = torch.tensor([asked[row][1] for row in rows]) - 1
            chosen = scores.gather(1, items.unsqueeze(1).to(scores.device)).squeeze(1)
            result[rows] = (chosen - scores.logsumexp(dim=1)).cpu().numpy()
    return result


def without(history: Sequence[int], places: Sequence[int]) -> list[int]:
    """Return a history without the events at the given places.

    >>> without([5, 6, 7], [1])
    [5, 7]
    """
    gone = set(places)
    return [item for place, item in enumerate(history) if place not in gone]


def top_predictions(model: Recommender, histories: Sequence[list[int]], batch_size: int) -> list[int]:
    """Return the item that the model ranks first after each history, among those not in it."""
    result: list[int] = []
    with torch.no_grad():
        for start in range(0, len(histories), batch_size):
            part = histories[start : start + batch_size]
            scores = model.score(batch_of(part)).clone()
            scores[:, 0] = -torch.inf
            for row, history in enumerate(part):
                scores[row, torch.tensor(history)] = -torch.inf
            result += scores.argmax(dim=1).tolist()
    return result


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
        num_histories: histories to look into, drawn without replacement.
        num_events: events of a history that are tried, those whose deletion costs most.
        sufficiency: share of the probability of the whole history that the events alone must keep.
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
        min_count: int = 2,
        max_length: int = 50,
        batch_size: int = 256,
        seed: int = 0,
    ) -> None:
        numbers = {"num_histories": num_histories, "num_events": num_events, "min_count": min_count}
        for name, value in {**numbers, "max_length": max_length, "batch_size": batch_size}.items():
            if value < 1:
                raise UserError(f"{name}={value} is not allowed: set model_patterns.{name} to 1 or more.")
        if not 0 < sufficiency <= 1:
            raise UserError(
                f"sufficiency={sufficiency} is not allowed: set model_patterns.sufficiency above 0 and up to 1."
            )
        self.num_histories, self.num_events, self.sufficiency = num_histories, num_events, sufficiency
        self.min_count, self.max_length, self.batch_size, self.seed = min_count, max_length, batch_size, seed

    def find(self, model: Recommender, log: InteractionLog) -> PatternTable:
        """Return the rules as patterns whose last symbol is what is predicted.

        ``support_count`` counts the users in whom the rule was found, out of ``num_users`` looked into; with the column
        ``example_user`` comes one of them.

        Args:
            model: scores the catalog.
            log: histories that the model may see, of items.
        """
        explained = self.explain(model, log)
        users: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for one in explained:
            users[(*one.items, one.consequent)].append(one.user_index)
        found = [(pattern, members) for pattern, members in users.items() if len(set(members)) >= self.min_count]
        found.sort(key=lambda pair: (-len(set(pair[1])), pair[0]))
        table = PatternTable.from_lists(
            [pattern for pattern, _ in found],
            [len(set(members)) for _, members in found],
            min(self.num_histories, int((log.lengths >= 2).sum())),
        )
        return table.with_columns(example_user=np.array([members[0] for _, members in found], dtype=np.int64))

    def explain(self, model: Recommender, log: InteractionLog) -> list[Explained]:
        """Return the events behind the first-ranked item of each drawn history, where there are such."""
        rng = np.random.default_rng(self.seed)
        able = np.flatnonzero(log.lengths >= 2)
        users = np.sort(rng.permutation(able)[: self.num_histories])
        histories = [log.history(int(user))[-self.max_length :].tolist() for user in users]
        items = top_predictions(model, histories, self.batch_size)
        asked: list[Asked] = list(zip(histories, items, strict=True))
        full = log_probabilities(model, asked, self.batch_size)
        worth = deletion_worth(model, asked, full, self.batch_size)
        results = []
        for index, (history, item) in enumerate(asked):
            places = self._grow(model, history, item, full[index], worth[index], rng)
            if places:
                events = tuple(history[place] for place in places)
                results.append(Explained(int(users[index]), places, events, item))
        return results

    def _grow(
        self,
        model: Recommender,
        history: list[int],
        item: int,
        full: float,
        worth: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> tuple[int, ...]:
        """Return the smallest set of the most worthy events that is sufficient and necessary, or nothing."""
        best = np.argsort(-worth, kind="stable")[: self.num_events].tolist()
        sets = [sorted(best[:size]) for size in range(1, len(best) + 1)]
        kept = log_probabilities(model, [([history[p] for p in places], item) for places in sets], self.batch_size)
        enough = np.flatnonzero(kept >= full + np.log(self.sufficiency))
        if not len(enough):
            return ()
        places = sets[int(enough[0])]
        others = [place for place in range(len(history)) if place not in places]
        if not others:
            return tuple(places)
        control = rng.choice(others, size=min(len(places), len(others)), replace=False)
        cost, control_cost = full - log_probabilities(
            model, [(without(history, places), item), (without(history, control.tolist()), item)], self.batch_size
        )
        return tuple(places) if cost > max(control_cost, 0.0) else ()


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
