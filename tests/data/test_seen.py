import numpy as np
import pytest

from seqmine.data.seen import returning_share, settle_seen
from seqmine.structs import InteractionLog


def log_of(num_returns: int, num_events: int = 101) -> InteractionLog:
    """One user with so many returns after the first event, and one with a single event."""
    new = num_events - num_returns
    return InteractionLog.from_lists([[*range(1, new + 1), *[1] * num_returns], [1]])


@pytest.mark.parametrize(("num_returns", "seen"), [(0, "full"), (5, "full"), (6, "none"), (60, "none")])
def test_above_5_percent_of_returns_seen_items_stay_candidates(num_returns, seen):
    """The first events of users cannot be returns, so they do not count."""
    assert returning_share(log_of(num_returns)) == pytest.approx(num_returns / 100)
    assert settle_seen(log_of(num_returns), None) == seen


def test_events_of_the_target_behavior_alone_count():
    """Everybody buys what they looked at, and nobody buys a thing twice."""
    items = [place // 2 + 1 for place in range(20)]
    log = InteractionLog.from_lists([items, items])
    kinds = np.tile(np.array([1, 2], np.uint8), 20)
    log = InteractionLog(log.items, log.offsets, behaviors=kinds, behavior_names=["view", "buy"])
    assert settle_seen(log, None) == "none"
    assert settle_seen(log, ["buy"]) == "full"
    again = InteractionLog(
        np.where(kinds == 2, 1, log.items), log.offsets, behaviors=kinds, behavior_names=["view", "buy"]
    )
    assert settle_seen(again, ["buy"]) == "none"


def test_a_log_without_returns_or_of_single_events_is_full():
    assert settle_seen(InteractionLog.from_lists([[1], [1]]), None) == "full"
