import json

import polars as pl
import pytest
import torch

from seqmine.structs import UserError
from tests.listing import Listing, Told
from tests.tiny import call, train

FAST = ["faithfulness.num_users=4", "faithfulness.num_resamples=50", "faithfulness.cutoffs=[1,3]", "top_k=3"]


@pytest.fixture(scope="module")
def folder(small_log, tmp_path_factory):
    folder = tmp_path_factory.mktemp("explain")
    items = "\n".join(["item_id,title", *(f"i{item},Film [{item}]" for item in range(1, 31))])
    (folder / "items.csv").write_text(items + "\n")
    train(small_log, folder / "run", "trainer.max_epochs=6", f"data.items_path={folder / 'items.csv'}")
    train(small_log, folder / "gru", "model=gru")
    return folder


def explain(folder, *overrides, run="run", out="out"):
    return call("explain", folder / out, f"run={folder / run}", *overrides)


def test_one_recommendation_is_explained_and_written(folder, capsys):
    explain(folder, "user=u3", *FAST)
    told = json.loads((folder / "out" / "explanation.json").read_text())
    printed = capsys.readouterr().out
    assert told["user_id"] == "u3" and told["rank"] == 1 and told["explainer"] == "Deletion"
    assert told["item"]["title"].startswith("Film [") and told["item"]["title"] in printed
    assert [event["position"] for event in told["events"]] == list(range(1, len(told["events"]) + 1))
    assert told["faithfulness"]["means"].keys() == {"explainer", "random", "recency"}
    assert told["patterns"] is None
    assert (
        f"for user u3: rank 1, probability {told['probability']:.4f}"
        in (folder / "out" / "explanation.html").read_text()
    )
    assert {"PN-S", "DEL", "INS", "CDCG", "Gini"} <= told["measures"].keys()
    assert "out of the top 3" in printed and "better than recency in" in printed
    # the last event makes the next one: item i is followed by i + 1
    assert max(told["events"], key=lambda event: event["share"])["position"] == len(told["events"])


def test_histories_from_outside_have_no_user_and_the_item_may_be_chosen(folder, capsys):
    explain(folder, "history=i3 i4 i5", "item=i20", "faithfulness=none", "top_k=3")
    told = json.loads((folder / "out" / "explanation.json").read_text())
    assert told["user_id"] is None and told["faithfulness"] is None
    assert [event["item_id"] for event in told["events"]] == ["i3", "i4", "i5"]
    assert told["item"]["item_id"] == "i20" and told["smallest_deletion"] is None
    assert told["rank"] > 3
    assert told["smallest_addition"]["item_id"] in ("i18", "i19", "i17", "i16")
    assert "would bring it to rank" in capsys.readouterr().out


def test_the_test_target_can_be_left_out(folder, small_log):
    [line] = [line for line in small_log.read_text().splitlines() if line.startswith("u3 ")]
    whole = line.split()[1:][-8:]
    for after, expected in (("full", whole), ("test", line.split()[1:-1][-8:])):
        explain(folder, "user=u3", f"after={after}", "faithfulness=none")
        told = json.loads((folder / "out" / "explanation.json").read_text())
        assert [event["item_id"] for event in told["events"]] == expected


def test_counts_of_people_are_of_the_training_part_without_the_user(folder, small_log):
    training = {line.split()[0]: line.split()[1:-2] for line in small_log.read_text().splitlines()}
    explain(folder, "user=u3", "faithfulness=none", "release.min_users=1")
    told = json.loads((folder / "out" / "explanation.json").read_text())
    first = told["precedents"][0]
    [event] = [item["item_id"] for item in first["events"]]
    had = [user for user, items in training.items() if event in items and user != "u3"]
    assert first["num_users"] == len(had)
    explain(folder, "user=u3", "faithfulness=none", f"release.min_users={len(had) + 1}")
    told = json.loads((folder / "out" / "explanation.json").read_text())
    assert told["precedents"][0]["num_users"] is None


def test_patterns_that_support_the_item_are_shown(folder, capsys):
    rows = {
        "pattern": [["i4", "i6"], ["i5", "i6"], ["i6", "i5"], ["i5", "i6"]],
        "behaviors": pl.Series([None] * 4, dtype=pl.List(pl.String)),
        "support_count": [20, 30, 40, 50],
        "released": [True, True, True, False],
    }
    (folder / "mined").mkdir(exist_ok=True)
    pl.DataFrame(rows).write_parquet(folder / "mined" / "patterns.parquet")
    explain(folder, "history=i3 i4 i5", "item=i6", "faithfulness=none", f"patterns={folder / 'mined'}")
    told = json.loads((folder / "out" / "explanation.json").read_text())
    assert [one["pattern"] for one in told["patterns"]] == [["i5", "i6"], ["i4", "i6"]]
    assert [one["support_count"] for one in told["patterns"]] == [30, 20]
    assert "Film [5] -> Film [6] (30 users)" in capsys.readouterr().out


