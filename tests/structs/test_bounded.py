import inspect
import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pytest

from seqmine.runs.arguments import arguments_of
from seqmine.structs import UserError
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import NonNegativeInt, PositiveInt, Share, fits


@bounded
class Net:
    """Takes one of each kind."""

    def __init__(
        self, *, width: PositiveInt | None = None, share: Share = 0.5, way: Literal["up", "down"] = "up",
        made_by: Callable[[], "PositiveInt"] | None = None,
    ) -> None:  # fmt: skip
        self.given = (width, share, way, made_by)


@bounded
@dataclass(frozen=True, kw_only=True)
class Step:
    """Is a dataclass."""

    num_events: NonNegativeInt


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        ({"width": 0}, "width is 0, allowed are whole numbers from 1 or null"),
        ({"width": "x"}, "width is 'x', allowed are whole numbers from 1 or null"),
        ({"width": 1.5}, "width is 1.5, allowed are whole numbers from 1 or null"),
        ({"share": float("nan")}, "share is nan, allowed are numbers from 0 and up to 1"),
        ({"share": None}, "share is null, allowed are numbers from 0 and up to 1"),
        ({"way": "left"}, "way is 'left', allowed are up or down"),
    ],
)
def test_what_a_constructor_does_not_say_is_refused_without_a_configuration(argument, sentence):
    with pytest.raises(UserError) as told:
        Net(**argument)
    assert str(told.value) == sentence


def test_what_it_says_is_taken_as_it_is():
    def part() -> int:
        return 1

    assert Net().given == (None, 0.5, "up", None)
    assert Net(width=np.int64(3), share=1, way="down", made_by=part).given == (3, 1, "down", part)


def test_a_dataclass_is_bounded_too():
    step = Step(num_events=3)
    assert pickle.loads(pickle.dumps(step)) == step
    assert replace(step, num_events=0).num_events == 0
    with pytest.raises(UserError, match="num_events is -1, allowed are whole numbers from 0"):
        replace(step, num_events=-1)


def test_its_parameters_stay_known():
    assert list(inspect.signature(Net).parameters) == ["width", "share", "way", "made_by"]
    assert not fits(0, arguments_of(Net).kinds["width"]) and not arguments_of(Net).is_open
    with pytest.raises(TypeError, match="unexpected keyword argument 'depth'"):
        Net(depth=1)
