from dataclasses import replace

import numpy as np

from seqmine.mining.at_work.cross_selling import lists_by_rules
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.constraints import Constraints

LOG = InteractionLog.from_lists([[1, 2], [2, 1], [1, 9, 2], [1, 4], [1, 2, 3]])
RULES = PatternTable.from_lists([(1, 2, 3), (1, 4), (2, 4), (2, 3)], [0] * 4, 5)
STRENGTH = np.array([0.9, 0.2, 0.5, 0.1])


def rows(log=LOG, constraints=None, top_k=9, forbidden=0, again=False):
    allowed = np.arange(10) != forbidden
    found = lists_by_rules(
        log, RULES, STRENGTH, constraints or Constraints(), top_k=top_k, allowed=allowed, again=again
    )
    return list(
        zip(found.people.tolist(), found.items.tolist(), found.ranks.tolist(), found.rules.tolist(), strict=True)
    )


def test_an_item_stands_once_with_its_strongest_rule():
    assert rows() == [
        (0, 3, 1, 0), (0, 4, 2, 2), (1, 4, 1, 2), (1, 3, 2, 3), (2, 3, 1, 0), (2, 4, 2, 2), (4, 4, 1, 2),
    ]  # fmt: skip
    assert rows(top_k=1) == [(0, 3, 1, 0), (1, 4, 1, 2), (2, 3, 1, 0), (4, 4, 1, 2)]


def test_limits_hold_for_antecedents_and_lists():
    assert (2, 3, 2, 3) in rows(constraints=Constraints(max_gap=1)), "1 and 2 are too far apart, 2 alone is not"
    assert {row[1] for row in rows(forbidden=4)} == {3}
    assert (3, 4, 1, 1) in rows(again=True)


def test_sessions_of_a_person_are_one_list_of_what_none_has():
    people = np.array([0, 0, 1, 2, 2], np.int32)
    assert rows(replace(LOG, people=people)) == [(0, 3, 1, 0), (0, 4, 2, 2), (1, 3, 1, 0), (1, 4, 2, 2)]
