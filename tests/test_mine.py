import json
from collections import Counter
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from tests.programs import error_of, run


def mine(tmp_path, *arguments, status=0):
    folder = tmp_path / "run"
    return run("mine", f"hydra.run.dir={folder}", f"paths.outputs={tmp_path}", *arguments, cwd=tmp_path, status=status)


def test_program_counts_every_event_of_a_file(tmp_path):
    (tmp_path / "log.txt").write_text("u1 a b a c\nu2 b a c\nu3 c\nu4 a a\n")
    mine(
        tmp_path, "data=sequences", f"data.path={tmp_path}/log.txt", "data.layout=user_per_line", "part=all",
        "evidence=none", "miner.min_count=2", "logger=csv",
    )  # fmt: skip
    folder = tmp_path / "run"
    frame = pl.read_parquet(folder / "patterns.parquet")
    found = {tuple(row["pattern"]): row["support_count"] for row in frame.iter_rows(named=True)}
    assert found == {
        ("a",): 3, ("b",): 2, ("c",): 3, ("a", "a"): 2, ("a", "c"): 2, ("b", "a"): 2, ("b", "c"): 2, ("b", "a", "c"): 2,
    }  # fmt: skip
    assert json.loads((folder / "pattern_report.json").read_text())["num_users"] == 4
    assert (folder / "rules.png").exists()


def test_program_names_a_part_that_does_not_exist(tmp_path):
    (tmp_path / "log.txt").write_text("u1 a b a c\nu2 b a c\n")
    done = mine(tmp_path, "data=sequences", f"data.path={tmp_path}/log.txt", "part=test", "logger=none", status=1)
    assert error_of(done) == "error: part is 'test', allowed are train or all; change part"


SHOP = """user_id,item_id,behavior,timestamp,
u1,lamp,view,0
u1,lamp,buy,50
u1,bulb,buy,51
u2,lamp,view,0
u2,lamp,buy,60
u2,bulb,buy,500
u3,bulb,view,0
u3,lamp,view,10
u3,lamp,buy,10
""".replace("timestamp,", "timestamp")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ([], {"view lamp": 3, "buy lamp": 3, "view lamp > buy lamp": 3, "buy bulb": 2, "buy lamp > buy bulb": 2}),
        (["miner.max_duration=60"], {"view lamp": 3, "view lamp > buy lamp": 3}),
        (["miner.max_duration=59"], {"view lamp > buy lamp": 2}),
        (["miner.strict_time=true"], {"view lamp": 3, "view lamp > buy lamp": 2}),
        (["must_contain=[buy bulb]"], {"buy bulb": 2, "buy lamp > buy bulb": 2, "view lamp > buy bulb": 2}),
        (["projection.behaviors=[buy]"], {"buy lamp": 3, "buy bulb": 2, "buy lamp > buy bulb": 2}),
        (["projection=attribute", "projection.attribute=brand"], {"Glow": 3, "Glow > Glow": 3, "Ray": 3}),
        (
            ["projection=attribute", "projection.attribute=brand", "projection.with_behavior=true"],
            {"view Glow": 3, "view Glow > buy Glow": 3},
        ),
    ],
    ids=str,
)
def test_program_mines_under_every_constraint_and_projection(settings, expected, tmp_path):
    (tmp_path / "shop.csv").write_text(SHOP)
    (tmp_path / "items.csv").write_text("item_id,brand\nlamp,Glow\nbulb,Ray\n")
    mine(
        tmp_path, "data=interactions", f"data.path={tmp_path}/shop.csv", f"data.items_path={tmp_path}/items.csv",
        "part=all", "evidence=none", "miner.min_count=2", "logger=none", "projection=item_behavior", *settings,
    )  # fmt: skip
    folder = tmp_path / "run"
    found = {}
    for row in pl.read_parquet(folder / "patterns.parquet").iter_rows(named=True):
        kinds = row["behaviors"] or [None] * len(row["pattern"])
        names = [key if kind is None else f"{kind} {key}" for kind, key in zip(kinds, row["pattern"], strict=True)]
        found[" > ".join(names)] = row["support_count"]
    assert expected.items() <= found.items()
    if "must_contain=[buy bulb]" in settings:
        assert all("buy bulb" in name for name in found)
    if "projection.behaviors=[buy]" in settings:
        assert not any("view" in name for name in found)


def test_a_run_brings_its_data_and_its_model_is_asked_with_every_column(tmp_path):
    rows = ["who,what,when,kind"]
    for user in range(30):
        items = [f"i{(user + step) % 8}" for step in range(8)]
        rows += [
            f"u{user},{item},{1000 * step + user},{'view' if step % 2 else 'buy'}" for step, item in enumerate(items)
        ]
    (tmp_path / "log.csv").write_text("\n".join(rows) + "\n")
    columns = {"user_id": "who", "item_id": "what", "timestamp": "when", "behavior": "kind"}
    data = ["data=interactions", f"data.path={tmp_path}/log.csv"]
    data += [f"data.columns.{name}={column}" for name, column in columns.items()]
    small = [
        "model=hstu",
        "model/context=[behavior]",
        "model.embedding_dim=8",
        "data.max_length=5",
        "evaluation.seen=none",
    ]
    store, folder = f"paths.store={tmp_path}/store", tmp_path / "trained"
    quick = ["trainer=smoke", "baselines=none", "logger=none", store]
    run("train", *data, *small, *quick, f"hydra.run.dir={folder}", cwd=tmp_path)
    tests = ["evidence.order_test.num_permutations=9", "evidence.association_test.num_samples=9"]
    tests += ["evidence.stability.num_bootstraps=5", "release.min_users=5", "miner.min_count=5", "miner.max_length=2"]
    asked = [f"run={folder}", "logger=none", *tests]
    mine(tmp_path, *asked, "task.model_patterns.num_histories=10")
    report = json.loads((tmp_path / "run" / "pattern_report.json").read_text())
    assert report["model"]["judged_on_test_targets"] == 30
    assert report["num_events"] == 30 * 6, "the training part of the split of the run"
    refused = mine(tmp_path, f"run={folder}", "logger=none", "evidence=none", status=1)
    assert "evidence is none" in error_of(refused)


