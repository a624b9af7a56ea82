from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from seqmine.structs.bounds import (
    PART,
    AtLeastTwo,
    Bounds,
    InnerShare,
    NonNegativeFloat,
    PositiveInt,
    Seed,
    Share,
    ShareBelowOne,
    fits,
    words,
)

NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("kind", "yes", "no"),
    [
        (int, [0, -3], [1.0, True, "1", None, 2**63, [1]]),
        (float, [0, 0.5, -1e30], [True, "1", None, NAN, INFINITY, -INFINITY, 1e99]),
        (bool, [True], [1, 0.0, "true", None]),
        (str, ["", "a"], [1, None, True, ["a"]]),
        (Path, ["a"], [1, None]),
        (PositiveInt, [1], [0, -1, 1.0, NAN]),
        (AtLeastTwo, [2], [1]),
        (Seed, [0, 2**32 - 1], [-1, 2**32]),
        (Share, [0, 1, 0.5], [-0.1, 1.1, NAN]),
        (ShareBelowOne, [0], [1]),
        (InnerShare, [0.5], [0, 1]),
        (PositiveInt | None, [None, 1], [0, "x"]),
        (PositiveInt | str, ["x", 1], [0, None]),
        (Literal["auto", 1], ["auto", 1], ["x", True, 1.0, None]),
        (Sequence[PositiveInt], [[1, 2], []], [[0], [None], 1, "12", None, {"a": 1}]),
        (list[str] | None, [["a"], None], ["a", [1]]),
        (tuple[Share, Share], [[0, 1]], [[0], [0, 2], 1]),
        (Mapping[str, NonNegativeFloat], [{"a": 1}], [{"a": -1}, [1], "a"]),
        (Callable[..., int], [PART], [1, "a", None, [1], {"a": 1}]),
        (Bounds, [PART], [1, "a", None]),
        (Any, [None, 1, "a", PART], []),
    ],
)
def test_values_that_are_of_a_kind_and_values_that_are_not(kind, yes, no):
    for value in yes:
        assert fits(value, kind), value
    for value in no:
        assert not fits(value, kind), value


def test_kinds_in_words():
    assert words(bool | None) == "true, false or null"
    assert words(Sequence[str]) == "lists of texts"
    assert words(Mapping[str, int]) == "names with values"
    assert words(Callable[..., int]) == "what its class takes"
