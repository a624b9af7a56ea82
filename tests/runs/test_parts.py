import polars as pl
import pytest

from seqmine.runs.parts import beyond_shortcuts, metrics_of_parts, shared_hits

HALF = 1 / 1.5849625007211562  # NDCG of the second place


def targets(**changes) -> pl.DataFrame:
    columns = {
        "user_id": ["a", "a", "b", "c"],
        "item_id": ["x", "new", "x", "y"],
        "rank": [1.0, 30.0, 2.0, 11.0],
        "training_events": [4, 4, 0, 2],
        "transitions": [3, 0, 0, 1],
    }
    return pl.DataFrame({**columns, **changes})


def test_parts_are_told_apart_and_each_has_its_mean():
    found = metrics_of_parts(targets(), ["x", "y"])
    assert found["test/cold_users/ndcg@10"] == pytest.approx(HALF)
    assert found["test/cold_users/num_targets"] == 1
    assert found["test/warm_users/hit_rate@10"] == pytest.approx(1 / 3)
    assert found["test/cold_items/hit_rate@10"] == 0.0
    assert found["test/warm_items/ndcg@10"] == pytest.approx((1 + HALF) / 3)
    assert found["test/unexplained/ndcg@10"] == pytest.approx(HALF / 2)
    assert found["test/unexplained/num_targets"] == 2


def test_the_mean_over_users_is_not_that_over_events():
    found = metrics_of_parts(targets(), ["x", "y"])
    assert (found["test/num_users"], found["test/num_targets"]) == (3, 4)
    assert found["test/by_user/hit_rate@10"] == pytest.approx((0.5 + 1 + 0) / 3)
    assert "test/by_user/ndcg@10" not in metrics_of_parts(targets(user_id=list("abcd")), ["x", "y"])


def test_a_part_that_is_empty_or_everything_is_left_out():
    plain = targets(user_id=list("abcd"), item_id=list("xyxy"), training_events=[1] * 4, transitions=[0] * 4)
    assert metrics_of_parts(plain, ["x", "y"]) == {}


def test_only_hits_of_the_model_are_shared():
    model = pl.DataFrame({"rank": [1.0, 10.0, 11.0, 30.0]})
    rivals = {"baseline/a": pl.DataFrame({"rank": [2.0, 12.0, 1.0, 1.0]}), "ceiling": model}
    assert shared_hits(model, rivals) == {"baseline/a/shared_hits@10": 0.5, "ceiling/shared_hits@10": 1.0}
    assert shared_hits(pl.DataFrame({"rank": [99.0]}), rivals) == {}


def test_any_of_the_shortcuts_counts_once():
    model = pl.DataFrame({"rank": [1.0, 2.0, 3.0, 4.0, 90.0]})
    rivals = {"baseline/markov": pl.DataFrame({"rank": [1.0, 1.0, 99.0, 99.0, 1.0]}),
              "baseline/ngram": pl.DataFrame({"rank": [99.0, 1.0, 1.0, 99.0, 1.0]})}  # fmt: skip
    assert shared_hits(model, rivals)["shortcut/shared_hits@10"] == 0.75


def test_rivals_are_measured_on_the_parts_of_the_same_targets():
    test = targets()
    found = beyond_shortcuts(test, {"baseline/a": test.with_columns(rank=pl.Series([1.0, 1.0, 99.0, 1.0]))}, ["x", "y"])
    assert found["baseline/a/test/unexplained/hit_rate@10"] == 0.5
    assert found["baseline/a/test/cold_users/hit_rate@10"] == 0.0
    assert not any("/num_" in name and name.endswith(("num_users", "a/test/num_targets")) for name in found)
