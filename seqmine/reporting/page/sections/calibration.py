"""Do probabilities mean what they say? Reliability of the probabilities of listed items."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from seqmine.models.module import SequenceModule
from seqmine.probing.queries import probabilities_after
from seqmine.reporting.page import charts
from seqmine.reporting.page.blocks import Block, Chart, Grid, Words
from seqmine.reporting.page.subject import TOP_K, Subject
from seqmine.structs import UserError
from seqmine.structs.bounds import PositiveInt


class Calibration:
    """How often a listed item comes next, by the probability that the model gives it.

    Args:
        num_bins: groups of equally many items, by probability.
    """

    title: ClassVar[str] = "Do probabilities mean what they say?"

    def __init__(self, *, num_bins: PositiveInt) -> None:
        self.num_bins = num_bins

    def __call__(self, subject: Subject) -> Sequence[Block]:
        """Return the reliability curve of the items of the lists of test users."""
        if not isinstance(subject.model, SequenceModule):
            raise UserError("the scores of a counted model are no probabilities, so there is nothing to calibrate")
        lists = [items[items > 0] for items in subject.lists]
        said, _ = probabilities_after(subject.model, subject.cases, lists, subject.config.batch_size)
        targets = np.repeat(subject.cases.items, [len(items) for items in lists])
        came = np.concatenate(lists) == targets
        rows = reliability(said, came, self.num_bins)
        error = expected_error(said, came, self.num_bins)
        horizon = subject.data.features.horizon
        does = "comes next" if horizon is None else f"is a drawn one of the items within {horizon}"
        text = (
            f"A listed item has probability {said.mean():.4f} in the mean and {does} in {came.mean():.4f} of the "
            f"cases; the expected calibration error is {error:.4f} over {self.num_bins} groups of equally many items."
        )
        drawn = [{"x": row[1], "y": row[2], "by": "model"} for row in rows]
        top = max(max(row[1], row[2]) for row in rows)
        drawn += [{"x": end, "y": end, "by": "as it says"} for end in (0.0, top)]
        chart = charts.lines(drawn, x="mean probability of the model", y="share that came next", by="line")
        return [
            Words(f"{text} Probabilities are over the whole catalog, the lists have the first {TOP_K} candidates."),
            Chart("Reliability of the items of the lists", text, chart),
            Grid("Groups of listed items by probability", ["items", "mean probability", "share that came next"], rows),
        ]


def reliability(said: NDArray[np.float64], came: NDArray[np.bool_], num_bins: int) -> list[tuple[int, float, float]]:
    """Return number, mean probability and share of what came, of groups of equally many by rising probability.

    >>> reliability(np.array([0.1, 0.9]), np.array([False, True]), 2)
    [(1, 0.1, 0.0), (1, 0.9, 1.0)]
    """
    parts = [part for part in np.array_split(np.argsort(said, kind="stable"), num_bins) if len(part)]
    return [(len(part), float(said[part].mean()), float(came[part].mean())) for part in parts]


def expected_error(said: NDArray[np.float64], came: NDArray[np.bool_], num_bins: int) -> float:
    """Return the expected calibration error (Naeini et al. 2015) over groups of equally many.

    >>> round(expected_error(np.array([0.1, 0.9]), np.array([False, True]), 2), 9)
    0.1
    """
    return sum(size * abs(mean - share) for size, mean, share in reliability(said, came, num_bins)) / max(len(said), 1)
