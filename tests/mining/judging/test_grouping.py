from dataclasses import replace

import numpy as np
import pytest

from seqmine.mining.judging.grouping import group_users
from seqmine.structs import InteractionLog, UserError


def shop():
    log = InteractionLog.from_lists([[1, 2], [3], [], [4]])
    times = np.array([0, 86400 * 400, 86400 * 366, 86400 * 364])
    kinds = np.array([1, 2, 1, 1], np.uint8)
    return replace(log, timestamps=times, behaviors=kinds, behavior_names=["view", "buy"])


def test_users_are_grouped_by_what_they_are_did_or_when_they_began():
    number, names = group_users("sex", shop(), {"sex": ["m", "f", None, "m"]})
    assert (number.tolist(), names) == ([1, 0, -1, 1], ["f", "m"])
    number, names = group_users("buy", shop(), {})
    assert (number.tolist(), names) == ([1, 0, 0, 0], ["never buy", "buy"])
    number, names = group_users("1971-01-01", shop(), {})
    assert (number.tolist(), names) == ([0, 1, -1, 0], ["before 1971-01-01", "from 1971-01-01 on"])


def test_what_makes_no_groups_is_refused():
    with pytest.raises(UserError, match="groups is 'age', allowed are sex, view, buy, a date such as 2026-01-31"):
        group_users("age", shop(), {"sex": []})
    with pytest.raises(UserError, match="groups is 1971-01-01, a date, and the log has no timestamps"):
        group_users("1971-01-01", replace(shop(), timestamps=None), {})
