import hashlib
import hmac

import polars as pl
import pytest

from seqmine.data.sources.frame import EventFrame
from seqmine.data.sources.pseudonyms import Pseudonyms
from seqmine.structs import UserError

KEY = "a secret that is long enough"
EVENTS = pl.DataFrame(
    {
        "user_id": ["ann", "bob", "ann", "ann"],
        "item_id": ["x", "y", "z", "ann"],
        "timestamp": [90_000, 5, 86_405, 100_000],
    }
)


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("A_KEY", KEY)


def read(**changed):
    return Pseudonyms(source=EventFrame(EVENTS, time="timestamp"), key_variable="A_KEY", **changed)


def test_users_are_keyed_hashes_and_items_stay():
    found = read(time_grain=None).read()
    ann, bob = (hmac.new(KEY.encode(), name, hashlib.sha256).hexdigest()[:32] for name in (b"ann", b"bob"))
    assert found["user_id"].to_list() == [ann, bob, ann, ann]
    assert found["item_id"].to_list() == ["x", "y", "z", "ann"]
    assert found["timestamp"].to_list() == EVENTS["timestamp"].to_list()


def test_times_are_rounded_down_and_the_order_of_events_stays():
    found = read(time_grain="1d").read()
    assert found["timestamp"].to_list() == [0, 86_400, 86_400, 86_400]
    assert found["item_id"].to_list() == ["y", "z", "x", "ann"], "by the time before it was coarse"


def test_another_key_or_grain_is_another_log(monkeypatch):
    first = (read().read()["user_id"].to_list(), read().fingerprint())
    assert first == (read().read()["user_id"].to_list(), read().fingerprint())
    assert read(time_grain="2d").fingerprint() != first[1]
    monkeypatch.setenv("A_KEY", KEY[::-1])
    assert not set(first[0]) & set(read().read()["user_id"])
    assert read().fingerprint() != first[1]


@pytest.mark.parametrize(("value", "state"), [(None, "not set"), ("", "not set"), ("short", "5 characters long")])
def test_a_missing_or_short_key_is_one_sentence_without_the_key(value, state, monkeypatch):
    monkeypatch.delenv("A_KEY")
    if value is not None:
        monkeypatch.setenv("A_KEY", value)
    with pytest.raises(UserError, match=f"A_KEY, an environment variable that is {state}; set it to a secret") as error:
        read()
    assert not value or value not in str(error.value)


@pytest.mark.parametrize("grain", ["often", "0d"])
def test_a_grain_that_is_no_time_is_refused(grain):
    with pytest.raises(UserError, match=f"time_grain`? is '?{grain}'?, allowed are"):
        read(time_grain=grain)
