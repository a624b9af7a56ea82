"""A shop whose purchases are predicted from all that people did: train, evaluate and recommend agree."""

import json

import numpy as np
import polars as pl
import pytest

from tests.programs import TINY, error_of, run

CONTEXT = "model/context=[behavior,time_gap,calendar,session,rating,item_attributes,user_attributes]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """People buy what they looked at last but one, never twice the same, and sometimes look at things afterwards."""
    folder, random = tmp_path_factory.mktemp("shop"), np.random.default_rng(0)
    lines = ["user_id,item_id,timestamp,behavior,rating"]
    for user in range(150):
        time, wanted = 1_600_000_000, random.permutation(30)[:5]
        for item in wanted:
            for seen, kind in ((item, "view"), (random.integers(30), "view"), (item, "buy")):
                time += int(random.integers(1, 4000))
                lines.append(f"u{user},i{seen},{time},{kind},{random.integers(1, 6)}")
        lines += [f"u{user},i{random.integers(30)},{time + 5},view,"] * int(random.integers(0, 2))
    (folder / "log.csv").write_text("\n".join(lines) + "\n")
    items = [f"i{item},{item % 4},a|{item % 3},{item}" for item in range(30)]
    (folder / "items.csv").write_text("\n".join(["item_id,brand,tags,price", *items]) + "\n")
    np.save(folder / "items.npy", random.normal(size=(30, 3)))
    users = [f"u{user},{user % 2}" for user in range(150)]
    (folder / "users.csv").write_text("\n".join(["user_id,country", *users]) + "\n")
    arguments = [
        "data=interactions", "data.path=log.csv", *TINY, "trainer=cpu", "trainer.max_epochs=8", "optimizer.lr=0.01",
        "scheduler=constant", "baselines=none", "data/windows=prefixes", "data.target_behavior=buy", CONTEXT,
        "model/item_table=attributes",
        "data.item_attributes.path=items.csv", "data.item_attributes.vectors=items.npy",
        "data.item_attributes.categorical=[brand]", "data.item_attributes.multi_valued=[tags]",
        "data.item_attributes.numeric=[price]", "data.user_attributes.path=users.csv",
        "data.user_attributes.categorical=[country]",
    ]  # fmt: skip
    run("train", *arguments, f"hydra.run.dir={folder / 'run'}", cwd=folder)
    return folder


def metrics(folder, name):
    return json.loads((folder / name / "metrics.json").read_text())


def test_the_targets_are_the_last_purchases(folder):
    ranks = pl.read_parquet(folder / "run" / "per_user.parquet").filter(pl.col("split") == "test")
    bought = pl.read_csv(folder / "log.csv").filter(pl.col("behavior") == "buy")
    last = bought.group_by("user_id", maintain_order=True).agg(pl.col("item_id").last())
    assert len(ranks) == 150
    assert dict(ranks.select("user_id", "item_id").iter_rows()) == dict(last.iter_rows())
    assert metrics(folder, "run")["protocol"]["target_behavior"] == "buy"


def test_the_model_learns_what_people_buy(folder):
    """Chance is 10 of the 26 items that were not bought before."""
    assert metrics(folder, "run")["test/hit_rate@10"] > 0.6


def test_evaluate_measures_the_same(folder):
    run("evaluate", f"run={folder / 'run'}", f"hydra.run.dir={folder / 'again'}", cwd=folder)
    for name in ("test/hit_rate@10", "test/ndcg@10", "val/ndcg@10"):
        assert metrics(folder, "again")[name] == pytest.approx(metrics(folder, "run")[name], abs=1e-9)


def test_recommendations_before_the_last_purchase_hit_as_often(folder):
    run("recommend", f"run={folder / 'run'}", "history=test", f"output={folder / 'lists.parquet'}", cwd=folder)
    lists = pl.read_parquet(folder / "lists.parquet")
    ranks = pl.read_parquet(folder / "run" / "per_user.parquet").filter(pl.col("split") == "test")
    hits = lists.join(ranks, on=["user_id", "item_id"])
    assert len(hits) / len(ranks) == pytest.approx(metrics(folder, "run")["test/hit_rate@10"])


def test_the_histories_of_a_file_are_scored_with_what_it_tells(folder):
    lines = (folder / "log.csv").read_text().splitlines()
    (folder / "new.csv").write_text("\n".join([lines[0], *(line for line in lines if line.startswith("u7,"))]) + "\n")
    run("recommend", f"run={folder / 'run'}", "input=new.csv", "top_k=5", "output=new.parquet", cwd=folder)
    bought = {line.split(",")[1] for line in lines if line.startswith("u7,") and ",buy," in line}
    listed = pl.read_parquet(folder / "new.parquet")["item_id"].to_list()
    assert len(listed) == 5
    assert not set(listed) & bought
    (folder / "bare.csv").write_text("user_id,item_id\nx,i1\n")
    done = run("recommend", f"run={folder / 'run'}", "input=bare.csv", "output=bare.csv.csv", cwd=folder, status=1)
    assert "data.columns.behavior" in error_of(done)


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        ("data.target_behavior=like", "the behavior 'like' is not in the log, which has buy, view"),
        (
            "data.item_attributes.categorical=[color]",
            "the attribute 'color' of items is chosen, and the table has item_id, brand, tags, price; change data.item_",
        ),
        (
            "model/context=[user_attributes]",
            "no attribute of users is chosen, and this model reads them; set data.user_attributes.path and",
        ),
        ("model/context=[weather]", "weather"),
    ],
)
def test_mistakes_are_told_in_one_sentence(folder, argument, sentence):
    arguments = [
        "data=interactions",
        "data.path=log.csv",
        "data.items_path=items.csv",
        *TINY,
        "trainer=smoke",
        argument,
    ]
    assert sentence in error_of(run("train", *arguments, cwd=folder, status=1))
