import json

import polars as pl

from seqmine.data.sources.rejects import write_rejects


def test_rejects_are_lines_that_a_spreadsheet_does_not_run(tmp_path):
    rows = pl.DataFrame({"user_id": ["=1+1", "b"], "reason": ["no item", "no time"]})
    path = write_rejects(rows, tmp_path / "deep" / "rejects.jsonl")
    assert [json.loads(line) for line in path.read_text().splitlines()] == rows.to_dicts()
    assert [file.name for file in path.parent.iterdir()] == ["rejects.jsonl"], "nothing unfinished is left"


def test_an_older_file_is_replaced_as_a_whole(tmp_path):
    for reason in ("first", "second"):
        path = write_rejects(pl.DataFrame({"reason": [reason]}), tmp_path / "rejects.jsonl")
    assert path.read_text() == '{"reason":"second"}\n'
