import numpy as np
import pytest

from seqmine.structs import InteractionLog, UserError
from seqmine.structs.constraints import FOREVER, UNLIMITED, Constraints, check_whole, threshold


@pytest.mark.parametrize("name", ["min_length", "max_length", "max_gap", "max_span"])
@pytest.mark.parametrize("value", [0, -3, True])
def test_limits_are_whole_numbers_from_one(name, value):
    with pytest.raises(UserError, match=f"{name} is {value}, allowed are whole numbers from 1"):
        Constraints(**{name: value})


def test_a_duration_may_be_zero_and_no_less():
    assert Constraints(max_duration=0).limits[3] == 0
    with pytest.raises(UserError, match="max_duration is -1, allowed are whole numbers from 0"):
        Constraints(max_duration=-1)


def test_a_longest_pattern_below_the_shortest_is_refused():
    with pytest.raises(UserError, match="max_length is 2, below min_length=3"):
        Constraints(min_length=3, max_length=2)


def test_unset_limits_are_beyond_every_history():
    assert Constraints().limits.tolist() == [UNLIMITED, UNLIMITED, UNLIMITED, FOREVER, 1, FOREVER, 0]
    assert Constraints(max_length=4, max_gap=1, max_span=9, max_duration=60).limits[:4].tolist() == [4, 1, 9, 60]
    assert Constraints(min_gap=2, max_gap_time=90, min_gap_time=5).limits[4:].tolist() == [2, 90, 5]


@pytest.mark.parametrize(
    ("keywords", "greedy"),
    [({}, True), ({"max_length": 3}, True), ({"strict_time": True}, True), ({"max_gap": 1}, False),
     ({"max_span": 5}, False), ({"max_duration": 5}, False), ({"min_gap": 1, "min_gap_time": 0}, True),
     ({"min_gap": 2}, False), ({"max_gap_time": 9}, False), ({"min_gap_time": 1}, False)],
)  # fmt: skip
def test_the_leftmost_match_is_enough_without_limits_on_place(keywords, greedy):
    assert Constraints(**keywords).is_greedy is greedy


def test_needed_symbols_add_up():
    assert Constraints(must_contain=(3,)).containing((4, 5)).must_contain == (3, 4, 5)


@pytest.mark.parametrize("keywords", [{"strict_time": True}, {"max_duration": 5}, {"max_gap_time": 5}])
def test_limits_on_time_need_times(keywords):
    (name,) = keywords
    with pytest.raises(
        UserError,
        match=f"{name.removesuffix('_time') if 'gap' in name else name} is {keywords[name]}, which needs timestamps, .* unset it or set source.timestamp",
    ):
        Constraints(**keywords).check(InteractionLog.from_lists([[1]]))
    Constraints(**keywords).check(InteractionLog(np.ones(1, np.int32), np.array([0, 1]), timestamps=np.array([5])))
    Constraints(max_gap=1).check(InteractionLog.from_lists([[1]]))


@pytest.mark.parametrize("share", [0.0, 1.5, -0.1])
def test_a_share_out_of_range_is_named(share):
    with pytest.raises(UserError, match=f"min_support is {share}, allowed are numbers above 0 and up to 1"):
        threshold(100, None, share)


def test_the_decimal_that_was_typed_counts():
    assert threshold(100, None, 0.07) == 7
    assert threshold(6041, None, 0.1) == 605
    assert threshold(6041, 12, 0.1) == 12, "a count comes before a share"
    with pytest.raises(UserError, match="both unset"):
        threshold(10, None, None)


def test_whole_numbers_of_any_kind_are_taken():
    assert check_whole("min_count", np.int64(4), 1) == 4
    for value in (1.5, "2", None):
        with pytest.raises(UserError, match=f"min_count is {value!r}, allowed are whole numbers from 1"):
            check_whole("min_count", value, 1)
