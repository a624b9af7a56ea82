from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from seqmine.data.cleaning.sessions import WholeHistories
from seqmine.serving.divided import DividedHistories, divide
from seqmine.serving.histories import given_histories
from seqmine.structs import Catalog

CATALOG = Catalog.of_size(9)
DATA = SimpleNamespace(
    features=SimpleNamespace(candidates=SimpleNamespace(among="all")), target_behaviors=None, max_length=8
)
DATA.cleaning = SimpleNamespace(sessions=WholeHistories())


def log(num_users=300, num_events=2000, seed=0):
    """Events in no order of users; some of a user have equal times, and some users know no item."""
    generator = np.random.default_rng(seed)
    users = generator.integers(0, num_users, num_events)
    items = generator.integers(1, 10, num_events).astype(str).astype(object)
    items[users % 7 == 0] = "mars"
    frame = pl.DataFrame({"user_id": users, "item_id": items, "timestamp": users % 5})
    return frame.cast({"user_id": pl.String})


def make(table):
    return given_histories(table, DATA, CATALOG)


@pytest.fixture
def parts(tmp_path):
    parts = divide(log().lazy(), tmp_path, 150)
    assert len(parts) > 3
    return parts


def as_lists(histories):
    ends = histories.ends
    stops = zip(ends.users.tolist(), ends.input_stops.tolist(), strict=True)
    return [(histories.user_ids[user], histories.log.history(user)[:stop].tolist()) for user, stop in stops]


def test_users_are_never_divided_and_stand_in_the_order_of_their_keys(parts):
    users = [set(table["user_id"]) for table in parts.tables()]
    assert sum(map(len, users)) == log()["user_id"].n_unique()
    assert all(max(one) < min(other) for one, other in pairwise(users))
    assert sum(len(table) for table in parts.tables()) == 2000


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("size", [1, 7, 80, 1000])
def test_lists_of_parts_are_those_of_the_whole_file(parts, known, size, caplog):
    whole = make(log())
    whole = whole.known() if known else whole
    asked = DividedHistories(parts, make, known=known)
    assert len(asked) == len(whole)
    rows = np.arange(len(whole))
    found = [asked.alone(some) for some in np.array_split(rows, range(size, len(rows), size))]
    assert [one for histories in found for one in as_lists(histories)] == as_lists(whole)
    assert not any(histories.has_several_lists for histories in found)
    assert ("have no known item" in caplog.text) == known


def test_a_short_file_is_not_divided(tmp_path):
    assert divide(log().lazy(), tmp_path, 2000) is None
    assert not list(tmp_path.iterdir())


def test_another_event_or_setting_changes_the_fingerprint(parts, tmp_path):
    (tmp_path / "other").mkdir()
    other = divide(log(seed=1).lazy(), tmp_path / "other", 150)
    allowed = DividedHistories(parts, lambda table: make(table).allowing(np.ones(10, bool)), known=False)
    found = [DividedHistories(of, make, known=False).fingerprint() for of in (parts, parts, other)]
    assert found[0] == found[1] and len({*found, allowed.fingerprint()}) == 3
