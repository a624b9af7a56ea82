import pytest

from seqmine.mining.statistics.permutation import shuffle_within_users
from tests.mining.references import timed_log


@pytest.mark.parametrize("keep_ties", [True, False])
def test_shuffling_keeps_content_and_moments(keep_ties):
    log = timed_log([[1, 2, 3, 4], [5, 6]], [[0, 0, 1, 2], [7, 7]])
    seen = set()
    for seed in range(40):
        copy = shuffle_within_users(log, seed, keep_ties=keep_ties)
        assert sorted(copy.history(0)) == [1, 2, 3, 4]
        together = copy.timestamps[:4][copy.history(0) == 1] == copy.timestamps[:4][copy.history(0) == 2]
        assert together.all() or not keep_ties
        seen.add(tuple(copy.history(0).tolist()))
    assert len(seen) == 6 if keep_ties else len(seen) > 10
    again = [shuffle_within_users(log, 3, keep_ties=keep_ties).items.tolist() for _ in range(2)]
    assert again[0] == again[1]
