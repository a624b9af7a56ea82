import polars as pl
import pytest

from tests.programs import TINY, error_of, run


@pytest.fixture(scope="module")
def folder(small_log, tmp_path_factory):
    folder = tmp_path_factory.mktemp("recommend")
    arguments = [
        "data=sequences",
        f"data.path={small_log}",
        *TINY,
        "trainer=cpu",
        "trainer.max_epochs=6",
        "optimizer.lr=0.01",
    ]
    run("train", *arguments, "scheduler=constant", "baselines=none", f"hydra.run.dir={folder / 'run'}", cwd=folder)
    return folder


def test_users_of_the_run_get_lists_without_what_they_had(folder, small_log):
    run("recommend", f"run={folder / 'run'}", "top_k=3", f"output={folder / 'lists.parquet'}", cwd=folder)
    lists = pl.read_parquet(folder / "lists.parquet")
    assert lists.columns == ["user_id", "rank", "item_id", "score"]
    assert lists["user_id"].n_unique() == 200
    assert lists.group_by("user_id").agg(pl.col("rank").sort())["rank"].to_list() == [[1, 2, 3]] * 200
    assert lists.filter(pl.col("score") > pl.col("score").shift(1).over("user_id")).is_empty()
    had = {line.split()[0]: set(line.split()[1:]) for line in small_log.read_text().splitlines()}
    assert not any(item in had[user] for user, item in lists.select("user_id", "item_id").iter_rows())


def test_new_users_are_scored_and_unknown_items_left_out_with_a_count(folder):
    (folder / "new.csv").write_text('user_id,item_id\n"no b, ody",i3\n"no b, ody",i4\nnew,i7\nnew,mars\nlost,venus\n')
    done = run("recommend", f"run={folder / 'run'}", "input=new.csv", "top_k=2", "output=new.csv.csv", cwd=folder)
    lists = pl.read_csv(folder / "new.csv.csv")
    assert set(lists["user_id"]) == {"no b, ody", "new"}
    assert lists.filter(pl.col("user_id") == "no b, ody", pl.col("rank") == 1)["item_id"].to_list() == ["i5"]
    assert "2 of 5 events have items that the model does not know" in done.stderr
    assert "1 of 3 users have no known item" in done.stderr


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        ("top_k=0", "top_k is 0, allowed are whole numbers from 1"),
        ("history=half", "history is 'half', allowed are full or test"),
        ("output=lists.txt", "allowed are names that end in .parquet or .csv"),
        ("input=nothing.csv", "nothing.csv"),
    ],
)
def test_mistakes_are_told_in_one_sentence(folder, argument, sentence):
    assert sentence in error_of(run("recommend", f"run={folder / 'run'}", argument, cwd=folder, status=1))
