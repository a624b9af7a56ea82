"""Scenes beyond the shop: the commands of the README on the logs that examples/scenes.py generates."""

import importlib.util
import json
import re
import shlex

import polars as pl
import pytest

from seqmine.structs import UserError
from tests.conftest import ROOT
from tests.tiny import call

# counted in a moment; the commands of the README train a network
COUNTED = [
    "model=markov", "trainer=cpu", "logger=none", "baselines=none", "trainer.enable_model_summary=false",
    "++trainer.enable_progress_bar=false",
]  # fmt: skip
COMMANDS = {
    re.search(r"scenes/(\w+)\.csv", line)[1]: shlex.split(line.partition("  #")[0])[3:]
    for line in (ROOT / "README.md").read_text().splitlines()
    if line.startswith("python -m seqmine.train") and "scenes/" in line
}


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes")
    spec = importlib.util.spec_from_file_location("scenes", ROOT / "examples" / "scenes.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.write(folder)
    return folder


def trained(scenes, name, folder, *more):
    settings = [setting.replace("scenes/", f"{scenes}/") for setting in COMMANDS[name] if "model" not in setting]
    run = call("train", folder / "run", *settings, *COUNTED, *more)
    lists = call("recommend", folder / "lists", f"run={run}", "top_k=5", "num_shown=0") / "recommendations.parquet"
    return json.loads((run / "metrics.json").read_text()), pl.read_parquet(lists), run


def test_the_readme_has_a_command_for_each_scene():
    assert set(COMMANDS) == {"search", "posts", "people"}


def test_queries_are_history_and_in_no_list(scenes, tmp_path):
    metrics, lists, run = trained(scenes, "search", tmp_path)
    assert metrics["test/hit_rate@5"] > 0.6, "a query has five pages, of 60"
    assert metrics["protocol"]["never_recommended"] == "search"
    assert lists["item_id"].str.starts_with("page ").all() and lists["user_id"].n_unique() == 200
    (tmp_path / "new.csv").write_text("user_id,item_id,timestamp,behavior\nv,how to 3,1700000000,search\n")
    asked = [f"run={run}", f"input={tmp_path / 'new.csv'}", "top_k=5", "num_shown=0"]
    new = pl.read_parquet(call("recommend", tmp_path / "new", *asked) / "recommendations.parquet")
    assert len(set(new["item_id"]) & {f"page {number}" for number in range(15, 20)}) >= 4
    only = call("recommend", tmp_path / "only", *asked, "only='how to 1,page 1'") / "recommendations.parquet"
    assert pl.read_parquet(only)["item_id"].to_list() == ["page 1"]
    ranks = pl.read_parquet(run / "per_user.parquet")["rank"]
    assert ranks.filter(ranks <= 72).max() <= 60, "queries are no rivals of the targets that are candidates"


@pytest.mark.parametrize(("name", "least"), [("posts", 0.5), ("people", 0.4)])
def test_posts_and_people_are_items_like_others(name, least, scenes, tmp_path):
    metrics, lists, _ = trained(scenes, name, tmp_path)
    assert metrics["test/hit_rate@5"] > least
    assert lists["item_id"].str.starts_with("post " if name == "posts" else "@star").all()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("data.target_behavior=null", "which has to differ from what is predicted; set data.target_behavior"),
        ("data.target_behavior=search", "data.never_recommended is ['search'], which has to differ"),
        ("data.never_recommended=sing", "the behavior 'sing' is not in the log, which has click, search"),
        ("data.never_recommended=[]", "never_recommended is [], allowed are different behaviors, or null"),
    ],
)
def test_what_is_never_recommended_cannot_be_predicted(change, sentence, scenes, tmp_path):
    with pytest.raises(UserError, match=re.escape(sentence)):
        trained(scenes, "search", tmp_path, change)
