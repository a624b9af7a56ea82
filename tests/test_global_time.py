"""A split by time, with events that share a moment: every program says the same of its targets and their inputs."""

import json

import numpy as np
import polars as pl
import pytest

from tests.tiny import call

EDGE = 900  # when the test period begins: the ninth tenth of the events


@pytest.fixture(scope="module")
def log() -> dict[str, list[tuple[int, str]]]:
    """People go round things of their own, two events at most moments; a few come late or see a thing that is new."""
    random = np.random.default_rng(0)
    log = {}
    for user in range(40):
        items = [f"i{item}" for item in np.resize(random.permutation(20)[:4], 24)]
        if user % 8 == 0:
            items[-2] = f"rare{user}"
        first = 950 if user == 39 else user
        log[f"u{user:02}"] = [(first + (1000 - first) * (place // 2) // 12, item) for place, item in enumerate(items)]
    return log


@pytest.fixture(scope="module")
def folder(tmp_path_factory, log):
    folder = tmp_path_factory.mktemp("by_time")
    rows = [(user, item, time) for user, events in log.items() for time, item in events]
    pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row").write_csv(folder / "log.csv")
    return folder


def train(folder, name, *overrides):
    shared = ["data=interactions", f"data.path={folder / 'log.csv'}", "data/split=global_time", "data/cleaning=none"]
    shared += [f"data.split.test_from={EDGE}", "data.split.val_from=0.6", "trainer=cpu", "logger=none"]
    shared += ["trainer.max_epochs=1", "baselines=none", "model=markov", *overrides]
    return folder / name if (folder / name / "metrics.json").exists() else call("train", folder / name, *shared)


def metrics(run) -> dict:
    return json.loads((run / "metrics.json").read_text())


@pytest.mark.parametrize("targets", ["last", "all", "successive"])
def test_what_is_delivered_before_each_target_is_what_was_measured(folder, log, targets):
    run = train(folder, targets, f"data.split.targets={targets}")
    ranks = pl.read_parquet(run / "per_user.parquet").filter(split="test")
    for user, place, item in ranks.select("user_id", "position", "item_id").iter_rows():
        time, named = log[user][place]
        assert named == item and time >= EDGE
    found = metrics(run)
    assert (found["protocol"]["targets"], found["protocol"]["validation"]) == (targets, "time")
    call("recommend", folder / f"{targets}-lists", f"run={run}", "history=test", "top_k=5")
    lists = pl.read_parquet(folder / f"{targets}-lists" / "recommendations.parquet")
    if targets == "successive":
        # the targets of one moment have one input and one list, which is named after the first of them
        moments = {(user, place): min(p for p, e in enumerate(log[user]) if e[0] == log[user][place][0])
                   for user, place in ranks.select("user_id", "position").iter_rows()}  # fmt: skip
        asked = {(user, moments[user, place]): set() for user, place in moments}
        for user, place, item in lists.select("user_id", "position", "item_id").iter_rows():
            asked[user, moments[user, place]].add(item)
        hits = [item in asked[user, moments[user, place]] for user, place, item in
                ranks.select("user_id", "position", "item_id").iter_rows()]  # fmt: skip
        assert set(lists["position"]) != set(ranks["position"]), "one list a moment"
    else:
        assert "position" not in lists.columns, "one list a user"
        hits = [len(lists.filter(user_id=user, item_id=item)) for user, item in
                ranks.select("user_id", "item_id").iter_rows()]  # fmt: skip
    assert sum(hits) / len(ranks) == pytest.approx(found["test/hit_rate@5"])
    assert found["test/hit_rate@5"] > 0.1


def test_several_targets_are_told_by_event_and_by_user_with_warm_and_cold_parts(folder):
    run = train(folder, "successive", "data.split.targets=successive")
    ranks = pl.read_parquet(run / "per_user.parquet").filter(split="test")
    found = metrics(run)
    by_user = ranks.group_by("user_id").agg(hits=(pl.col("rank") <= 10).mean())["hits"].mean()
    assert found["test/by_user/hit_rate@10"] == pytest.approx(by_user)
    assert found["test/num_users"] == ranks["user_id"].n_unique() == 40
    cold = ranks.filter(user_id="u39")
    assert found["test/cold_users/num_targets"] == len(cold) == 22
    assert found["test/cold_users/hit_rate@10"] == pytest.approx((cold["rank"] <= 10).mean())
    assert found["test/cold_items/num_targets"] == ranks["item_id"].str.starts_with("rare").sum() == 5
    assert found["test/cold_items/hit_rate@10"] == 0


def test_explanation_and_mining_know_no_more_than_the_input_and_the_training_part(folder, log):
    run = train(folder, "last", "data.split.targets=last")
    out = call("explain", folder / "explained", f"run={run}", "user=u03", "faithfulness=none", "after=test", "top_k=3")
    told = json.loads((out / "explanation.json").read_text())
    before = [item for time, item in log["u03"] if time < log["u03"][-1][0]]
    assert [event["item_id"] for event in told["events"]] == before[-len(told["events"]) :]
    assert len(told["events"]) == len(before)
    data = ["data=interactions", f"data.path={folder / 'log.csv'}", "data/split=global_time", "data/cleaning=none"]
    data += [f"data.split.test_from={EDGE}", "data.split.val_from=0.6", "logger=none", "evidence=none"]
    out = call("mine", folder / "mined", *data, "miner.min_count=1", "miner.max_length=1", "projection=item")
    times = sorted(time for events in log.values() for time, _ in events)
    val_edge = times[int(len(times) * 0.6)]
    expected = {}
    for events in log.values():
        for item in {item for time, item in events if time < val_edge}:
            expected[item] = expected.get(item, 0) + 1
    mined = pl.read_parquet(out / "patterns.parquet")
    assert {row["pattern"][0]: row["support_count"] for row in mined.iter_rows(named=True)} == expected
