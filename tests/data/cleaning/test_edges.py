from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.data.cleaning.edges import AllButLast, BeforeShare, BeforeTime, WholeLog
from seqmine.data.engines.embedded import MemoryParts
from seqmine.structs import InteractionLog, UserError
from tests.logs import with_numbers

CONF = Path(__file__).resolve().parents[3] / "conf" / "data" / "cleaning"


def log(*rows):
    return pl.DataFrame(rows, schema={"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Int64}, orient="row")


def cleaning(name, *overrides):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return instantiate(compose(name, overrides=list(overrides)))


def marks(edge, events):
    numbers = with_numbers(events.lazy(), "abuv")
    return edge.of(MemoryParts(events)).mark(numbers).collect()["in_training"].to_list()


def test_edges_mark_the_training_events():
    events = log(("u", "a", 3), ("v", "a", 1), ("u", "b", 1), ("u", "b", 2), ("v", "b", 1))
    assert marks(WholeLog(), events) == [True] * 5
    assert marks(AllButLast(num_events=2), events) == [False, True, True, False, True]
    assert marks(BeforeTime(timestamp=2), events) == [False, True, True, False, True]
    assert BeforeShare(share=0.6).of(MemoryParts(events)) == BeforeTime(timestamp=2)


@pytest.mark.parametrize("edge", [WholeLog(), AllButLast(num_events=2), BeforeTime(timestamp=1500)])
def test_counted_stops_agree_with_the_marks(edge):
    generator = np.random.default_rng(0)
    users, times = np.sort(generator.integers(0, 30, 200)), generator.integers(1000, 2000, 200)
    order = np.lexsort((times, users))
    events = pl.DataFrame({"user_id": users[order], "timestamp": times[order]})
    offsets = np.concatenate([[0], np.cumsum(np.bincount(users, minlength=30))])
    history = InteractionLog(np.ones(200, np.int32), offsets, timestamps=times[order])
    marked = edge.mark(events.lazy()).collect()["in_training"].to_numpy()
    expected = [marked[start:stop].sum() for start, stop in pairwise(offsets)]
    assert edge.counted_stops(history, history.lengths).tolist() == expected


def test_edges_by_time_need_times_and_sensible_settings():
    untimed = MemoryParts(log(("u", "a", 1)).drop("timestamp"))
    for edge in (BeforeShare(share=0.5), BeforeTime(timestamp=1)):
        with pytest.raises(UserError, match="the edge of cleaning is a time and the log has none"):
            edge.of(untimed)
    with pytest.raises(UserError, match=r"share is 1.0, allowed are numbers above 0 and below 1"):
        BeforeShare(share=1.0)
    with pytest.raises(UserError, match="num_events is 0, allowed are whole numbers from 1"):
        AllButLast(num_events=0)


@given(st.lists(st.tuples(st.sampled_from("uv"), st.just("a"), st.integers(0, 9)), min_size=1), st.integers(1, 3))
@settings(max_examples=12, deadline=None)
def test_all_but_last_sets_aside_what_a_stable_sort_puts_last(rows, num_events):
    aside = set()
    for user in "uv":
        mine = sorted((row[2], number) for number, row in enumerate(rows) if row[0] == user)
        if len(mine) > num_events:
            aside |= {number for _, number in mine[-num_events:]}
    assert marks(AllButLast(num_events=num_events), log(*rows)) == [number not in aside for number in range(len(rows))]


def test_edge_is_a_choice():
    assert isinstance(cleaning("standard").edge, AllButLast)
    assert isinstance(cleaning("standard", "edge=before_share").edge, BeforeShare)
