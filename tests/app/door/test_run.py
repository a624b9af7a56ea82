import json
from pathlib import Path

import polars as pl
import pytest

import seqmine as sm
from seqmine.app.door.run import Run
from seqmine.structs import UserError


def had(data) -> dict[str, set[str]]:
    prepared = data.datamodule.prepared
    return {
        user: {prepared.item_id(item) for item in prepared.log.history(row)}
        for row, user in enumerate(prepared.user_ids)
    }


def test_the_numbers_are_those_of_the_folder(run):
    assert run.metrics == json.loads((run.folder / "metrics.json").read_text())
    assert run.metrics["test/ndcg@10"] > 0.2
    assert run.metrics["protocol"]["seed"] == 3
    assert run.settings["trainer"]["max_epochs"] == 4
    assert sm.load(run.folder) == sm.load(str(run.folder)) == run == Run(run.folder)
    assert "test/ndcg@10 0." in repr(run)
    assert "<img" in run._repr_html_()
    assert "protocol: split LeaveOneOut" in run._repr_html_()
    assert run.learning_curve._repr_png_().startswith(b"\x89PNG")
    assert run.per_user["split"].unique().sort().to_list() == ["test", "val"]
    assert len(run.items) == run.metrics["protocol"]["num_items"]


def test_users_of_the_log_get_what_they_did_not_have(run, data):
    lists = run.recommend(users=["u7", "u3"], top_k=3)
    assert lists.columns == ["user_id", "rank", "item_id", "score"]
    assert lists["user_id"].to_list() == ["u7"] * 3 + ["u3"] * 3
    assert lists["rank"].to_list() == [1, 2, 3] * 2
    known = had(data)
    assert not any(item in known[user] for user, item in lists.select("user_id", "item_id").iter_rows())
    everybody = run.recommend(top_k=3)
    assert everybody["user_id"].n_unique() == 200
    assert everybody.filter(pl.col("user_id") == "u7")["item_id"].to_list() == lists["item_id"].to_list()[:3]


def test_seen_items_come_back_when_they_are_asked_for(run, data):
    known = had(data)
    again = run.recommend(users=["u7"], top_k=30, seen="none")
    assert set(again["item_id"]) > known["u7"]


def test_the_test_target_can_be_left_out_of_what_is_known(run, data):
    prepared = data.datamodule.prepared
    test = dict(zip(prepared.split.test.users.tolist(), prepared.test_items.tolist(), strict=True))
    users = list(prepared.user_ids)[:50]
    lists = run.recommend(users=users, top_k=30, history="test")
    hit = sum(
        prepared.item_id(test[row]) in lists.filter(pl.col("user_id") == user)["item_id"].to_list()
        for row, user in enumerate(users)
    )
    assert hit == 50
    assert len(run.recommend(users=users, top_k=30)) < len(lists)


def test_new_histories_get_what_comes_next(counted):
    lists = counted.recommend(histories=[["i3", "i4", "i5"], ["i20", "i21"]], top_k=1)
    assert lists.select("user_id", "item_id").rows() == [("0", "i6"), ("1", "i22")]
    named = counted.recommend(histories={"ann": ["i3", "mars", "i4", "i5"], "bob": ["venus"]}, top_k=1)
    assert named.select("user_id", "item_id").rows() == [("ann", "i6")]
    table = pl.DataFrame({"user_id": [1, 1, 1], "item_id": ["i4", "i5", "i3"], "timestamp": [2, 3, 1]})
    assert counted.recommend(histories=table, top_k=1)["item_id"].to_list() == ["i6"]
    assert counted.recommend(histories=table.to_pandas(), top_k=1)["item_id"].to_list() == ["i6"]
    assert counted.recommend(histories=[]).equals(counted.recommend(histories=[[]]))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"users": ["u3", "zoe"]}, "users has 'zoe', allowed are the 200 users of the run"),
        ({"users": ["u3"], "histories": [["i1"]]}, "users and histories are both set"),
        ({"top_k": 0}, "top_k is 0, allowed are 1 to"),
        ({"seen": "some"}, "some"),
        ({"history": "half"}, "history is 'half', allowed are full or test"),
        ({"rerank": "magic"}, "rerank is 'magic', allowed are diverse, none"),
    ],
)
def test_mistakes_of_a_request_are_one_sentence(run, arguments, sentence):
    with pytest.raises(UserError, match=sentence):
        run.recommend(**arguments)


def test_nothing_is_written_by_a_request(run):
    before = sorted((path, path.stat().st_mtime_ns) for path in run.folder.rglob("*"))
    sm.load(run.folder).recommend(users=["u1"])
    assert sorted((path, path.stat().st_mtime_ns) for path in run.folder.rglob("*")) == before


def test_an_unfinished_run_is_refused(run, tmp_path):
    (tmp_path / ".hydra").mkdir()
    for name in ("config.yaml", ".hydra/config.yaml"):
        (tmp_path / name).write_text(Path(run.folder / name).read_text())
    with pytest.raises(UserError, match="has no metrics.json, as it is not finished"):
        sm.load(tmp_path)