@pytest.mark.parametrize("users", ["file", "number"])
def test_many_users_make_a_table(folder, users):
    (folder / "users.txt").write_text("u5\nu3\n\nu5\n")
    named = folder / "users.txt" if users == "file" else 40
    explain(folder, f"users={named}", "num_items=2", "explainer=shapley", "explainer.num_orders=2")
    table = pl.read_parquet(folder / "out" / "explanations.parquet")
    order = table["user_id"].unique(maintain_order=True).to_list()
    assert order == ["u5", "u3"] if users == "file" else len(order) == 40
    assert table.group_by("user_id").agg(pl.col("rank").unique().sort())["rank"].to_list() == [[1, 2]] * len(order)
    assert table["completeness_gap"].abs().max() < 1e-6
    explain(folder, "user=u5", "explainer=shapley", "explainer.num_orders=2", "faithfulness=none")
    alone = json.loads((folder / "out" / "explanation.json").read_text())
    same = table.filter(pl.col("user_id") == "u5", pl.col("item_id") == alone["item"]["item_id"])
    if len(same):
        assert same["event_item_id"].to_list() == [event["item_id"] for event in alone["events"]]
        assert same["share"].to_list() == pytest.approx([event["share"] for event in alone["events"]], abs=1e-4)


def test_an_explainer_of_chance_is_named_so(folder, capsys):
    explain(folder, "user=u3", "explainer=random", *FAST)
    printed = capsys.readouterr().out
    assert "Chance is NOT better than random in PN-S@3" in printed
    assert "caution: a floor: these shares are random numbers" in printed


@pytest.mark.parametrize(
    ("run", "overrides", "sentence"),
    [
        ("run", ["user=nobody"], "user 'nobody' is not among the 200 users of the run; change user"),
        ("run", ["user=u3", "item=mars"], "item is 'mars', which is not among the 30 items of the run; change item"),
        ("run", ["history="], "history is empty, which explains nothing"),
        ("run", ["history=i3 mars"], "history has item 'mars', which is not among the 30 items of the run"),
        ("run", [], "none of them is set, allowed is one of user, history and users"),
        ("run", ["user=u3", "users=5"], "user and users is set, allowed is one of"),
        ("run", ["users=0"], "users is 0, which names nobody"),
        ("run", ["users=nofile.txt"], "users is 'nofile.txt', which is no file"),
        ("run", ["users=2", "num_items=0"], "num_items is 0, allowed are whole numbers from 1"),
        ("run", ["user=u3", "after=half"], "after is 'half', allowed are full or test"),
        ("run", ["user=u3", "top_k=0"], "top_k is 0, allowed are 1 to 30"),
        ("run", ["user=u3", "top_k=7"], "top_k is 7, allowed are"),
        ("run", ["user=u3", "patterns=nowhere"], "patterns is 'nowhere', which has no patterns.parquet"),
        ("gru", ["user=u3", "explainer=attention"], "the model of this run has no softmax attention; set explainer="),
        ("nowhere", ["user=u3"], "has no config.yaml"),
    ],
)
def test_mistakes_are_told_in_a_sentence(folder, run, overrides, sentence):
    with pytest.raises(UserError, match=sentence):
        explain(folder, *overrides, run=run)


def test_a_run_without_checkpoint_is_refused(folder, small_log):
    train(small_log, folder / "bare", "model=gru")
    (folder / "bare" / "checkpoints" / "best.ckpt").unlink()
    with pytest.raises(UserError, match=r"has no checkpoints/best.ckpt"):
        explain(folder, "user=u3", run="bare")


def test_nothing_is_trained_or_changed(folder):
    checkpoint = folder / "run" / "checkpoints" / "best.ckpt"
    before = torch.load(checkpoint, weights_only=True)["state_dict"]
    explain(folder, "user=u3", "explainer=integrated_gradients", "faithfulness=none")
    after = torch.load(checkpoint, weights_only=True)["state_dict"]
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_model_that_names_its_items_is_not_explained(folder, monkeypatch):
    model = Listing(Told(torch.zeros(1, 3)))
    monkeypatch.setattr("seqmine.app.explaining.restore_run", lambda config: (config, model, None))
    with pytest.raises(UserError, match="whose model names its best items and .*, which explain needs; set run to one"):
        explain(folder, "user=u3")
