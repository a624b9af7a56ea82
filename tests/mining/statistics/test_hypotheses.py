from collections import Counter
from itertools import combinations, permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.mining.statistics.hypotheses import frequent_multisets, num_orderings, order_family
from seqmine.structs import InteractionLog, PatternTable


def orders_of(log, min_count, length):
    """Return all orders of all multisets of a length that enough users have, one multiset and one order at a time."""
    counts = Counter()
    for user in range(log.num_users):
        counts.update(set(combinations(sorted(log.history(user).tolist()), length)))
    kept = [multiset for multiset, count in counts.items() if count >= min_count]
    return sorted(order for multiset in kept for order in set(permutations(multiset)))


@given(st.lists(st.lists(st.integers(1, 4), max_size=6), min_size=1, max_size=6), st.integers(1, 3), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_the_family_counts_all_orders_of_frequent_multisets(histories, min_count, longest):
    log = InteractionLog.from_lists(histories)
    sizes = [0, 0, *(len(orders_of(log, min_count, length)) for length in range(2, longest + 1))]
    family = order_family(log, min_count, longest)
    assert family.sizes.tolist() == sizes
    assert (family.total, family.exact_length, family.note) == (sum(sizes), longest, None)
    for most in (4, 10, 30):  # a bound where there are more
        bounded = order_family(log, min_count, longest, most)
        assert (bounded.sizes >= family.sizes).all()
        assert bounded.sizes[: bounded.exact_length + 1].tolist() == sizes[: bounded.exact_length + 1]
        assert (bounded.note is None) == (len(frequent_multisets(log, min_count, longest)) <= most)


def test_a_family_that_is_too_large_is_bounded_and_says_so():
    family = order_family(InteractionLog.from_lists([list(range(1, 21))] * 3), 3, 6, 300)
    assert family.sizes.tolist() == [0, 0, 380, *(380 * 20**power for power in range(1, 5))]
    assert family.note == (
        "More than 300 sets of up to 6 symbols are had by 3 users in any order, so patterns of more than 2 symbols are "
        "corrected for an upper bound on the number of hypotheses: lower miner.max_length or raise miner.min_count (or "
        "miner.min_support) for the exact number."
    )


def test_orders_of_long_multisets_are_a_finite_number():
    table = PatternTable.from_lists([[1] * 400, list(range(400)), [1] * 10 + [2] * 10], [0] * 3, 1)
    assert num_orderings(table).tolist() == [1.0, 1e300, 184_756.0]
