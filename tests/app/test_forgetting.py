import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import seqmine as sm
from seqmine.app.forgetting import forget
from seqmine.app.job import settings_of
from seqmine.data.store import read_store
from seqmine.structs import UserError


@pytest.fixture(scope="module")
def finished(small_log, tmp_path_factory):
    """A folder of outputs with a prepared log of 200 users and a run on it."""
    rows = [
        (user, item, step)
        for user, *items in (line.split() for line in small_log.read_text().splitlines())
        for step, item in enumerate(items)
    ]
    frame = pl.DataFrame(rows, schema=["customer", "sku", "time"], orient="row")
    outputs = tmp_path_factory.mktemp("forgetting") / "outputs"
    data = sm.prepare(frame, user="customer", item="sku", time="time", outputs=outputs)
    sm.train(data, model="markov", overrides=["baselines=none"])
    return outputs


@pytest.fixture
def outputs(finished, tmp_path):
    return Path(shutil.copytree(finished, tmp_path / "outputs"))


def forgotten(outputs, users, *overrides):
    listed = outputs.parent / "users.txt"
    listed.write_text("\n".join(users))
    return forget(
        settings_of("forget", [f"store={outputs}/store", f"users={listed}", f"paths.outputs={outputs}", *overrides])
    )


def store_of(outputs):
    (folder,) = (path.parent for path in (outputs / "store").glob("*/description.json"))
    return folder


def test_users_are_gone_from_the_store_and_those_who_saw_them_are_named(outputs):
    before = read_store(store_of(outputs))
    lengths = dict(zip(before.user_ids, before.log.lengths.tolist(), strict=True))
    told = forgotten(outputs, ["u7", "u9", "nobody"])
    after = read_store(store_of(outputs))
    assert set(before.user_ids) - set(after.user_ids) == {"u7", "u9"}
    assert (told["num_users"], told["num_unknown"]) == (2, 1)
    assert told["stores"][0]["events"] == lengths["u7"] + lengths["u9"] == before.log.num_events - after.log.num_events
    (run,) = told["runs"]
    assert run["store"] == store_of(outputs).name
    assert "checkpoints/best.ckpt" in run["checkpoints"]
    assert "per_user.parquet" in run["files"]
    assert json.loads((store_of(outputs) / "description.json").read_text())["erased_users"] == 2
    assert not list((outputs / "store").rglob("*.without"))


def test_the_rest_of_the_store_is_what_it_was(outputs):
    before = read_store(store_of(outputs))
    user = list(before.user_ids).index("u8")  # keys are read when they are asked for
    forgotten(outputs, ["u7"])
    after = read_store(store_of(outputs))
    there = list(after.user_ids).index("u8")
    items = [[data.item_id(item) for item in data.log.history(row)] for data, row in ((before, user), (after, there))]
    assert items[0] == items[1]


def test_all_sessions_of_a_user_are_gone(tmp_path):
    rows = [
        (f"u{user}", f"i{(user + step) % 9}", 86400 * session + 60 * step)
        for user in range(20)
        for session in range(2)
        for step in range(4)
    ]
    frame = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
    outputs = tmp_path / "outputs"
    sm.prepare(frame, time="timestamp", outputs=outputs, overrides=["data/sessions=gap"])
    assert {"u3:0", "u3:1"} <= set(read_store(store_of(outputs)).user_ids)
    told = forgotten(outputs, ["u3"])
    after = read_store(store_of(outputs))
    assert not {"u3:0", "u3:1"} & set(after.user_ids)
    assert after.log.num_people == told["stores"][0]["users_left"] == 19
    assert (told["num_users"], told["stores"][0]["users"], told["stores"][0]["events"]) == (1, 1, 8)


def test_a_store_of_others_is_left_alone(outputs):
    store, name = store_of(outputs), "0" * 24
    shutil.copytree(store, outputs / "store" / name)
    frame = pl.read_parquet(outputs / "store" / name / "users.parquet").with_columns(
        user_id=pl.lit("other-") + pl.col("user_id")
    )
    frame.write_parquet(outputs / "store" / name / "users.parquet")
    description = json.loads((store / "description.json").read_text())
    del description["files"], description["crc32"]
    (outputs / "store" / name / "description.json").write_text(json.dumps(description))
    told = forgotten(outputs, ["u7"])
    assert [Path(one["store"]).name for one in told["stores"]] == [store.name]
    assert read_store(outputs / "store" / name).log.num_users == 200


def test_a_run_without_result_is_known_by_its_log(outputs):
    (run,) = (path.parent for path in outputs.rglob("metrics.json"))
    (run / "metrics.json").unlink()
    (run / "per_user.parquet").unlink()
    assert [one["run"] for one in forgotten(outputs, ["u7"])["runs"]] == [str(run)]


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["store=nowhere"], "store is 'nowhere', which holds no prepared log; set store to the value of paths.store"),
        (["users=u7"], "users is 'u7', allowed is a file of ids"),
    ],
)
def test_mistakes_are_one_sentence(outputs, overrides, sentence):
    with pytest.raises(UserError, match=sentence):
        forgotten(outputs, ["u7"], *overrides)


def test_unknown_users_and_damaged_stores_are_refused_and_nothing_is_touched(outputs):
    with pytest.raises(UserError, match="which is not among the 200 users"):
        forgotten(outputs, ["nobody"])
    items = np.load(store_of(outputs) / "items.npy")
    np.save(store_of(outputs) / "items.npy", items[::-1])
    with pytest.raises(UserError, match=r"items.npy is not as it was written; remove .* and prepare the log anew"):
        forgotten(outputs, ["u7"])
    assert read_store(store_of(outputs)).log.num_users == 200


def test_an_id_elsewhere_in_the_store_is_told_and_nothing_is_touched(outputs):
    path = store_of(outputs) / "description.json"
    description = json.loads(path.read_text())
    del description["crc32"]
    path.write_text(json.dumps({**description, "made_for": "u7"}))
    with pytest.raises(UserError, match=r"ids of the users also stand in description\.json"):
        forgotten(outputs, ["u7"])
    assert read_store(store_of(outputs)).log.num_users == 200
