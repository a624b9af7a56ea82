import numpy as np
import pytest

from seqmine.mining.engine.limits import PatternLimits
from seqmine.mining.statistics.sequentiality import Sequentiality, SequentialityCheck, first_order_ndcg
from seqmine.structs import InteractionLog, UserError


def found(ndcg=0.5, shuffled=(0.1, 0.2), tie_share=None):
    return Sequentiality(10, 5, 2.0, 1.0, ndcg, shuffled, tie_share)


@pytest.mark.parametrize(
    ("ndcg", "shuffled", "amount", "is_sequential"),
    [(0.5, (0.1, 0.2), "clear", True), (0.5, (0.4, 0.4), "some", True), (0.5, (0.5, 0.48), "no", False),
     (0.5, (0.2, 0.6), "no", False), (0.0, (0.0,), "no", False)],
)  # fmt: skip
def test_order_is_what_shuffling_takes_away_in_every_copy(ndcg, shuffled, amount, is_sequential):
    one = found(ndcg, shuffled)
    assert one.is_sequential is is_sequential
    if amount != "no":
        assert f"This log has {amount} order" in one.verdict


def test_ties_are_told_where_they_are_many():
    assert "miner.strict_time=true" not in found(tie_share=0.1).verdict
    assert "The order of 30% of all neighbors is unknown" in found(tie_share=0.3).verdict


def test_the_report_has_what_is_derived():
    report = found().report()
    assert report["ndcg_drop"] == pytest.approx(0.7)
    assert report["shuffled_ndcg"] == [0.1, 0.2]
    assert report["is_sequential"] is True


def test_the_first_order_recommender_is_fitted_without_the_last_event():
    log = InteractionLog.from_lists([[1, 2, 3], [1, 2], [4, 1, 2]])
    # the last 2 of the first user is no target; after 1 came 2 once in training
    assert first_order_ndcg(log) == pytest.approx((0 + 1 + 1) / 3)
    assert first_order_ndcg(InteractionLog.from_lists([[1], []])) == 0.0


def test_a_chain_has_order_and_a_shuffled_one_has_none():
    rng = np.random.default_rng(0)
    chain = InteractionLog.from_lists([[(start + step) % 20 + 1 for step in range(8)] for start in range(60)])
    noise = InteractionLog.from_lists([rng.integers(1, 21, 8).tolist() for _ in range(60)])
    check = SequentialityCheck(min_count=3, num_copies=2)
    assert check.check(chain).is_sequential
    assert not check.check(noise).is_sequential


@pytest.mark.parametrize("name", ["min_count", "num_copies"])
def test_numbers_below_one_are_refused(name):
    with pytest.raises(UserError, match=f"{name} is 0, allowed are whole numbers from 1"):
        SequentialityCheck(**{name: 0})


def test_order_that_does_not_help_to_predict_is_told_as_order():
    """Everybody has 1 long before 2, among noise: the next event is as hard to tell as in a shuffled log."""
    rng = np.random.default_rng(0)
    noise = rng.integers(3, 40, (80, 11)).tolist()
    rows = [[*row[:4], 1, *row[4:8], 2, *row[8:]] for row in noise]
    found = SequentialityCheck(num_copies=3, limits=PatternLimits(min_count=40)).check(InteractionLog.from_lists(rows))
    assert not found.is_predictive
    assert (found.num_tested, found.num_ordered) == (1, 1)
    assert found.is_sequential
    assert "This log has some order worth mining" in found.verdict
    assert "1 of 1 frequent ones come in their order" in found.verdict
