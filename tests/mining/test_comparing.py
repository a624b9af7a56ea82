from dataclasses import replace

import numpy as np
import pytest

from seqmine.mining.comparing import DriftStudy, GroupStudy
from seqmine.mining.engine.miners import FrequentMiner
from seqmine.mining.study import Subject
from seqmine.mining.symbols import Projection
from seqmine.structs import InteractionLog, UserError
from tests.mining.studies import subject

MONTH = 31 * 86400
IDS = [f"i{item}" for item in range(1, 12)]


def drifting(num_users=200, seed=0):
    """Return users of two months: 1, then 2 comes to most of them in the second month alone."""
    rng = np.random.default_rng(seed)
    rows, times = [], []
    for user in range(num_users):
        late = user % 2
        pair = [1, 2] if late and rng.random() < 0.8 else [2, 1]
        rows.append([*pair, *rng.integers(3, 12, 3).tolist()])
        times += [late * MONTH + 60 * place for place in range(5)]
    return Subject(replace(InteractionLog.from_lists(rows), timestamps=np.array(times)), IDS, {})


def settings():
    return {"miner": FrequentMiner(min_count=20, max_length=2), "projection": Projection()}


def patterns_of(found):
    return {found.comparison.table.pattern(row) for row in found.comparison.differing(0.01).tolist()}


def test_patterns_that_come_and_go_are_found_and_no_others():
    found = DriftStudy(period="month", **settings()).find(drifting())
    assert found.comparison.names == ["1970-01", "1970-02"]
    assert patterns_of(found) == {(1, 2), (2, 1)}
    assert found.is_ordered


def test_a_log_that_does_not_change_has_no_drift():
    steady = drifting()
    times = np.repeat(np.random.default_rng(3).permutation(np.arange(200) % 2) * MONTH, 5) + np.tile(np.arange(5), 200)
    found = DriftStudy(period="month", **settings()).find(replace(steady, log=replace(steady.log, timestamps=times)))
    assert len(found.comparison.differing(0.05)) == 0


def test_groups_come_from_attributes_of_users():
    log = drifting()
    sexes = ["f" if user % 2 else "m" for user in range(199)] + [None]
    found = GroupStudy(groups="sex", **settings()).find(replace(log, user_attributes={"sex": sexes}))
    assert found.comparison.names == ["f", "m"]
    assert patterns_of(found) == {(1, 2), (2, 1)}
    assert found.notes == ["1 users belong to no group and are left out."]


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(UserError, match="groups is not set; write groups="):
        GroupStudy(groups=None, **settings())
    for study in (GroupStudy(groups="sex", **settings()), DriftStudy(period="week", **settings())):
        with pytest.raises(UserError, match="run names a model, which this task does not ask"):
            study.find(subject())


def test_a_log_of_repeats_is_bounded():
    log = InteractionLog.from_lists([[1, 2, 3] * 12] * 30)
    repeats = Subject(replace(log, timestamps=np.tile(np.arange(36) * MONTH // 18, 30)), IDS, {})
    open_ended = {"miner": FrequentMiner(min_count=20), "projection": Projection()}
    found = DriftStudy(period="month", **open_ended).find(repeats)
    assert found.comparison.table.lengths.max() == 3
    assert len(found.comparison.table) == 39
    first = DriftStudy(period="month", max_length=2, most_patterns=5, **open_ended).find(repeats)
    assert len(first.comparison.table) == 5
    assert first.notes[0].startswith("Of 12 patterns the first 5 are compared")
    assert FrequentMiner(min_count=2, max_length=7).up_to(3).max_length == 7
    assert FrequentMiner(min_count=2, min_length=5).up_to(3).max_length == 5
