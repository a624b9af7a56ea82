from pathlib import Path

import polars as pl
import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.data.cleaning.audit import LogSize
from seqmine.data.cleaning.core import KCore
from seqmine.data.cleaning.edges import AllButLast, WholeLog
from seqmine.data.cleaning.pipeline import Cleaning, apply
from seqmine.data.cleaning.single_events import KeepBehaviors
from seqmine.data.cleaning.users import HistoryLength
from seqmine.data.engines.embedded import number_table
from seqmine.data.sources.interactions import InteractionFiles
from seqmine.structs import UserError
from tests.logs import raw

CONF = Path(__file__).resolve().parents[3] / "conf" / "data" / "cleaning"


SHARED = Path(__file__).resolve().parents[3] / "../shared/data"


NAMES = sorted(path.stem for path in CONF.glob("*.yaml"))


def log(*rows):
    return pl.DataFrame(rows, schema={"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Int64}, orient="row")


def cleaning(name, *overrides):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return instantiate(compose(name, overrides=list(overrides)))


ROWS = st.lists(st.tuples(st.sampled_from("uvwx"), st.sampled_from("abc"), st.integers(0, 30)), min_size=1, max_size=40)


def test_counting_steps_do_not_see_the_test_events():
    rows = [(user, item, time) for user in "uvw" for time, item in enumerate(["a", "b", "late", "late"])]
    step = KCore(min_user_events=1, min_item_events=3)
    whole, _ = Cleaning(steps=[step], edge=WholeLog()).clean(number_table(log(*rows)))
    fair, audit = Cleaning(steps=[step], edge=AllButLast(num_events=2)).clean(number_table(log(*rows)))
    assert "late" in set(raw(whole)["item_id"])
    assert "late" not in set(raw(fair)["item_id"])
    assert audit.rows[0].looks_at == "training events"


@given(ROWS, st.integers(1, 3), st.integers(1, 3))
@settings(max_examples=12, deadline=None)
def test_core_holds_under_the_edge_of_the_cleaned_log(rows, min_user, min_item):
    edge = AllButLast(num_events=1)
    parts = number_table(log(*rows)).parts
    left = apply(KCore(min_user_events=min_user, min_item_events=min_item), parts, edge).table
    training = edge.mark(left.lazy()).collect().filter("in_training")
    assert (training.group_by("user_id").len()["len"] >= min_user).all()
    assert (training.group_by("item_id").len()["len"] >= min_item).all()
    assert set(left["item_id"]) == set(training["item_id"])


def test_removing_everything_names_the_step():
    with pytest.raises(UserError, match=r"HistoryLength\(min_events=9, max_events=None\) removed the last of 1 events"):
        Cleaning(steps=[HistoryLength(min_events=9)], edge=WholeLog()).clean(number_table(log(("u", "a", 1))))


@pytest.mark.parametrize("name", NAMES)
def test_every_yaml_cleans_a_real_looking_log(name):
    rows = [
        (f"u{user}", f"i{(user + step) % 12}", 10**9 + 600 * step + user) for user in range(40) for step in range(14)
    ]
    events = log(*rows).with_columns(behavior=pl.lit("buy"))
    cleaned, audit = cleaning(name).clean(number_table(events))
    left = raw(cleaned)
    assert 0 < len(left) <= len(events)
    assert audit.rows[-1].after.rows == len(left) if audit.rows else len(left) == len(events)


def grocer(clock):
    """Customers who buy up to a hundred things a visit, some of them in pieces, on a clock that ticks so many seconds."""
    rows = []
    for user in range(30):
        for visit in range(8):
            for position in range(5 + 95 * (user < 5)):
                time = 10**9 + 86_400 * visit + 20 * position
                rows.append((f"u{user}", f"i{(7 * visit + 3 * (position // 2) + user) % 40}", time // clock * clock))
    return log(*rows)


def test_a_log_of_dates_keeps_its_best_customers():
    """Read as minutes, its days would make machines of those who buy most, and double clicks of their pieces."""
    events = grocer(86_400)
    left, audit = cleaning("standard").clean(number_table(events))
    assert len(raw(left)) == len(events)
    assert audit.times == "whole days"
    _, audit = cleaning("standard").clean(number_table(grocer(1)))
    assert audit.times == "seconds"
    assert audit.rows[-1].after.rows < len(events) / 1.5


def test_data_sets_of_a_publisher_say_that_nothing_is_taken_out():
    """And so do generated users and files of sequences; what a user brings as a table, also of a database, loses its double records."""
    said = {path.stem: "  - override cleaning: none\n" in path.read_text() for path in CONF.parent.glob("*.yaml")}
    assert {name for name, says_none in said.items() if not says_none} == {"base", "interactions", "query"}
    assert "  - cleaning: duplicates\n" in (CONF.parent / "base.yaml").read_text()


def test_none_leaves_the_log_and_the_order_alone():
    events = log(("u", "a", 5), ("u", "a", 5), ("v", "b", 1))
    left, audit = cleaning("none").clean(number_table(events))
    assert raw(left).equals(events)
    assert audit.rows == ()


def test_shop_log():
    path = SHARED / "retailrocket-behaviors.csv.gz"
    if not path.exists():
        pytest.skip("retailrocket-behaviors.csv.gz is not beside the repository")
    events = InteractionFiles(path=str(path)).read()
    cleaned, audit = cleaning("standard").clean(number_table(events))
    left = raw(cleaned)
    assert audit.source == LogSize(97_381, 2_174, 29_905)
    assert 10_000 < len(left) < len(events)
    buys, _ = Cleaning(steps=[KeepBehaviors(behaviors=["buy"])], edge=WholeLog()).clean(number_table(events))
    assert set(raw(buys)["behavior"]) == {"buy"}
