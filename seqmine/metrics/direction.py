"""Which way is better: of every name that a run measures, whether its best value is the lowest or the highest."""

import math
from collections.abc import Sequence
from typing import Literal

_LOW_PARTS = ("train", "time", "memory")  # all that training logs is a loss or a part of one
_LOW_NAMES = ("loss", "popularity_bias")


def direction(metric: str) -> Literal["min", "max"]:
    """Return whether a metric is best at its lowest or at its highest value: losses fall, metrics rise.

    >>> direction("val/loss"), direction("train/contrast"), direction("val/ndcg@10")
    ('min', 'min', 'max')
    """
    part, _, name = metric.rpartition("/")
    return "min" if part in _LOW_PARTS or name.partition("@")[0] in _LOW_NAMES else "max"


def best_place(values: Sequence[float], metric: str) -> int:
    """Return the place of the best value of a metric, the first of equals; NaN is never the best.

    >>> best_place([0.3, float("nan"), 0.1], "val/loss"), best_place([0.3, 0.3, 0.1], "val/ndcg@10")
    (2, 0)
    """
    sign = -1.0 if direction(metric) == "min" else 1.0
    gains = [-math.inf if math.isnan(value) else sign * value for value in values]
    return gains.index(max(gains))
