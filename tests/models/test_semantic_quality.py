import numpy as np

from seqmine.models.semantic_quality import prefix_recall, quality
from seqmine.structs import InteractionLog


def test_ids_that_collide_and_lean_on_one_value_are_told():
    even = np.array([[first, second, 0] for first in range(4) for second in range(4)])
    found = quality(even, 4)
    assert (found["collision_rate"], found["largest_collision"]) == (0.0, 1)
    assert found["levels"] == [{"dead_codes": 0, "largest_load": 0.25, "balance": 1.0}] * 2
    worse = even.copy()
    worse[:8, :2] = 0
    worse[:8, 2] = range(8)
    found = quality(worse, 4)
    assert (found["collision_rate"], found["largest_collision"]) == (0.5, 8)
    assert found["levels"][0] == {"dead_codes": 1, "largest_load": 0.5, "balance": 0.75}


def test_ids_by_what_is_taken_together_share_more_than_chance_and_others_do_not():
    random = np.random.default_rng(0)
    groups = random.integers(0, 5, 3000)
    log = InteractionLog.from_lists([(1 + 8 * group + random.permutation(8)[:4]).tolist() for group in groups])
    rows = np.arange(40)
    by_group = np.stack([rows // 8, rows % 8, 0 * rows], axis=1)
    others = np.stack([random.permutation(40) // 8, rows % 8, 0 * rows], axis=1)
    found, chance = (
        prefix_recall(np.pad(ids, ((1, 0), (0, 0)), constant_values=99), log) for ids in (by_group, others)
    )
    assert found[0]["co_bought"] == 1.0 and abs(found[0]["by_chance"] - 7 / 39) < 0.01
    assert found[1] == {"digits": 2, "co_bought": 0.0, "by_chance": 0.0}
    assert abs(chance[0]["co_bought"] - chance[0]["by_chance"]) < 0.12
