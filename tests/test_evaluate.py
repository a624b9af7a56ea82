import json

import polars as pl
import pytest

from tests.programs import TINY, error_of, run


@pytest.fixture(scope="module")
def folder(small_log, tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluate")
    arguments = [
        "data=sequences",
        f"data.path={small_log}",
        *TINY,
        "trainer=cpu",
        "trainer.max_epochs=3",
        "optimizer.lr=0.01",
    ]
    run("train", *arguments, f"hydra.run.dir={folder / 'run'}", cwd=folder)
    return folder


def metrics_after(folder, name, *overrides) -> dict:
    run("evaluate", f"run={folder / 'run'}", f"hydra.run.dir={folder / name}", *overrides, cwd=folder)
    return json.loads((folder / name / "metrics.json").read_text())


def test_evaluate_gives_the_metrics_of_the_run_again(folder):
    trained = json.loads((folder / "run" / "metrics.json").read_text())
    again = metrics_after(folder, "again")
    names = [name for name in trained if name.startswith(("val/", "test/", "baseline/"))]
    assert len(names) > 30
    for name in names:
        assert again[name] == pytest.approx(trained[name], abs=1e-6), name


def test_the_protocol_moves_the_numbers_as_it_must(folder):
    """Fewer candidates flatter, seen items that stay in the list hurt."""
    reference = metrics_after(folder, "reference")
    assert metrics_after(folder, "none", "evaluation.seen=none")["test/mrr@10"] <= reference["test/mrr@10"]
    optimistic = metrics_after(folder, "optimistic", "evaluation.ties=optimistic")
    assert optimistic["test/mrr@10"] >= reference["test/mrr@10"]
    assert optimistic["protocol"]["ties"] == "optimistic"


def test_lists_of_recommend_hit_as_often_as_evaluate_says(folder):
    run(
        "recommend", f"run={folder / 'run'}", "history=test", "top_k=5", f"hydra.run.dir={folder / 'lists'}", cwd=folder
    )
    lists = pl.read_parquet(folder / "lists" / "recommendations.parquet")
    targets = pl.read_parquet(folder / "run" / "per_user.parquet").filter(split="test")
    hits = lists.join(targets.select("user_id", "item_id"), on=["user_id", "item_id"])
    trained = json.loads((folder / "run" / "metrics.json").read_text())
    assert len(hits) / len(targets) == pytest.approx(trained["test/hit_rate@5"], abs=1e-9)


def test_patterns_correct_a_run_in_evaluate_and_in_recommend_alike(folder):
    alone = json.loads((folder / "run" / "metrics.json").read_text())
    done = run("evaluate", f"run={folder / 'run'}", "rerank=patterns", f"hydra.run.dir={folder / 'both'}", cwd=folder)
    both = json.loads((folder / "both" / "metrics.json").read_text())
    assert both["rerank/alpha"] > 0
    assert both["val/ndcg@10"] > alone["val/ndcg@10"], "the weight was chosen on validation, and 0 was among them"
    assert f"corrected: rerank/alpha {both['rerank/alpha']:g}" in done.stdout
    where = ["history=test", "top_k=5", f"hydra.run.dir={folder / 'both_lists'}"]
    given = f"rerank.patterns.alpha={both['rerank/alpha']}"
    run("recommend", f"run={folder / 'run'}", "rerank=patterns", given, *where, cwd=folder)
    lists = pl.read_parquet(folder / "both_lists" / "recommendations.parquet")
    targets = pl.read_parquet(folder / "run" / "per_user.parquet").filter(split="test")
    hits = lists.join(targets.select("user_id", "item_id"), on=["user_id", "item_id"])
    assert len(hits) / len(targets) == pytest.approx(both["test/hit_rate@5"], abs=1e-9)


def test_another_log_is_refused(folder):
    other = folder / "other.txt"
    other.write_text("u a b c d e\nv b c d e f\n")
    done = run("evaluate", f"run={folder / 'run'}", f"data.path={other}", cwd=folder, status=1)
    assert "is not the catalog of" in error_of(done)
    assert "set data.path" in error_of(done)


def test_a_folder_that_is_no_run_is_named(tmp_path):
    done = run("evaluate", f"run={tmp_path}", cwd=tmp_path, status=1)
    assert "set run to a folder that seqmine.train wrote" in error_of(done)
