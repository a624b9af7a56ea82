import polars as pl
import pytest

from seqmine.serving.shards import Shards
from seqmine.structs import UserError


def part(number: int) -> pl.DataFrame:
    return pl.DataFrame({"user_id": [f"u{number}"], "rank": [1], "item_id": ["i,1"], "score": [0.5 + number]})


def filled(output, num_lists=3) -> Shards:
    shards = Shards(output, num_lists, 1)
    shards.open_for({"top_k": 1})
    for number in reversed(range(num_lists)):
        shards.write(number, [part(number)])
    return shards


READERS = {"parquet": pl.read_parquet, "csv": pl.read_csv, "jsonl": pl.read_ndjson}


@pytest.mark.parametrize("ending", READERS)
def test_parts_become_one_file_in_order_and_go(tmp_path, ending):
    output = tmp_path / f"lists.{ending}"
    filled(output).finish(users_per_file=10)
    assert READERS[ending](output).equals(pl.concat(map(part, range(3))))
    assert [path.name for path in tmp_path.iterdir()] == [output.name]


def test_many_lists_become_a_folder_of_files_in_the_place_of_what_was_there(tmp_path):
    output = tmp_path / "lists.parquet"
    for _ in range(2):
        filled(output).finish(users_per_file=2)
        assert len(list(output.iterdir())) == 3
        assert pl.read_parquet(output).equals(pl.concat(map(part, range(3))))
    filled(output).finish(users_per_file=3)
    assert output.is_file()
    assert [path.name for path in tmp_path.iterdir()] == [output.name]


def test_the_same_command_keeps_its_parts_and_another_begins_anew(tmp_path, caplog):
    shards = Shards(tmp_path / "lists.csv", 5, 2)
    shards.open_for({"top_k": 1, "run": "a"})
    shards.write(1, [part(1)])
    shards.open_for({"top_k": 1, "run": "a"})
    assert shards.missing() == [0, 2]
    shards.open_for({"top_k": 2, "run": "a"})
    assert shards.missing() == [0, 1, 2]
    assert "differ in top_k; they are made anew" in caplog.text
    assert [shards.rows(number).tolist() for number in range(3)] == [[0, 1], [2, 3], [4]]


def test_a_file_without_a_list_has_its_header(tmp_path):
    shards = Shards(tmp_path / "lists.csv", 0, 2)
    shards.open_for({})
    shards.finish(10)
    assert (tmp_path / "lists.csv").read_text() == "user_id,rank,item_id,score\n"


def test_what_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"allowed are names that end in .parquet or .csv or .jsonl; change output"):
        Shards(tmp_path / "lists.txt", 1, 1)
    with pytest.raises(UserError, match="shard_size is 0, allowed are whole numbers from 1; change shard_size"):
        Shards(tmp_path / "lists.csv", 1, 0)
