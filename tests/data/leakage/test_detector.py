"""Each leak is planted on purpose and must be caught; clean data must pass."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from seqmine.data.augmentations import Insert, Substitute
from seqmine.data.cleaning.audit import Audit, AuditRow, LogSize
from seqmine.data.cleaning.core import KCore
from seqmine.data.cleaning.edges import AllButLast, BeforeShare, WholeLog
from seqmine.data.cleaning.pipeline import Cleaning
from seqmine.data.collate import NextItemCollate
from seqmine.data.engines.embedded import number_table
from seqmine.data.leakage import find_leaks
from seqmine.data.sequences import prepare_sequences
from seqmine.data.sources.interactions import InteractionFiles
from seqmine.data.splits import GlobalTime, LeaveLastK, LeaveOneOut, Splitter, UserHoldout
from seqmine.data.targets import Split, Targets
from seqmine.data.windows import LatestWindow, SlidingWindows, Windows
from seqmine.structs import Catalog, UserError

SHARED = Path(__file__).resolve().parents[3] / "../shared/data"


SPLITS = [LeaveOneOut(), LeaveLastK(k=2), GlobalTime(), UserHoldout(seed=3)]
BY_TIME = [GlobalTime(targets=targets) for targets in ("last", "random", "all", "successive")]
BY_TIME += [GlobalTime(targets="last", validation=validation) for validation in ("last_train_item", "users")]


def events_of(seed=0, num_users=400, num_items=300, length=12):
    """Users step through the items with some noise, at times of their own; a few items are rare."""
    generator = np.random.default_rng(seed)
    users = np.repeat(np.arange(num_users), length)
    steps = np.tile(np.arange(length), num_users)
    items = (np.repeat(generator.integers(0, num_items, num_users), length) + 3 * steps) % num_items
    items = np.where(generator.random(len(items)) < 0.5, generator.integers(0, num_items, len(items)), items)
    times = np.repeat(generator.integers(0, 12_000, num_users), length) + 1000 * steps
    return pl.DataFrame({"user_id": users, "item_id": items, "timestamp": times}).cast(
        {"user_id": pl.String, "item_id": pl.String}
    )


def prepare(splitter=None, events=None):
    return prepare_sequences(number_table(events_of() if events is None else events), None, splitter or LeaveOneOut())


def report(data, splitter=None, windows=None, audit=None, task=NextItemCollate):
    return find_leaks(
        data,
        splitter=splitter or LeaveOneOut(),
        windows=windows or SlidingWindows(stride=3),
        max_length=5,
        audit=audit,
        seed=1,
        task=task,
    )


def failed(found):
    return {check.name for check in found.checks if check.fatal and not check.passed}


TIMED = [
    (splitter, timed) for splitter in SPLITS for timed in (True, False) if timed or type(splitter) is not GlobalTime
]


class BeyondTheEdge:
    """Augments with stretches that run into the targets."""

    def choose(self, offsets, train_stops, max_length, generator):
        users = np.flatnonzero(train_stops >= 2)
        starts = offsets[users]
        return Windows(users, starts, offsets[users + 1], starts + 1)


class IntoTheNeighbor:
    """Begins stretches with the last event of another user."""

    def choose(self, offsets, train_stops, max_length, generator):
        users = np.flatnonzero(train_stops >= 2)[1:]
        return Windows(users, offsets[users] - 1, offsets[users] + train_stops[users], offsets[users])


def copied(events, copy, user):
    rows = (events["user_id"] == user).arg_true()
    return [events[name].clone().scatter(rows, copy[name]) for name in ("item_id", "timestamp")]


@pytest.mark.parametrize(("splitter", "timed"), TIMED, ids=lambda part: type(part).__name__)
@pytest.mark.parametrize("windows", [LatestWindow(), SlidingWindows(stride=2)], ids=lambda part: type(part).__name__)
def test_clean_data_pass(splitter, windows, timed):
    events = events_of() if timed else events_of().drop("timestamp")
    found = report(prepare(splitter, events), splitter, windows)
    assert found.passed, failed(found)
    found.require_passed()


@pytest.mark.parametrize("splitter", BY_TIME, ids=lambda part: f"{part.targets}-{part.validation}")
@pytest.mark.parametrize("round_to", [1, 3000])
def test_clean_splits_by_time_pass_also_where_events_share_a_moment(splitter, round_to):
    events = events_of().with_columns(pl.col("timestamp") // round_to * round_to)
    found = report(prepare(splitter, events), splitter)
    assert found.passed, failed(found)


@pytest.mark.parametrize("part", ["val", "test"])
def test_events_of_the_moment_of_a_target_in_its_input(part):
    splitter = GlobalTime(targets="successive")
    events = events_of().with_columns(pl.col("timestamp") // 3000 * 3000)
    data = prepare(splitter, events)
    targets = replace(getattr(data.split, part), known=None)
    found = report(replace(data, split=replace(data.split, **{part: targets})), splitter)
    name = {"val": "validation", "test": "test"}[part]
    assert f"the moment of a {name} target is not in its input" in failed(found)


@pytest.mark.parametrize("validation", ["last_train_item", "users"])
def test_training_inside_the_test_period_whatever_the_validation(validation):
    splitter = GlobalTime(targets="last", validation=validation)
    data = prepare(splitter)
    stops = np.where(np.isin(np.arange(data.log.num_users), data.split.test.users), data.log.lengths - 1, 0)
    found = report(replace(data, split=replace(data.split, train_stops=stops)), splitter)
    assert "training ends before the test period" in failed(found)


def test_training_event_after_the_target_of_its_user():
    data = prepare()
    stops = data.split.train_stops.copy()
    stops[data.split.test.users[:7]] = data.log.lengths[data.split.test.users[:7]]
    found = report(replace(data, split=replace(data.split, train_stops=stops)))
    assert "training ends before the targets of its user" in failed(found)
    assert "vocabulary and counts come from training" in failed(found)
    with pytest.raises(UserError, match=r"the prepared data leak: training ends before .* \(14 targets lie inside"):
        found.require_passed()


def test_training_event_after_the_edge_of_a_split_by_time():
    splitter = GlobalTime()
    data = prepare(splitter)
    late = Split(LeaveOneOut().split(data.log).train_stops, data.split.val, data.split.test)
    found = report(replace(data, split=late), splitter)
    assert "training ends before the test period" in failed(found)


def test_validation_inside_the_test_period():
    splitter = GlobalTime()
    data = prepare(splitter)
    split = replace(data.split, val=data.split.test, test=data.split.val)
    found = report(replace(data, split=split, val_items=data.test_items, test_items=data.val_items), splitter)
    assert "training ends before the test period" in failed(found)


@pytest.mark.parametrize(("part", "name"), [("val", "validation"), ("test", "test")])
def test_target_inside_its_own_input(part, name):
    data = prepare()
    targets = getattr(data.split, part)
    shifted = Targets(targets.users, np.minimum(targets.positions + 1, data.log.lengths[targets.users]))
    found = report(replace(data, split=replace(data.split, **{part: shifted})))
    assert f"the {name} target is not in its own input" in failed(found)


def test_counts_that_know_the_test_period():
    data = prepare()
    everything = torch.from_numpy(np.bincount(data.log.items, minlength=data.catalog.num_items + 1))
    everything[0] = 0
    found = report(replace(data, catalog=replace(data.catalog, train_counts=everything)))
    assert failed(found) == {"vocabulary and counts come from training"}


def test_vocabulary_that_knows_the_test_period():
    data = prepare()
    ids = [*data.catalog.item_ids, "only in test"]
    counts = torch.cat([data.catalog.train_counts, torch.zeros(1, dtype=torch.int64)])
    found = report(replace(data, catalog=Catalog(ids, counts)))
    assert failed(found) == {"vocabulary and counts come from training"}


@pytest.mark.parametrize(
    ("splitter", "edge", "leaks"),
    [
        (LeaveOneOut(), WholeLog(), True),
        (LeaveOneOut(), AllButLast(num_events=1), True),
        (LeaveOneOut(), AllButLast(num_events=2), False),
        (LeaveLastK(k=2), AllButLast(num_events=2), True),
        (LeaveLastK(k=2), AllButLast(num_events=4), False),
        (GlobalTime(), AllButLast(num_events=2), True),
        (GlobalTime(), BeforeShare(share=0.9), True),
        (GlobalTime(), BeforeShare(share=0.7), False),
        (UserHoldout(seed=3), AllButLast(num_events=2), True),
    ],
)
def test_core_that_counts_the_test_period(splitter, edge, leaks):
    cleaning = Cleaning(steps=[KCore(min_user_events=1, min_item_events=10)], edge=edge)
    log, audit = cleaning.clean(number_table(events_of()))
    found = report(prepare_sequences(log, None, splitter), splitter, audit=Audit.from_json(audit.to_json(), edge))
    assert failed(found) == ({"cleaning counts training events alone"} if leaks else set())


def test_unseen_targets_do_not_look_like_a_leak_of_cleaning():
    rows = [("u", "a", 1), ("u", "new", 2), ("u", "a", 3), *[("v", "a", time) for time in range(9)]]
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
    audit = Audit(LogSize(12, 2, 2), [AuditRow("KCore", "training events", LogSize(12, 2, 2), LogSize(12, 2, 2), 0.0)])
    fair = replace(audit, edge=AllButLast(num_events=2))
    assert "cleaning counts training events alone" in failed(report(prepare(events=events), audit=audit))
    assert "cleaning counts training events alone" not in failed(report(prepare(events=events), audit=fair))


def test_user_in_two_parts_of_a_split_by_user():
    splitter = UserHoldout(seed=3)
    data = prepare(splitter)
    stops = data.split.train_stops.copy()
    stops[data.split.test.users[0]] = 3
    assert "users are in one part each" in failed(
        report(replace(data, split=replace(data.split, train_stops=stops)), splitter)
    )
    users = np.concatenate([data.split.val.users, data.split.test.users[:1]])
    both = Targets(users, data.log.lengths[users] - 1)
    items = data.log.items[data.log.offsets[users] + both.positions]
    found = report(replace(data, split=replace(data.split, val=both), val_items=items), splitter)
    assert failed(found) == {"users are in one part each"}


def test_augmentation_across_the_edge_is_caught_three_times():
    found = failed(report(prepare(), windows=BeyondTheEdge()))
    assert found == {
        "training sequences stay inside training",
        "training batches show nothing of held-out events",
        "exchanged targets cannot be predicted",
    }


def test_augmentation_with_another_user():
    assert "training sequences stay inside training" in failed(report(prepare(), windows=IntoTheNeighbor()))


def test_duplicates_across_parts():
    events = events_of()
    last = events.group_by("user_id", maintain_order=True).last().head(5)
    data = prepare(events=pl.concat([events, last]))
    found = report(data)
    assert failed(found) == {"no test target is recorded twice"}
    detail = next(check.detail for check in found.checks if not check.passed)
    assert detail.startswith("5 of 400 targets have an exact copy in their input")
    other = last.with_columns(item_id=pl.lit("0"))
    assert report(prepare(events=pl.concat([events, other.with_columns(timestamp=pl.col("timestamp") + 1)]))).passed


def test_a_second_piece_of_one_day_is_a_warning_in_a_log_of_dates():
    events = events_of().with_columns(timestamp=pl.col("timestamp") // 1000 * 86_400)
    last = events.group_by("user_id", maintain_order=True).last().head(5)
    found = report(prepare(events=pl.concat([events, last])))
    assert found.passed
    (told,) = (check for check in found.checks if check.name == "no test target is recorded twice")
    assert (told.passed, told.fatal) == (False, False)
    assert "times are whole days: 5 of 400 targets have a copy on their day" in told.detail
    hours = pl.concat([events, last]).with_columns(timestamp=pl.col("timestamp") // 24)
    assert failed(report(prepare(events=hours))) == {"no test target is recorded twice"}


def test_duplicates_differ_by_behavior():
    events = events_of().with_columns(behavior=pl.lit("view"))
    buys = events.group_by("user_id", maintain_order=True).last().with_columns(behavior=pl.lit("buy"))
    assert report(prepare(events=pl.concat([events, buys.select(events.columns)]))).passed


def test_copied_history_in_two_parts():
    splitter = UserHoldout(seed=3)
    test_user = str(prepare(splitter).user_ids[prepare(splitter).split.test.users[0]])
    events = events_of()
    train_user = str(prepare(splitter).user_ids[np.flatnonzero(prepare(splitter).split.train_stops)[0]])
    copy = events.filter(pl.col("user_id") == test_user).with_columns(user_id=pl.lit(train_user))
    # The copy takes the place of the trained history, so that users keep their order and thus their parts.
    data = prepare(splitter, events.with_columns(copied(events, copy, train_user)))
    shared = {test_user, train_user}
    held_out = {data.user_ids[user] for user in [*data.split.val.users, *data.split.test.users]}
    expected = {"no history is in two parts"} if len(shared & held_out) == 1 else set()
    assert expected, "both copies landed in one part"
    assert failed(report(data, splitter)) == expected


def test_unsorted_history():
    data = prepare()
    times = np.array(data.log.timestamps)
    times[1] = times[0] - 5
    assert failed(report(replace(data, log=replace(data.log, timestamps=times)))) == {"histories are in order of time"}


def test_many_equal_times_are_a_warning_with_the_share():
    events = events_of().with_columns(timestamp=pl.col("timestamp") // 2000)
    found = report(prepare(events=events))
    check = next(check for check in found.checks if check.name == "times define the order")
    assert (check.passed, check.fatal) == (False, False)
    assert 0.4 < float(check.detail.split("%")[0]) / 100 < 0.6
    assert check.name not in failed(found)


@pytest.mark.parametrize("splitter", SPLITS, ids=lambda splitter: type(splitter).__name__)
@pytest.mark.parametrize("name", ["ml-100k/ml-100k.inter.gz", "retailrocket-behaviors.csv.gz"])
def test_real_logs_pass(name, splitter):
    if not (SHARED / name).exists():
        pytest.skip(f"{name} is not beside the repository: it may not be redistributed")
    events = InteractionFiles(path=str(SHARED / name)).read()
    found = report(prepare(splitter, events), splitter)
    assert found.passed, failed(found)


def partners_of_all_events(**parts):
    """A task whose augmentation learns from the whole log."""
    everything = parts | {"train_stops": parts["log"].lengths}
    substitute = Substitute(share=0.5, max_distance=1, num_partners=20)
    return NextItemCollate(augmentations={"substitute": substitute}, **everything)


def test_an_augmentation_that_learns_from_held_out_events_is_caught():
    found = report(prepare(), task=partners_of_all_events)
    assert failed(found) == {"training batches show nothing of held-out events"}


@pytest.mark.parametrize("splitter", SPLITS, ids=lambda splitter: type(splitter).__name__)
def test_augmentations_that_learn_from_training_pass(splitter):
    def task(**parts):
        insert = Insert(share=0.5, max_distance=3, num_partners=20, max_length=5)
        substitute = Substitute(share=0.5, max_distance=3, num_partners=20)
        return NextItemCollate(augmentations={"insert": insert, "substitute": substitute}, **parts)

    assert report(prepare(splitter), splitter, task=task).passed


class Promising(Splitter):
    """Leaves one event of each user out and promises what it does not keep."""

    divides_by_time = True
    keeps_users_apart = True

    def split(self, log):
        return LeaveOneOut().split(log)


def test_what_a_split_of_a_users_own_promises_is_checked():
    broken = {"training ends before the test period", "users are in one part each"}
    assert broken <= failed(report(prepare(Promising()), Promising()))
    assert not broken & failed(report(prepare(LeaveOneOut())))
