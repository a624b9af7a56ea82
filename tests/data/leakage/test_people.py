from dataclasses import replace

import numpy as np

from seqmine.data.leakage import checks
from seqmine.data.leakage.people import targets_behind_others
from seqmine.data.splits import LeaveOneOut
from seqmine.data.targets import Split, Targets
from tests.data.test_people import log_of


def test_a_later_session_that_trains_is_a_leak():
    log = log_of((0, [0, 1, 2]), (0, [10, 11, 12]))
    good = LeaveOneOut().split(log)
    assert checks.training_before_targets(log, good).passed
    by_session = LeaveOneOut().split(replace(log, people=None))
    assert not checks.training_before_targets(log, by_session).passed
    crossed = Split(np.array([1, 0]), Targets(np.array([1]), np.array([2])), Targets(np.array([0]), np.array([2])))
    assert not checks.training_before_targets(log, crossed).passed
    assert checks.training_before_targets(replace(log, people=None), crossed).passed
    assert [targets_behind_others(log, split) for split in (good, by_session, crossed)] == [0, 3, 1]
    without_times = replace(log, timestamps=None)
    assert [targets_behind_others(without_times, split) for split in (good, by_session, crossed)] == [0, 3, 1]
