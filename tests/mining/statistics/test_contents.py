import numpy as np

from seqmine.mining.statistics.contents import block_counts, local_contents, plain_counts
from seqmine.structs import PatternTable
from tests.mining.references import timed_log


def test_contents_are_those_of_counting_by_hand():
    rng = np.random.default_rng(3)
    rows = [rng.integers(1, 6, rng.integers(0, 9)).tolist() for _ in range(80)]
    times = [np.sort(rng.integers(0, 4, len(row))).tolist() for row in rows]
    names = [2, 3, 5]
    contents, flat = local_contents(timed_log(rows, times), PatternTable.from_lists([names], [0], 80), True)
    users, counts = plain_counts(contents, flat.astype(np.int64))
    having = [user for user, row in enumerate(rows) if set(names) <= set(row)]
    assert users.tolist() == having and len(having) > 10
    assert counts.tolist() == [[rows[user].count(name) for name in names] for user in having]
    same, blocks = block_counts(contents, flat.astype(np.int64))
    assert same.tolist() == having
    for user, row in zip(having, blocks.tolist(), strict=True):
        moments = [[item for item, time in zip(rows[user], times[user], strict=True) if time == at] for at in range(4)]
        masks = [sum((name in moment) << place for place, name in enumerate(names)) for moment in moments]
        assert row[1:] == [masks.count(mask) for mask in range(1, 8)]
