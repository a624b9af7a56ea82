from itertools import combinations, product

import numpy as np
import pytest

from seqmine.mining.judging.channels import parts_of, told_of_few
from seqmine.structs import PatternTable


def told(patterns, supports, antecedents=None, num_users=1000, candidates=None):
    table = PatternTable.from_lists(patterns, supports, num_users)
    if antecedents is not None:
        table = table.with_columns(antecedent_count=np.array(antecedents, np.float64))
    chosen = np.ones(len(patterns), np.bool_) if candidates is None else np.array(candidates)
    return told_of_few(table, chosen, 20).tolist()


@pytest.mark.parametrize(
    ("patterns", "supports", "antecedents", "found"),
    [
        ([(1, 2), (1, 2, 3)], [100, 97], None, [None, 3]),
        ([(1, 2), (1, 2, 3)], [100, 80], None, [None, None]),
        ([(1, 2), (1, 2, 3)], [100, 100], None, [None, None]),
        ([(1, 3), (1, 2, 2, 3)], [100, 90], None, [None, 10]),
        ([(1, 2), (2, 1, 3)], [100, 97], None, [None, None]),
        ([(1, 2)], [100], [110], [10]),
        ([(1, 2)], [100], [120], [None]),
        ([(1, 2)], [990], None, [10]),
        ([(1, 3), (1, 2, 3)], [300, 100], [400, 310], [None, None]),
        ([(1, 2, 3), (1, 2)], [99, 300], [110, 400], [11, None]),
        ([(1, 2, 3), (2, 4)], [300, 250], [400, 310], [None, 10]),
    ],
)  # fmt: skip
def test_what_tells_of_a_few_is_not_shown(patterns, supports, antecedents, found):
    assert [None if np.isnan(count) else count for count in told(patterns, supports, antecedents)] == found


def test_what_is_not_shown_opens_no_channel():
    assert np.isnan(told([(1, 2), (1, 2, 3), (1, 2, 3, 4)], [100, 97, 79])[2]), "79 is beside 100 alone"
    assert np.isnan(told([(1, 2), (1, 2, 3)], [100, 97], candidates=[False, True])[1])


def test_no_two_numbers_that_are_shown_differ_by_a_few():
    """Random supports that fall as patterns grow: brute force over all pairs of what is shown."""
    random, sizes = np.random.default_rng(0), []
    for _ in range(50):
        patterns = [pattern for size in (1, 2, 3) for pattern in product((1, 2, 3), repeat=size)]
        support = {(): 1000}
        for pattern in patterns:
            least = min(support[part] for part in combinations(pattern, len(pattern) - 1))
            support[pattern] = least - int(random.choice([0, 5, 19, 20, 60], p=[0.1, 0.05, 0.05, 0.3, 0.5]))
        longer = [pattern for pattern in patterns if len(pattern) > 1]
        few = told(patterns, [support[p] for p in patterns], [np.nan if len(p) < 2 else support[p[:-1]] for p in patterns],
                   candidates=[len(p) > 1 for p in patterns])  # fmt: skip
        shown = {()}
        for pattern, count in zip(patterns, few, strict=True):
            if pattern in longer and np.isnan(count):
                shown |= {pattern, pattern[:-1], pattern[-1:]}
        sizes.append(len(shown))
        for one in shown:
            for other in parts_of(one) & shown:
                assert not 0 < support[other] - support[one] < 20
    assert max(sizes) > 4
