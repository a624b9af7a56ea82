import json

import polars as pl
import pytest

from seqmine.app import recommending
from seqmine.serving.shards import Shards
from seqmine.structs import UserError
from tests.tiny import call, train


@pytest.fixture(scope="module")
def runs(small_log, tmp_path_factory):
    folder = tmp_path_factory.mktemp("recommending")
    items = folder / "items.csv"
    items.write_text("item_id,title\n" + "".join(f"i{item},Film {item}\n" for item in range(1, 31)))
    train(small_log, folder / "run", "model=popularity", f"data.items_path={items}")
    train(small_log, folder / "net")
    return folder


def lists_of(runs, tmp_path, *settings, run="run"):
    output = tmp_path / "lists.parquet"
    call("recommend", tmp_path / "out", f"run={runs / run}", f"output={output}", "num_shown=0", *settings)
    return pl.read_parquet(output)


def history_of(small_log, user):
    return next(line.split()[1:] for line in small_log.read_text().splitlines() if line.split()[0] == user)


def test_lists_have_titles_and_are_of_the_users_that_are_named(runs, tmp_path, capsys):
    (tmp_path / "users.txt").write_text("user_id\nu7\nmartian\nu3\n")
    lists = lists_of(runs, tmp_path, f"users={tmp_path / 'users.txt'}", "top_k=2", "num_shown=1")
    assert lists["user_id"].to_list() == ["u7", "u7", "u3", "u3"]
    assert lists["title"].to_list() == [f"Film {item[1:]}" for item in lists["item_id"]]
    shown = capsys.readouterr().out
    assert lists["title"][0] in shown and "u3" not in shown


def test_excluded_items_are_in_no_list_and_allowed_ones_alone(runs, tmp_path):
    (tmp_path / "only.csv").write_text("i1\ni2\ni3\n")
    lists = lists_of(runs, tmp_path, f"only={tmp_path / 'only.csv'}", "exclude='i2,i9'", "seen=none")
    assert set(lists["item_id"]) == {"i1", "i3"}
    assert lists["rank"].max() == 2, "fewer candidates than top_k"
    assert lists["user_id"].n_unique() == 200
    with pytest.raises(UserError, match="only and exclude leave no item"):
        lists_of(runs, tmp_path, "only=i1", "exclude=i1")
    with pytest.raises(UserError, match="exclude names 'mars', which is not among the 30 items"):
        lists_of(runs, tmp_path, "exclude=mars")


def test_diverse_lists_hold_the_cap_among_what_is_allowed_and_are_no_probabilities(runs, tmp_path, small_log):
    rows = [f"i{item},{'even' if item % 2 == 0 else 'odd'}" for item in range(1, 31)]
    (tmp_path / "items.csv").write_text("item_id,kind\n" + "\n".join(rows) + "\n")
    train(small_log, tmp_path / "net", f"data.items_path={tmp_path / 'items.csv'}")
    diverse = ["rerank=[patterns,diverse]", "rerank.diverse.category=kind", "seen=none"]
    settings = [f"run={tmp_path / 'net'}", *diverse, "rerank.diverse.max_per_category=1", "num_shown=0", "exclude=i2"]
    call("recommend", tmp_path / "out", *settings, "top_k=2")
    lists = pl.read_parquet(tmp_path / "out" / "recommendations.parquet")
    kinds = lists.with_columns(even=pl.col("item_id").str.slice(1).cast(pl.Int64) % 2 == 0).group_by("user_id")
    assert (kinds.agg(pl.col("even").sum(), pl.len()).select("even", "len").unique().rows()) == [(1, 2)]
    assert "i2" not in set(lists["item_id"])
    with pytest.raises(UserError, match="scores is 'probability', but rerank=diverse orders"):
        call("recommend", tmp_path / "out", *settings, "scores=probability")


