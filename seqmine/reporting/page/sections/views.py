"""Views of the model: attention, influence of events, and the arrangement of its items."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from seqmine.explanation.faithfulness.consistency import rank_correlation
from seqmine.explanation.faithfulness.judgement import questions_of_lists
from seqmine.explanation.question import Explainer
from seqmine.explanation.views import (
    Group,
    attention_by_distance,
    influence_by_gap,
    influence_by_position,
    item_map,
    nearest,
)
from seqmine.models.module import item_vectors
from seqmine.reporting.page import charts
from seqmine.reporting.page.blocks import Block, Cell, Chart, Grid, Heading, Note, Words
from seqmine.reporting.page.explained import sentence
from seqmine.reporting.page.subject import Subject
from seqmine.structs import UserError
from seqmine.structs.bounds import PositiveInt, Seed

_MOST_VALUES = 8  # of an attribute that colors can tell apart
_NUM_NEAREST = 5


class Views:
    """What a whole model looks at, and how it arranges its items.

    Args:
        explainer: tells the shares of events.
        num_users: test users whose attention and shares are averaged.
        num_events: distances that are shown.
        num_points: items in pictures, the most popular first.
        num_named: items whose nearest ones are told, the most popular first.
        color: attribute of items that colors the map; null takes the popularity.
        seed: of the draw of users.
    """

    title: ClassVar[str] = "Inside the model"

    def __init__(
        self,
        *,
        explainer: Explainer,
        num_users: PositiveInt,
        num_events: PositiveInt,
        num_points: PositiveInt,
        num_named: PositiveInt,
        color: str | None,
        seed: Seed,
    ) -> None:
        self.explainer, self.num_users, self.num_events = explainer, num_users, num_events
        self.num_points, self.num_named, self.color, self.seed = num_points, num_named, color, seed

    def __call__(self, subject: Subject) -> Sequence[Block]:
        """Return the views that the model and its log have."""
        blocks: list[Block] = []
        for view in (self._attention, self._influence, self._items):
            try:
                blocks += view(subject)
            except UserError as error:
                blocks.append(Note(sentence(str(error).split(";")[0])))
        return blocks

    def _cases(self, subject: Subject) -> Any:
        able = np.flatnonzero((subject.cases.targets.positions > 1) & (subject.lists[:, 0] > 0))
        chosen = np.random.default_rng(self.seed).permutation(able)[: self.num_users]
        return subject.cases.take(np.sort(chosen))

    def _attention(self, subject: Subject) -> list[Block]:
        cases = self._cases(subject)
        found = attention_by_distance(subject.model, cases, self.num_events)
        rows = [
            {"y": f"layer {layer + 1}, head {head + 1}", "x": ago + 1, "value": float(value)}
            for layer, heads in enumerate(found)
            for head, values in enumerate(heads)
            for ago, value in enumerate(values)
            if not np.isnan(value)
        ]
        first = ", ".join(f"{row['y']} {row['value']:.0%}" for row in rows if row["x"] == 1)
        return [
            Heading("Where attention goes"),
            Words(
                f"Mean attention of the last position over {len(cases):,} test users. It is a picture of what the "
                "model looks at, not of what decides: for that, see the shares."
            ),
            Chart(
                "Attention by head and distance",
                f"Attention to the last event: {first}.",
                charts.heat(rows, x="events ago", y="head", value="mean attention"),
            ),
        ]

    def _influence(self, subject: Subject) -> list[Block]:
        cases = self._cases(subject)
        questions = questions_of_lists(subject.model, cases, 1, subject.config.batch_size)
        shares = self.explainer.explain(subject.model, cases, questions)
        places = influence_by_position(shares, self.num_events)
        total = sum(group.share * group.num_events for group in places)
        half = _half(places)
        text = (
            f"Half of all influence is that of the last {half} event{'s' if half > 1 else ''}"
            if total
            else "No event has any influence"
        )
        name = type(self.explainer).__name__.removesuffix("Explainer")
        blocks: list[Block] = [
            Heading("Which events the model listens to"),
            Words(f"{text}, by the size of the shares ({name}) of the first recommendations to {len(cases):,} users."),
            Chart(
                "Mean size of the share by events ago",
                f"{text}.",
                charts.lines(
                    [{"x": int(one.name), "y": one.share} for one in places],
                    x="events ago",
                    y="mean size of the share",
                    whole=True,
                ),
            ),
        ]
        gaps = influence_by_gap(cases, questions, shares)
        if gaps:
            said = ", ".join(f"{one.name} {one.share:.3g}" for one in gaps)
            drawn = charts.columns(_values(gaps), x="time before the last event", y="mean size of the share")
            blocks.append(Chart("Mean size of the share by time gap", f"Mean size of the share: {said}.", drawn))
        return blocks

    def _items(self, subject: Subject) -> list[Block]:
        table = item_vectors(subject.model)
        if table is None:
            raise UserError("a model that is counted has no vectors of items, so there is no map of them")
        counts = subject.catalog.train_counts[1:].numpy()
        vectors, order = table[1:].double().numpy(), np.argsort(-counts, kind="stable")
        shown = order[: self.num_points]
        places, share = item_map(vectors[shown])
        names = [subject.names.shown(int(row) + 1) for row in shown]
        color, values, is_ordered = self._colors(subject, shown, counts)
        rows = [
            {"x": round(float(x), 4), "y": round(float(y), 4), "name": name, "color": value}
            for (x, y), name, value in zip(places, names, values, strict=True)
        ]
        lengths = np.linalg.norm(vectors, axis=1)
        slope = rank_correlation(counts.astype(float), lengths)
        sizes = [
            {
                "x": int(max(counts[row], 1)),
                "y": round(float(lengths[row]), 4),
                "name": name,
                "color": value,
            }
            for row, name, value in zip(shown.tolist(), names, values, strict=True)
        ]
        how = charts.points(rows, x="first direction", y="second direction", color=color, is_ordered=is_ordered)
        norms = charts.points(
            sizes, x="training events", y="length of the vector", color=color, log_x=True, is_ordered=is_ordered
        )
        near = nearest(vectors, order[: self.num_named].tolist(), _NUM_NEAREST)
        cells: list[list[Cell]] = [
            [
                subject.names.shown(int(row) + 1),
                int(counts[row]),
                *(f"{subject.names.shown(other + 1)} ({cosine:.2f})" for other, cosine in some),
            ]
            for row, some in zip(order[: self.num_named], near, strict=True)
        ]
        columns = ["item", "training events", *(f"nearest {place + 1}" for place in range(len(near[0]) if near else 0))]
        return [
            Heading("How items are arranged"),
            Chart(
                f"Map of the {len(shown):,} most popular items, colored by {color}",
                f"The two main directions of the item vectors, which show {share:.0%} of their variance.",
                how,
            ),
            Chart(
                "Length of the item vector by popularity",
                f"Rank correlation of length and popularity over all items: {slope:.2f}.",
                norms,
            ),
            Words(
                f"The map shows the two main directions of the vectors, {share:.0%} of their variance. Length and "
                f"popularity have a rank correlation of {slope:.2f}: {_meaning(slope)}."
            ),
            Grid("Nearest items by the cosine of their vectors, the most popular first", columns, cells),
        ]

    def _colors(self, subject: Subject, shown: NDArray[np.int64], counts: NDArray[np.int64]) -> tuple[str, list, bool]:
        if self.color is None:
            return "training events", [int(max(counts[row], 1)) for row in shown], True
        column = subject.catalog.features.get(self.color)
        if column is None:
            known = ", ".join(subject.catalog.features) or "none"
            raise UserError(
                f"color is {self.color!r}, which is no attribute of the items, those are: {known}; change `color`"
            )
        values = [_first(column[row]) for row in shown]
        kinds, sizes = np.unique(values, return_counts=True)
        told = set(kinds[np.argsort(-sizes, kind="stable")][: _MOST_VALUES - 1].tolist())
        return (
            self.color,
            [value if value in told or len(kinds) <= _MOST_VALUES else "other" for value in values],
            False,
        )


def _first(value: object) -> str:
    """Return the first of several values, which stand in a list or with | between; those of no value are unknown."""
    some = value if isinstance(value, list | tuple) else str(value or "unknown").split("|")
    return str(some[0]) if some else "unknown"


def _values(groups: Sequence[Group]) -> list[dict[str, Any]]:
    return [{"name": one.name, "value": one.share} for one in groups]


def _half(places: Sequence[Group]) -> int:
    """Return how many of the latest events have half of the influence.

    >>> _half([Group("1", 3.0, 2), Group("2", 2.0, 2), Group("3", 1.0, 2)])
    1
    """
    sums = np.cumsum([one.share * one.num_events for one in places])
    return int(np.searchsorted(sums, sums[-1] / 2)) + 1 if len(sums) else 0


def _meaning(correlation: float) -> str:
    if np.isnan(correlation) or abs(correlation) < 0.2:
        return "how popular an item is hardly shows in its length"
    return "popular items have longer vectors" if correlation > 0 else "popular items have shorter vectors"
