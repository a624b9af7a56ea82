import json
import math
from types import SimpleNamespace

import polars as pl
import pytest
import torch
from hydra import compose, initialize_config_dir

from seqmine.data.store import write_catalog
from seqmine.runs.components import CONF_DIR
from seqmine.runs.leaderboard import compare_runs
from seqmine.runs.newer_log import on_the_log
from seqmine.structs import Catalog, UserError
from tests.listing import Listing, Told
from tests.runs.conftest import GONE, NEW
from tests.tiny import call, train


@pytest.fixture(scope="module")
def evaluated(older_run, newer_log):
    return call("evaluate", older_run.parent / "evaluated", f"run={older_run}", f"data.path={newer_log}")


def metrics_of(folder) -> dict:
    return json.loads((folder / "metrics.json").read_text())


def test_items_are_matched_by_id_and_new_ones_are_missed(evaluated, older_run):
    metrics, trained = metrics_of(evaluated), metrics_of(older_run)
    assert (metrics["items/known"], metrics["items/new"], metrics["items/gone"]) == (28, len(NEW), 1)
    assert metrics["protocol"]["num_items"] == 30
    assert metrics["protocol"]["data_fingerprint"] != trained["protocol"]["data_fingerprint"]
    ranks = pl.read_parquet(evaluated / "per_user.parquet").filter(split="test")
    is_new = ranks["item_id"].is_in(NEW)
    assert 5 <= is_new.sum() < len(ranks)
    assert (ranks.filter(is_new)["rank"] == 31).all(), "behind the whole catalog"
    assert ranks.filter(~is_new)["rank"].max() <= 28
    of_known = ranks.filter(~is_new)
    assert (of_known["rank"] <= 5).mean() > 0.5, "the order of the items was learned, by chance 5 of 28 hit"
    assert math.isfinite(metrics["val/loss"]) and math.isfinite(metrics["test/loss"])


def test_evaluations_on_one_newer_log_stand_side_by_side_with_a_run_of_that_log(
    evaluated, older_run, older_log, newer_log
):
    """Two models of last month, and one of this month with the settings and the seed of the first."""
    other = train(older_log, older_run.parent / "other", "model.embedding_dim=8", "run_name=small")
    again = call("evaluate", older_run.parent / "again", f"run={other}", f"data.path={newer_log}")
    settings = ["trainer.max_epochs=3", "scheduler=constant"]
    retrained = train(newer_log, older_run.parent / "retrained", *settings)
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("leaderboard", ["num_resamples=100"])
    config.runs = [str(folder) for folder in (evaluated, again, retrained)]
    board = compare_runs(config)
    catalog = metrics_of(evaluated)["model_catalog"]
    assert {f"tiny model_catalog={catalog}", "tiny", "small"} <= set(board.rows["row"])
    assert len(board.comparisons) == 2
    assert board.comparisons["bootstrap_p"].is_not_null().all()
    config.runs = [str(older_run), str(evaluated)]
    with pytest.raises(UserError, match="data_fingerprint is"):
        compare_runs(config)


def test_lists_on_a_newer_log_are_what_was_measured_and_hold_no_new_item(evaluated, older_run, newer_log):
    asked = [f"run={older_run}", f"data.path={newer_log}", "history=test", "top_k=5"]
    folder = call("recommend", older_run.parent / "lists", *asked)
    lists = pl.read_parquet(folder / "recommendations.parquet")
    assert not lists["item_id"].is_in([*NEW, GONE]).any()
    targets = pl.read_parquet(evaluated / "per_user.parquet").filter(split="test")
    hits = lists.join(targets.select("user_id", "item_id"), on=["user_id", "item_id"])
    assert len(hits) / len(targets) == pytest.approx(metrics_of(evaluated)["test/hit_rate@5"], abs=1e-9)


def test_a_log_of_other_items_is_refused(older_run, tmp_path):
    (tmp_path / "other.txt").write_text("u a b c d e\nv b c d e f\n")
    with pytest.raises(UserError, match=r"is not the catalog of 29 items of run .*share none; set data.path"):
        call("evaluate", tmp_path / "run", f"run={older_run}", f"data.path={tmp_path / 'other.txt'}")


def test_new_items_are_scored_by_their_attributes_where_the_model_has_them(older_log, newer_log, tmp_path):
    table = {item: [int(item[1:]) // 6, 10 + int(item[1:]) % 2] for item in (f"i{item}" for item in range(1, 31))}
    (tmp_path / "items.json").write_text(json.dumps({**table, GONE: [0, 11]}))
    columns = [f"data.item_attributes.path={tmp_path / 'items.json'}", "data.item_attributes.multi_valued=[attributes]"]
    run = train(older_log, tmp_path / "run", "model/item_table=attributes", *columns)
    folder = call("evaluate", tmp_path / "evaluated", f"run={run}", f"data.path={newer_log}")
    ranks = pl.read_parquet(folder / "per_user.parquet").filter(split="test")
    of_new = ranks.filter(pl.col("item_id").is_in(NEW))
    assert metrics_of(folder)["items/new"] == len(NEW)
    assert len(of_new) > 5 and of_new["rank"].max() <= 30, "each is a candidate with a score of its own"


def test_a_model_that_names_its_items_knows_the_log_of_its_run_alone(tmp_path):
    write_catalog(Catalog.of_size(3), tmp_path / "catalog.parquet")
    model = Listing(Told(torch.zeros(1, 4)))
    assert on_the_log(str(tmp_path), model, SimpleNamespace(catalog=Catalog.of_size(3))) == (model, {})
    with pytest.raises(
        UserError, match="does not score the whole catalog, which a log of other items needs; set data."
    ):
        on_the_log(str(tmp_path), model, SimpleNamespace(catalog=Catalog.of_size(4)))