def test_what_was_seen_is_left_out_as_the_run_does_or_as_is_asked(runs, tmp_path, small_log):
    had = history_of(small_log, "u5")
    kept = lists_of(runs, tmp_path, "users=u5", "top_k=30")["item_id"].to_list()
    assert set(kept).isdisjoint(had)
    assert set(had) <= set(lists_of(runs, tmp_path, "users=u5", "top_k=30", "seen=none")["item_id"])
    window = lists_of(runs, tmp_path, "users=u5", "top_k=30", "seen=window")["item_id"].to_list()
    assert set(window).isdisjoint(had[-8:]) and set(had[:-8]) - set(had[-8:]) <= set(window)


def test_people_without_a_known_item_get_popular_items_where_that_is_asked(runs, tmp_path):
    (tmp_path / "new.csv").write_text("user_id,item_id\nknown,i3\nlost,mars\n")
    lists = lists_of(runs, tmp_path, f"input={tmp_path / 'new.csv'}", "fallback=popularity", "top_k=2", run="net")
    assert lists.select("user_id", "fallback").unique(maintain_order=True).rows() == [("known", False), ("lost", True)]
    strangers = lists_of(runs, tmp_path, "users='u1,nobody'", "fallback=popularity", "top_k=1", run="net")
    assert strangers.select("user_id", "fallback").rows() == [("u1", False), ("nobody", True)]
    (tmp_path / "new.csv").write_text("user_id,item_id\nlost,mars\n")
    with pytest.raises(UserError, match="not one user of '.*new.csv' has an item that the model knows; change input"):
        lists_of(runs, tmp_path, f"input={tmp_path / 'new.csv'}", run="net")
    with pytest.raises(UserError):
        lists_of(runs, tmp_path, f"input={tmp_path / 'new.csv'}")
    assert pl.read_parquet(tmp_path / "lists.parquet").columns == ["user_id", "rank", "item_id", "score", "title"]
    assert pl.read_parquet(tmp_path / "lists.parquet").is_empty(), "no lists of an earlier call"


def test_a_file_of_other_columns_is_read_as_is_said(runs, tmp_path):
    (tmp_path / "new.txt").write_text("who,what\nann,i3\n")
    columns = ["reading.columns.user_id=who", "reading.columns.item_id=what"]
    lists = lists_of(runs, tmp_path, f"input={tmp_path / 'new.txt'}", *columns, "top_k=1")
    assert lists["user_id"].to_list() == ["ann"]
    with pytest.raises(
        UserError, match=r"reading\.columns\.user_id=me is not a column of .*new\.txt, which has who, what"
    ):
        lists_of(runs, tmp_path, f"input={tmp_path / 'new.txt'}", "reading.columns.user_id=me", columns[1])


def test_the_parts_of_a_stopped_program_are_kept_for_the_same_command(runs, tmp_path, monkeypatch, caplog):
    written, write = [], Shards.write

    def stopped(self, number, lists):
        if number == 2:
            raise KeyboardInterrupt
        write(self, number, lists)

    monkeypatch.setattr(Shards, "write", stopped)
    with pytest.raises(SystemExit) as stop:
        lists_of(runs, tmp_path, "shard_size=60")
    assert stop.value.code == 130
    assert "stopped with 2 of 4 parts made; the same command" in caplog.text
    monkeypatch.setattr(
        Shards, "write", lambda self, number, lists: (written.append(number), write(self, number, lists))
    )
    again = lists_of(runs, tmp_path, "shard_size=60")
    assert written == [2, 3]
    assert again.equals(lists_of(runs, tmp_path / "whole"))


@pytest.mark.parametrize(
    "setting", ["top_k=3", "seen=none", "exclude=i3", "users=u1", "scores=probability", "history=test"]
)
def test_parts_of_another_command_are_not_taken(runs, tmp_path, setting, monkeypatch):
    monkeypatch.setattr(Shards, "finish", lambda self, users_per_file: None)
    call("recommend", tmp_path / "out", f"run={runs / 'run'}", f"output={tmp_path / 'a.parquet'}", "num_shown=0")
    before = json.loads((tmp_path / ".a.parquet.parts" / "belongs_to.json").read_text())
    call(
        "recommend", tmp_path / "out", f"run={runs / 'run'}", f"output={tmp_path / 'a.parquet'}", "num_shown=0", setting
    )
    assert json.loads((tmp_path / ".a.parquet.parts" / "belongs_to.json").read_text()) != before


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("trainer.devices=0", "trainer.devices is 0, allowed are whole numbers from 1"),
        ("at=2020-02-02", "at is '2020-02-02', but lists look at no time; set evaluation.candidates=available"),
        ("users=martian", "users names 'martian', which is not among the 200 users"),
        ("fallback=luck", "fallback is 'luck', allowed are none, popularity"),
    ],
)
def test_mistakes_are_told(runs, tmp_path, setting, sentence):
    with pytest.raises(UserError, match=sentence):
        lists_of(runs, tmp_path, setting)


