"""Where is a model good? Its value on parts of the targets, each with an interval over users."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from seqmine.metrics.comparison import bootstrap_interval
from seqmine.structs import UserError


@dataclass(frozen=True)
class SliceValue:
    """The value of one model on one part of the targets.

    Args:
        model: its name.
        num_users: users with a target in the part.
        num_targets: targets in the part.
        value: mean over these targets.
        low: lower end of the confidence interval of ``value``.
        high: upper end.
    """

    model: str
    num_users: int
    num_targets: int
    value: float
    low: float
    high: float


def split_at(values: NDArray, edges: Sequence[float]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield (name, which values belong to it) of each part between rising edges; empty parts are left out.

    Raises:
        UserError: edges that do not rise.

    >>> [(name, inside.tolist()) for name, inside in split_at(np.array([0, 3, 1]), [1.0, 5.0])]
    [('below 1', [True, False, False]), ('1 to below 5', [False, True, True])]
    """
    if not edges or any(low >= high for low, high in pairwise(edges)):
        raise UserError(f"the edges of a slice are {list(edges)}, allowed are rising numbers; change slices")
    inner = [f"{low:g} to below {high:g}" for low, high in pairwise(edges)]
    places = np.searchsorted(np.asarray(edges), values, side="right")
    for place, name in enumerate([f"below {edges[0]:g}", *inner, f"from {edges[-1]:g}"]):
        if (places == place).any():
            yield name, places == place


def slice_values(
    gains: Mapping[str, NDArray[np.float64]],
    users: NDArray[np.int64],
    *,
    num_resamples: int,
    confidence: float,
    rng: np.random.Generator,
) -> list[SliceValue]:
    """Return the value of every model on the given targets, with its bootstrap interval over users.

    Args:
        gains: value of each target, one array a model; see ``rank_gains``.
        users: number of the user of each target.
        num_resamples: draws of the bootstrap.
        confidence: share of the interval.
        rng: source of the draws.
    """
    found, num_users = [], len(np.unique(users))
    for model, values in gains.items():
        low, high = bootstrap_interval(values, users, num_resamples, confidence, rng)
        found.append(SliceValue(model, num_users, len(values), float(values.mean()), low, high))
    return found