def histories() -> list[list[str]]:
    """Return histories of 240 users: half have a, then b. After c comes d: in training, at a validation target, never.

    By the rest of its number divided by four a user had c and d in training, has d as validation target after c, c as
    validation target and something else than d as test target, or nothing of this.
    """
    random, rows = np.random.default_rng(0), []
    for user in range(240):
        row = [f"n{item}" for item in random.integers(30, size=9)]
        if user % 8 < 4:
            one, two = np.sort(random.choice(8, 2, replace=False)).tolist()
            row[one], row[two] = "a", "b"
        ends = (["c", "d", "n1", "n2", "n3"], ["n4", "n5", "c", "d", "n6"], ["n7", "n8", "n9", "c", "n10"], ["n11"] * 5)
        rows.append([*row, *ends[user % 4]])
    return rows


@pytest.fixture(scope="session")
def counted_run(tmp_path_factory):
    """The settings of a small log and the folder of a run on it: a Markov model, which believes what training has."""
    folder = tmp_path_factory.mktemp("mined")
    rows = [
        f"u{user},{item},{100 * user + place}" for user, row in enumerate(histories()) for place, item in enumerate(row)
    ]
    (folder / "log.csv").write_text("\n".join(["user_id,item_id,timestamp", *rows]) + "\n")
    data = ["data=interactions", f"data.path={folder / 'log.csv'}", "logger=none"]
    quick = ["trainer=smoke", "trainer.precision=32-true", "baselines=none", "model=markov"]
    run("train", *data, *quick, f"hydra.run.dir={folder / 'run'}", cwd=folder)
    return data, folder / "run"


@pytest.fixture(scope="session")
def mined_with_a_model(counted_run, tmp_path_factory):
    """The folder of patterns that were judged and held against the model."""
    _, trained = counted_run
    quick = [
        "logger=none",
        "evidence.stability.num_bootstraps=20",
        "evidence.association_test.num_samples=5",
        "miner.max_length=2",
    ]
    asked = ["part=train", f"run={trained}", "miner.min_count=30", *quick]
    folder = tmp_path_factory.mktemp("judged")
    run("mine", *asked, f"hydra.run.dir={folder}", cwd=folder)
    return folder


def report_of(folder):
    return json.loads((folder / "pattern_report.json").read_text())


def test_program_mines_and_judges_the_training_part_alone(mined_with_a_model):
    report = report_of(mined_with_a_model)
    assert (report["num_users"], report["num_events"]) == (240, 240 * 12)
    frame = pl.read_parquet(mined_with_a_model / "patterns.parquet")
    rows = {tuple(row["pattern"]): row for row in frame.iter_rows(named=True)}
    assert rows["c",]["support_count"] == 120, "60 have it as validation target alone"
    assert rows["d",]["support_count"] == 60
    assert rows["a", "b"]["released"]
    assert rows["a", "b"]["q_value"] < 1e-6
    assert rows["a", "b"]["holdout_lift"] > 1
    assert report["num_released"] == frame["released"].sum() > 0
    assert report["later_days_from"] is not None


def test_rules_of_a_model_are_tested_on_users_that_they_were_not_grown_on(mined_with_a_model):
    report = report_of(mined_with_a_model)
    assert report["model"]["grown_on_validation_targets"] == 168
    assert report["model"]["tested_on_training_histories_of_others"] == 240 - 168
    believed = {tuple(row["pattern"]): row for row in report["believed_by_model"]}
    assert believed["c", "d"]["found_count"] > 30, "of 60 users 70 % were looked into"
    assert 5 < believed["c", "d"]["support_count"] < 30, "of 60 users 30 % are left"


def test_rules_are_compared_with_a_model_at_test_targets(mined_with_a_model):
    """After c comes d at all validation targets, and at no test target."""
    report = report_of(mined_with_a_model)
    assert report["model"]["judged_on_test_targets"] == 240
    believed = {tuple(row["pattern"]): row for row in report["believed_by_model"]}
    assert (believed["c", "d"]["num_cases"], believed["c", "d"]["num_next"]) == (60, 0)
    frame = pl.read_parquet(mined_with_a_model / "patterns.parquet")
    rows = {tuple(row["pattern"]): row for row in frame.iter_rows(named=True)}
    assert rows["c", "d"]["released"], "it holds among training events"
    assert (rows["c", "d"]["num_cases"], rows["c", "d"]["num_next"]) == (60, 0)
    assert report["model"]["grown"]["num_cases"] > 0


def test_program_tells_whether_the_training_part_has_an_order(counted_run, tmp_path):
    data, _ = counted_run
    run("mine", *data, "task=sequentiality", "task.check.num_copies=2", f"hydra.run.dir={tmp_path}", cwd=tmp_path)
    neighbors = Counter(pair for row in histories() for pair in set(pairwise(row[:-2])))
    report = report_of(tmp_path)
    assert report["num_pairs"] == sum(count >= 5 for count in neighbors.values())
    assert len(report["shuffled_ndcg"]) == 2
    assert report["verdict"]
