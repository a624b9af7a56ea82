from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.data.augmentations import Augmentations, Crop, Mask
from seqmine.data.collate import TwoViewCollate
from seqmine.data.rows import training_rows
from seqmine.data.windows import LatestWindow, PrefixWindows
from seqmine.mining.at_work.keeping import KeepPatterns, mark_occurrences
from seqmine.probing.matching import lexicographic_order
from seqmine.structs import InteractionLog, PatternTable, UserError

SETTINGS = {"min_count": 20, "max_length": 2, "max_gap": 3, "max_q_value": 0.05, "most_patterns": 1000}


def planted(num_users=200, length=12):
    """Return histories in which 1 comes two positions before 2 for half of the users, and 3 before 4 for some others."""
    generator = np.random.default_rng(0)
    histories = generator.integers(5, 60, (num_users, length))
    places = generator.integers(0, length - 2, num_users)
    for user in range(num_users):
        if user % 2 == 0:
            histories[user, places[user]], histories[user, places[user] + 2] = 1, 2
        elif user % 8 == 1:
            histories[user, places[user]], histories[user, places[user] + 1] = 3, 4
    return InteractionLog.from_lists(histories.tolist())


LOG = planted()
STOPS = LOG.lengths


def table_of(patterns):
    table = PatternTable.from_lists(patterns, [0] * len(patterns), 1)
    return table.take(lexicographic_order(table))


@settings(deadline=None)  # the first example waits for a compiler
@given(
    st.lists(st.lists(st.integers(0, 3), min_size=8, max_size=8), min_size=1, max_size=3),
    st.lists(st.lists(st.integers(1, 3), min_size=2, max_size=4), min_size=1, max_size=4, unique_by=tuple),
    st.integers(1, 4),
)
def test_marked_steps_are_those_of_all_occurrences(histories, patterns, max_gap):
    expected = np.zeros((len(histories), 8), bool)
    for row, history in enumerate(histories):
        for pattern in patterns:
            for places in combinations(range(8), len(pattern)):
                near = all(later - one <= max_gap for one, later in pairwise(places))
                if near and [history[place] for place in places] == pattern:
                    expected[row, list(places)] = True
    assert mark_occurrences(np.array(histories), table_of(patterns), max_gap).tolist() == expected.tolist()


def rule_of(**settings):
    rule = KeepPatterns(**(SETTINGS | settings))
    rule.prepare(LOG)
    return rule


def rows_of(choice):
    windows = choice.choose(LOG.offsets, STOPS, 50, np.random.default_rng(0))
    return training_rows(LOG, windows, np.arange(len(windows)), 1)


def test_the_planted_orders_are_kept_and_nothing_else():
    rows = rows_of(LatestWindow())
    kept = rule_of().find_kept(rows, LOG)
    assert set(rows.items[kept].tolist()) == {1, 2, 3, 4}
    assert kept.sum() >= 230


def test_an_order_of_chance_is_not_kept():
    generator = np.random.default_rng(1)
    shuffled = InteractionLog.from_lists([generator.permutation(LOG.history(user)).tolist() for user in range(200)])
    rule = KeepPatterns(**SETTINGS)
    rule.prepare(shuffled)
    assert len(rule.patterns) == 0
    assert not rule.find_kept(rows_of(LatestWindow()), LOG).any()


def test_an_event_that_announces_the_target_is_kept():
    rows = rows_of(PrefixWindows())
    last = np.arange(len(rows)), rows.lengths - 1
    asked = np.flatnonzero((LOG.items[rows.targets[last]] == 2) & (rows.lengths >= 2))
    announced = rows.take_rows(asked)
    kept = rule_of().find_kept(announced, LOG)
    before = np.arange(len(asked)), announced.lengths - 2
    assert (announced.items[before] == 1).all() and kept[before].all()


def test_the_target_itself_is_no_step():
    rows = rows_of(PrefixWindows())
    assert not rule_of().find_kept(rows, LOG)[~rows.valid].any()
    chain = Augmentations({"crop": Crop(share=0.5), "rule": KeepPatterns(**SETTINGS)}, LOG, STOPS)
    assert (chain(rows, np.random.default_rng(0)).lengths <= rows.lengths).all()


@pytest.mark.parametrize(
    ("changed", "left"),
    [
        ({}, [(1, 2), (3, 4)]),
        ({"min_count": 50}, [(1, 2)]),
        ({"max_gap": 1}, [(3, 4)]),
        ({"max_q_value": 1e-30}, [(1, 2)]),
        ({"most_patterns": 1}, [(1, 2)]),
    ],
    ids=str,
)
def test_every_setting_matters(changed, left):
    assert rule_of(**changed).patterns.patterns() == left


def test_longer_patterns_are_kept_where_they_are_asked_for():
    log = InteractionLog.from_lists([[1, 2, 3, 10 + user] for user in range(40)])
    rule = KeepPatterns(**(SETTINGS | {"max_length": 3}))
    rule.prepare(log)
    assert (1, 2, 3) in rule.patterns.patterns()


def test_the_rule_reaches_every_augmentation_beside_it():
    chain = Augmentations({"mask": Mask(share=0.9), "rule": KeepPatterns(**SETTINGS)}, LOG, STOPS)
    rows = rows_of(LatestWindow())
    masked = chain(rows, np.random.default_rng(0))
    kept = rule_of().find_kept(rows, LOG)
    assert (masked.items[kept] == rows.items[kept]).all()
    assert (masked.items[~kept & rows.valid] == 0).mean() > 0.8


def test_views_keep_patterns_too():
    parts = {"rule": KeepPatterns(**SETTINGS), "mask": Mask(share=0.9)}
    collate = TwoViewCollate(log=LOG, train_stops=STOPS, augmentations=parts)
    windows = LatestWindow().choose(LOG.offsets, STOPS, 50, np.random.default_rng(0))
    batch = collate(windows, np.arange(len(windows)), np.random.default_rng(0))
    kept = np.tile(rule_of().find_kept(rows_of(LatestWindow()), LOG), (2, 1))
    assert (batch.views.items.numpy()[kept] > 0).all()
    assert (batch.views.items.numpy()[~kept] == 0).mean() > 0.7
    with pytest.raises(UserError, match=r"no augmentation changes anything"):
        TwoViewCollate(log=LOG, train_stops=STOPS, augmentations={"rule": KeepPatterns(**SETTINGS)})


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"max_length": 1}, r"max_length is 1, allowed are whole numbers from 2"),
        ({"min_count": 0}, r"min_count is 0"),
        ({"max_q_value": 0.0}, r"max_q_value is 0.0, allowed are numbers above 0 and up to 1"),
    ],
)
def test_settings_out_of_range_are_refused(changed, sentence):
    with pytest.raises(UserError, match=sentence):
        KeepPatterns(**(SETTINGS | changed))


def test_the_order_of_a_file_inside_a_moment_is_not_kept():
    rows = [[1, 2, 10 + user] for user in range(40)]
    tied, apart = (
        replace(InteractionLog.from_lists(rows), timestamps=np.tile(times, 40)) for times in ([5, 5, 9], [5, 6, 9])
    )
    found = []
    for log in (tied, apart):
        rule = KeepPatterns(**SETTINGS)
        rule.prepare(log)
        found.append(rule.patterns.patterns())
    assert found == [[], [(1, 2)]]
