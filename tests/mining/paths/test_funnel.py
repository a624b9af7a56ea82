from dataclasses import replace

import numpy as np
import pytest

from seqmine.mining.paths.cases import FunnelCases, whole_histories
from seqmine.mining.paths.funnel import Variant, find_variants, first_reached, measure_funnel
from seqmine.structs import InteractionLog

VIEW, CART, BUY = 1, 2, 3


def cases():
    """Five histories of four people (one has two), with times."""
    log = InteractionLog.from_lists(
        [[VIEW, CART, BUY], [VIEW, VIEW, CART], [VIEW, BUY], [CART, BUY], [VIEW, CART, BUY]]
    )
    times = np.array([0, 60, 100, 0, 5, 125, 0, 1, 0, 1, 0, 600, 700])
    return FunnelCases(replace(log, timestamps=times), ["view", "cart", "buy"], np.array([0, 0, 1, 2, 3]), 6)


def funnel(**settings):
    defaults = {"max_duration": None, "most_variants": 10, "same_item": True}
    return measure_funnel(cases(), ["view", "cart", "buy"], **(defaults | settings))


def test_people_count_once_and_steps_need_those_before():
    steps = funnel().steps
    assert [step.cases for step in steps] == [4, 3, 2]
    assert [step.people for step in steps] == [3, 2, 2], "person 0 has two histories; 1 buys without a cart"
    assert [step.share for step in steps] == pytest.approx([3 / 6, 2 / 3, 1])
    assert [step.share_of_first for step in steps] == pytest.approx([1, 2 / 3, 2 / 3])
    assert [step.case_share for step in steps] == pytest.approx([4 / 5, 3 / 4, 2 / 3])
    assert all(step.share_lower < step.share <= step.share_upper for step in steps)


def test_the_time_between_steps_is_that_of_the_histories_that_take_both():
    steps = funnel().steps
    assert steps[0].seconds is None
    assert steps[1].seconds[1] == 125, "60, 125 (from the first view) and 600"
    assert steps[2].seconds[1] == 70


def test_what_stops_is_told_with_what_it_does_instead():
    view, cart, buy = funnel().steps
    assert view.next_after == [("buy", 1)]
    assert cart.next_after == [(None, 1)]
    assert buy.next_after == []


@pytest.mark.parametrize(("limit", "reached"), [(99, [4, 1, 0]), (100, [4, 1, 1]), (120, [4, 2, 1]), (700, [4, 3, 2])])
def test_all_steps_lie_within_the_duration_of_the_first(limit, reached):
    """The second view of history 1 is 120 seconds before its cart, the first 125."""
    assert [step.cases for step in funnel(max_duration=limit).steps] == reached


def test_the_places_are_those_of_the_first_try_that_gets_furthest():
    log = cases().log
    places = first_reached(log.items, log.offsets, log.timestamps, np.array([VIEW, CART], np.int32), 120)
    assert places[1].tolist() == [4, 5]
    brute = [next((True for a, b in ((0, 1),) if row[a:] and VIEW in row and CART in row[row.index(VIEW):]), False)
             for row in (log.history(case).tolist() for case in range(5))]  # fmt: skip
    unlimited = first_reached(log.items, log.offsets, log.timestamps, np.array([VIEW, CART], np.int32), 2**62)
    assert (unlimited[:, 1] >= 0).tolist() == brute


def test_variants_are_whole_paths_and_repeats_at_once_are_one():
    variants, num_variants = find_variants(cases(), 1)
    assert variants == [Variant(("view", "cart", "buy"), 2, 2)]
    assert num_variants == 4
    empty = whole_histories(InteractionLog.from_lists([[], []]), ["view"])
    assert find_variants(empty, 5) == ([], 0)


def test_a_log_without_time_has_no_times():
    timeless = replace(cases(), log=replace(cases().log, timestamps=None))
    found = measure_funnel(timeless, ["view", "cart"], max_duration=None, most_variants=0, same_item=True)
    assert [step.seconds for step in found.steps] == [None, None]
