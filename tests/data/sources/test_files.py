import gzip

import pytest

from seqmine.data.sources.files import expand_paths, fingerprint_files, is_gzip, read_bytes, read_text
from seqmine.structs import UserError


def test_folder_glob_and_file_are_sorted_by_name(tmp_path):
    for name in ("b.csv", "a.csv", ".hidden", "_SUCCESS", "[x].csv"):
        (tmp_path / name).write_text("x")
    names = ["[x].csv", "a.csv", "b.csv"]
    assert [path.name for path in expand_paths(tmp_path)] == names
    assert [path.name for path in expand_paths(tmp_path / "*.csv")] == names
    assert [path.name for path in expand_paths(tmp_path / "[x].csv")] == ["[x].csv"]


def test_empty_file_in_a_folder_is_named(tmp_path):
    (tmp_path / "a.csv").write_text("x")
    (tmp_path / "b.csv").touch()
    with pytest.raises(UserError, match=r"b.csv is empty \(0 bytes\)"):
        expand_paths(tmp_path)


def test_gzip_is_known_by_content_and_may_have_members(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(gzip.compress(b"a") + gzip.compress(b"b"))
    assert is_gzip(path)
    assert read_bytes(path) == b"ab"


def test_text_is_utf8_without_mark(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(b"\xef\xbb\xbfa\n")
    assert read_text(path) == b"a\n"
    path.write_bytes(b"ok\nfine\n\xff\n")
    with pytest.raises(UserError, match=r"line 3 has a byte that is not UTF-8 \(0xff at byte 8\)"):
        read_text(path)


def test_fingerprint_does_not_depend_on_the_order_of_paths_but_on_their_borders(tmp_path):
    one, two = tmp_path / "1", tmp_path / "2"
    one.write_text("ab")
    two.write_text("c")
    before = fingerprint_files([two, one], {"x": 1})
    assert before == fingerprint_files([one, two], {"x": 1})
    assert before != fingerprint_files([one, two], {"x": 2})
    one.write_text("a")
    two.write_text("bc")
    assert before != fingerprint_files([one, two], {"x": 1})
