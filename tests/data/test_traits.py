from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.data.engines.embedded import number_table
from seqmine.data.sequences import prepare_sequences
from seqmine.data.splits import GlobalTime, LeaveLastK, LeaveOneOut, UserHoldout
from seqmine.data.traits import repeated_events, target_traits
from seqmine.structs import InteractionLog

HISTORIES = st.lists(st.lists(st.integers(1, 5), max_size=8), min_size=1, max_size=6)


def prepared(histories: dict[str, str], splitter):
    events = [{"user_id": user, "item_id": item} for user, items in histories.items() for item in items]
    return prepare_sequences(number_table(pl.DataFrame(events)), None, splitter)


@settings(deadline=None)
@given(HISTORIES)
def test_repeats_are_the_events_whose_item_came_before(histories):
    expected = [item in row[:place] for row in histories for place, item in enumerate(row)]
    assert repeated_events(InteractionLog.from_lists(histories)).tolist() == expected


@settings(deadline=None, max_examples=25)
@given(st.lists(st.text("abcde", min_size=3, max_size=9), min_size=3, max_size=6))
def test_traits_are_those_of_the_known_events_before_the_target(histories):
    named = {f"u{number}": items for number, items in enumerate([*histories, "abcdeabcde"])}
    data = prepared(named, LeaveOneOut())
    known = set(data.catalog.item_ids)
    traits = target_traits(data)
    assert len(traits) == 2 * len(named)
    for row in traits.iter_rows(named=True):
        items = named[row["user_id"]]
        place = len(items) - (1 if row["split"] == "test" else 2)
        history = [item for item in items[:place] if item in known]
        repeats = sum(item in history[:at] for at, item in enumerate(history))
        assert row["position"] == place
        assert row["history_length"] == len(history)
        assert row["repeat_share"] == pytest.approx(repeats / max(len(history), 1))
        assert row["target_in_history"] == (items[place] in history)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.text("abc", min_size=3, max_size=9), min_size=3, max_size=6))
@pytest.mark.parametrize("splitter", [LeaveOneOut(), LeaveLastK(k=2), UserHoldout(seed=1, test_share=0.4)])
def test_transitions_and_training_events_are_counted_by_hand(splitter, histories):
    named = {f"u{number}": items for number, items in enumerate([*histories, "abcdefab", "abcabcabc"])}
    data = prepared(named, splitter)
    keys = ["", *data.catalog.item_ids]
    trained = dict.fromkeys(named, "")
    for number, user in enumerate(data.user_ids):
        first = data.log.offsets[number]
        trained[user] = "".join(keys[item] for item in data.log.items[first : first + data.split.train_stops[number]])
    steps = [(one, other) for items in trained.values() for one, other in pairwise(items)]
    for row in target_traits(data).iter_rows(named=True):
        items = named[row["user_id"]]
        history = [item for item in items[: row["position"]] if item in keys]
        assert row["training_events"] == len(trained[row["user_id"]])
        assert row["transitions"] == (steps.count((history[-1], items[row["position"]])) if history else 0)


def test_an_item_of_the_same_moment_is_not_in_the_history():
    rows = [("u", item, time) for item, time in zip("abaacc", [1, 2, 3, 9, 9, 9], strict=True)]
    rows += [("v", item, time) for item, time in zip("abcabc", range(6), strict=True)]
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
    splitter = GlobalTime(targets="successive", test_from=0.7, val_from=0.5)
    traits = target_traits(prepare_sequences(number_table(events), None, splitter)).filter(user_id="u", split="test")
    assert traits["position"].to_list() == [3, 4, 5]
    assert traits["history_length"].to_list() == [3, 3, 3]
    assert traits["target_in_history"].to_list() == [True, False, False]


def test_targets_of_one_user_are_told_apart_by_their_position():
    traits = target_traits(prepared({"u": "abcabb", "v": "ababab"}, LeaveLastK(k=2)))
    of_u = traits.filter(user_id="u", split="test")
    assert of_u["position"].to_list() == [4, 5]
    # both targets of u are b, after a, b, (c, which training never saw,) a; the position counts c
    assert of_u["history_length"].to_list() == [3, 4]
    assert of_u["repeat_share"].to_list() == pytest.approx([1 / 3, 1 / 2])
