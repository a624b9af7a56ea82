import json

import pytest

from seqmine.structs.checksums import LIST, described, difference, differs, list_above, list_with
from seqmine.structs.files import keep_checksums, write_atomically, write_json


@pytest.fixture
def path(tmp_path):
    keep_checksums(tmp_path)
    write_json(tmp_path / "a.json", {"a": 1})
    return tmp_path / "a.json"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:5]), "it has 5 bytes, and 13 were written"),
        (lambda path: path.write_bytes(bytes(13)), "its checksum is not that of what was written"),
        (lambda path: path.unlink(), "it is missing"),
        (lambda path: (path.unlink(), path.mkdir()), "it is missing"),
        (lambda path: (path.parent / LIST).write_text('{"a.json'), f"{LIST} beside it is no list of checksums"),
        (lambda path: (path.parent / LIST).write_text('{"a.json": [{"bites": 13}]}'), "is no list of checksums"),
    ],
)
def test_damage_is_told(path, spoil, words):
    assert difference(path) is None
    spoil(path)
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(difference(path))


def test_a_file_may_be_written_anew_and_the_process_may_die_at_any_moment(path):
    assert difference(path) is None
    old, listed = path.read_bytes(), list_above(path)
    write_json(path, {"a": 22})
    new = path.read_bytes()
    assert difference(path) is None
    path.write_bytes(old)  # dead between the list and the name
    assert difference(path) is None
    for _ in range(3):
        with pytest.raises(OSError, match="full"):
            write_atomically(path, fail)
        write_json(listed, list_with(path, path, listed))
    assert difference(path) is None
    path.write_bytes(new)
    write_json(path, {"a": 333})
    path.write_bytes(old)
    assert difference(path) is not None


def fail(path):
    raise OSError("full")


def test_files_below_are_listed_and_checkpoints_and_strangers_are_not(path):
    write_json(path.parent / "below" / "b.json", 1)
    write_atomically(path.parent / "checkpoints" / "last.ckpt", lambda file: file.write_text("x"))
    (path.parent / "c.txt").write_text("c")
    assert sorted(json.loads((path.parent / LIST).read_text())) == ["a.json", "below/b.json"]
    (path.parent / "below" / "b.json").write_text("2")
    assert difference(path.parent / "below" / "b.json") is not None
    assert difference(path.parent / "c.txt") is None


def test_a_list_that_is_torn_is_begun_anew(path):
    (path.parent / LIST).write_text("{")
    write_json(path, {"a": 2})
    assert difference(path) is None


def test_a_folder_without_a_list_is_believed(tmp_path):
    write_json(tmp_path / "a.json", 1)
    (tmp_path / "a.json").write_text("2")
    assert difference(tmp_path / "a.json") is None


def test_size_and_checksum_describe_a_file(tmp_path):
    (tmp_path / "a").write_text("abc")
    said = described(tmp_path / "a")
    assert said == {"bytes": 3, "crc32": 0x352441C2}
    assert not differs(tmp_path / "a", said)
    (tmp_path / "a").write_text("abd")
    assert differs(tmp_path / "a", said)