def test_similar_items_are_named_by_the_model_and_by_who_had_both(runs, tmp_path, small_log, capsys):
    output = tmp_path / "similar.csv"
    settings = (f"output={output}", "items='i3,mars,i7'", "top_k=4", "min_users=1")
    call("recommend", tmp_path / "net", f"run={runs / 'net'}", *settings)
    table = pl.read_csv(output)
    assert table["item_id"].to_list() == ["i3"] * 4 + ["i7"] * 4
    assert (table["model_item_id"] != table["item_id"]).all() and table["similarity"].is_between(-1, 1).all()
    assert (table["together_item_id"] != table["item_id"]).all()
    training = [set(line.split()[1:-2]) for line in small_log.read_text().splitlines()]
    for item, other, count in table.select("item_id", "together_item_id", "num_users").rows():
        assert count == sum({item, other} <= items for items in training), "the last two events of a user are targets"
    assert table["model_item_id"][0] in capsys.readouterr().out
    call("recommend", tmp_path / "counted", f"run={runs / 'run'}", *settings)
    assert pl.read_csv(output)["model_item_id"].null_count() == 8


def test_similar_items_are_not_asked_for_with_lists_of_users(runs, tmp_path):
    with pytest.raises(UserError, match="items asks for similar items, but users is of lists of users"):
        lists_of(runs, tmp_path, "items=i3", "users=u7")
    with pytest.raises(UserError, match="items names 'mars', which is not"):
        lists_of(runs, tmp_path, "items=mars")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A log with times, in which item i is on sale from day i to day i + 8; and a run that knows popularity."""
    folder = tmp_path_factory.mktemp("shop")
    rows = [(user, f"i{user % 12 + step}", 86_400 * (user % 12 + step + 2)) for user in range(60) for step in range(6)]
    frame = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
    frame.write_csv(folder / "log.csv")
    settings = ["data=interactions", f"data.path={folder / 'log.csv'}", "data.time_format=seconds", "model=popularity"]
    train(folder / "log.csv", folder / "run", *settings, "evaluation.candidates=available")
    return folder


@pytest.mark.parametrize(
    "settings", [["exclude=i5"], ["fallback=popularity"], ["at=1970-01-09"], ["trainer.devices=2", "shard_size=11"]]
)
def test_a_long_file_is_divided_and_the_lists_stay_the_same(shop, tmp_path, monkeypatch, settings, caplog):
    """Also what is on sale after the last event of the whole file, not of a part."""
    rows = pl.read_csv(shop / "log.csv").with_columns(
        user_id=pl.col("user_id").map_elements(lambda user: f"{user % 12:02} {user}", pl.String)
    )
    rows = rows.with_columns(item_id=pl.when(pl.int_range(pl.len()) % 60 < 6).then(pl.lit("mars")).otherwise("item_id"))
    rows.sample(fraction=1, shuffle=True, seed=0).write_csv(tmp_path / "new.csv")
    settings = [f"input={tmp_path / 'new.csv'}", *settings]
    whole = lists_of(shop, tmp_path / "whole", *settings)
    told = [record.getMessage() for record in caplog.records if "know" in record.getMessage()]
    caplog.clear()
    monkeypatch.setattr(recommending, "PART_EVENTS", 40)
    assert lists_of(shop, tmp_path / "parts", *settings).equals(whole)
    assert [record.getMessage() for record in caplog.records if "know" in record.getMessage()] == told
    assert told and [path.name for path in (tmp_path / "parts").iterdir() if path.name != "out"] == ["lists.parquet"]
