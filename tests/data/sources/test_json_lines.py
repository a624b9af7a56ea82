import gzip

import polars as pl
import pytest

from seqmine.data.sources.json_lines import JsonLines, PythonLines, json_names, read_json_lines, read_python_lines
from seqmine.structs import UserError

COLUMNS = {"user_id": "who", "item_id": "what"}


def test_objects_of_any_form_are_read_and_missing_keys_are_null(tmp_path):
    lines, array = tmp_path / "lines.json", tmp_path / "array.json"
    lines.write_text('{"who": "a", "what": "x"}\n{"who": "b"}\n')
    array.write_text('[{"who": "a", "what": "x"}, {"who": "b"}]')
    packed = tmp_path / "lines.json.gz"
    packed.write_bytes(gzip.compress(lines.read_bytes()))
    for path in (lines, array, packed):
        frame = read_json_lines(path, {"who": pl.String, "what": pl.String})
        assert frame.rows() == [("a", "x"), ("b", None)]
        assert list(json_names(path)) == ["who", "what"]


def test_columns_are_renamed_and_a_row_is_named_by_its_place(tmp_path):
    path = tmp_path / "log.json"
    path.write_text('{"who": "a", "what": "x"}\n')
    events = JsonLines(name="log.json", columns=COLUMNS).read(path)
    assert events.frame.rows(named=True) == [{"user_id": "a", "item_id": "x"}]
    assert events.locate(0) == f"{path} object 1"


def test_python_dictionaries_are_read_as_literals_and_nothing_in_them_runs(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text("{'who': 'a', 'what': 3}\n{'who': 'b'}\n")
    assert PythonLines(name="log.txt", columns=COLUMNS).read(path).frame.rows() == [("a", "3"), ("b", None)]
    path.write_text(f"__import__('pathlib').Path({str(tmp_path / 'made')!r}).touch()\n")
    with pytest.raises(UserError, match="line 1 is not a Python dictionary"):
        read_python_lines(path, ["who"])
    assert not (tmp_path / "made").exists()


def test_damage_is_told_with_its_place(tmp_path):
    path = tmp_path / "log.json.gz"
    path.write_bytes(gzip.compress(b"{'who': 'a'}\n" * 5000)[:-20])
    with pytest.raises(UserError, match="is cut off or damaged after line"):
        read_python_lines(path, ["who"])
    broken = tmp_path / "log.json"
    broken.write_text('{"who": \n')
    for read in (json_names, lambda path: read_json_lines(path, {"who": pl.String})):
        with pytest.raises(UserError, match="is not a file of one JSON object a line"):
            read(broken)
