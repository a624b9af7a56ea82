from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from seqmine.data.available import CandidateChoice, first_moments
from seqmine.data.collate import HistoryCollate
from seqmine.data.engines.embedded import number_table
from seqmine.data.sequences import prepare_sequences
from seqmine.data.splits import LeaveLastK
from seqmine.structs import InteractionLog, UserError

DAY = 86_400


@pytest.fixture(scope="module")
def events() -> pl.DataFrame:
    """Users of five to nine events in 100 seconds, with many equal times; some items come late."""
    random = np.random.default_rng(3)
    rows = []
    for user in range(30):
        times = np.sort(random.integers(0, 100, random.integers(6, 10)))
        rows += [(f"u{user}", f"i{random.integers(0, 4 + time // 8)}", int(time)) for time in times]
    return pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")


def prepared(events: pl.DataFrame, table: pl.DataFrame | None = None):
    return prepare_sequences(number_table(events), table, LeaveLastK(k=2))


def batch_of(data, choice: CandidateChoice):
    collate = HistoryCollate(log=data.log, max_length=5, seen="none", periods=choice.periods(data))
    return collate(data.split.test, data.test_items, np.arange(len(data.split.test)))


def test_candidates_are_the_items_that_occurred_before_the_target(events):
    """Also in later parts of other users, and never at the moment of the target itself."""
    data = prepared(events)
    batch = batch_of(data, CandidateChoice(among="available"))
    assert batch.not_available[:, 0].all(), "padding is never available"
    by_user = {user: group["timestamp"].to_list() for (user,), group in events.group_by("user_id", maintain_order=True)}
    missed = 0
    for row, (user, position) in enumerate(
        zip(batch.user_index.tolist(), batch.target_positions.tolist(), strict=True)
    ):
        moment = by_user[data.user_ids[user]][position]
        before = {item for _, item, time in events.iter_rows() if time < moment}
        available = {
            data.catalog.item_ids[item - 1] for item in (~batch.not_available[row]).nonzero().flatten().tolist()
        }
        assert available == before & set(data.catalog.item_ids)
        missed += data.item_id(int(batch.last_targets[row])) not in available
    assert missed > 0, "some targets are the first event of their item, and cannot be recommended"


def test_an_item_with_a_stated_period_is_there_within_it(events):
    items = events["item_id"].unique().sort().to_list()
    since = [None if place % 3 == 0 else str(10 * place) for place in range(len(items))]
    until = [None if place % 2 == 0 else str(20 + 10 * place) for place in range(len(items))]
    table = pl.DataFrame({"item_id": items, "from": since, "to": until})
    data = prepared(events, table)
    batch = batch_of(data, CandidateChoice(among="available", since="from", until="to"))
    first = dict(events.group_by("item_id").agg(pl.col("timestamp").min()).iter_rows())
    for row, moment in enumerate(data.split.test.times.tolist()):
        for item, begin, end in table.iter_rows():
            if number := data.catalog.item_index.get(item):
                came = first[item] < moment if begin is None else int(begin) <= moment
                assert bool(batch.not_available[row, number]) != (came and (end is None or moment <= int(end)))


@pytest.mark.parametrize("dates", [["1970-01-02", None], [date(1970, 1, 2), None]])
def test_a_date_lasts_to_its_end(events, dates):
    data = prepared(events)
    ids = data.catalog.item_ids
    data = replace(
        data, catalog=replace(data.catalog, features={"end": dates * (len(ids) // 2) + dates[: len(ids) % 2]})
    )
    last = CandidateChoice(among="available", until="end").periods(data).last
    assert (last[1], last[2]) == (2 * DAY - 1, np.iinfo(np.int64).max)


def test_other_choices_look_at_no_time(events):
    for among in ("full", "uniform_100"):
        assert batch_of(prepared(events), CandidateChoice(among=among)).not_available is None


def test_first_moments_are_those_of_anybody():
    log = InteractionLog.from_lists([[1, 2], [2, 1]])
    log = replace(log, timestamps=np.array([5, 9, 3, 4]))
    assert first_moments(log, 2)[1:].tolist() == [4, 3]


def test_what_is_missing_is_told_in_a_sentence(events):
    with pytest.raises(UserError, match=r"has no timestamps, which among=available needs; set source.timestamp"):
        CandidateChoice(among="available").periods(prepared(events.drop("timestamp")))
    with pytest.raises(UserError, match=r"since is 'x', but the columns of the item table are none; change"):
        CandidateChoice(among="available", since="x").periods(prepared(events))
