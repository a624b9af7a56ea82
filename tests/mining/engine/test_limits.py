import pytest

from seqmine.mining.engine.limits import PatternLimits
from seqmine.structs import PatternTable, UserError


def test_more_symbols_leave_all_other_limits_and_the_first_value_alone():
    limits = PatternLimits(min_support=0.5, max_length=4, max_gap=2, must_contain=[7])
    other = limits.containing((8, 9))
    assert tuple(limits.must_contain) == (7,)
    assert other.must_contain == other.constraints.must_contain == (7, 8, 9)
    assert (other.min_support, other.max_length, other.max_gap) == (0.5, 4, 2)


def test_a_share_is_of_the_users_at_hand():
    limits = PatternLimits(min_support=0.3)
    assert limits.lowest_count(10) == 3
    assert limits.needed_count(PatternTable.from_lists([(1,)], [8], 11)) == 4
    assert PatternLimits(min_count=5, min_support=0.3).lowest_count(100) == 5


@pytest.mark.parametrize(
    ("settings", "name"),
    [({"min_count": 0}, "min_count"), ({}, "min_count"), ({"max_span": 0}, "max_span"), ({"num_threads": -1}, "num_")],
    ids=str,
)
def test_a_limit_out_of_range_is_refused_at_once(settings, name):
    with pytest.raises(UserError, match=f"^{name}"):
        PatternLimits(**{"min_count": None if settings == {} else 1, **settings})


@pytest.mark.parametrize(("typed", "seconds"), [("90s", 90), ("30m", 1800), ("7d", 604800), (60, 60), (None, None)])
def test_a_duration_may_have_a_unit(typed, seconds):
    assert PatternLimits(min_count=1, max_duration=typed).constraints.max_duration == seconds


@pytest.mark.parametrize("typed", ["7 days", "d", "1.5h", "-1d"])
def test_other_durations_are_refused(typed):
    with pytest.raises(UserError, match=f"max_duration is '{typed}', allowed are seconds, or a number with a unit"):
        PatternLimits(min_count=1, max_duration=typed)
