import json
import os

import pytest

from seqmine.structs.files import scratch, temporary_name, write_atomically, write_json


def test_a_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "folder" / "file.json"
    write_json(path, {"a": 1})

    def fail(temporary):
        temporary.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, fail)
    assert json.loads(path.read_text()) == {"a": 1}
    assert [entry.name for entry in path.parent.iterdir()] == ["file.json"]


def test_what_a_killed_process_left_half_written_is_cleared(tmp_path):
    left = temporary_name(tmp_path / "a.json")
    own, gone = left, left.with_name(left.name.replace(str(os.getpid()), "4194305"))  # above the largest process number
    gone.write_text("half")
    other = gone.with_name(gone.name.replace("a.json", "b.json"))
    other.write_text("half")
    write_json(tmp_path / "a.json", 1)
    assert (gone.exists(), own.exists(), other.exists()) == (False, False, True)


def test_folders_that_a_killed_process_left_are_cleared_and_a_group_may_read_new_ones(tmp_path):
    gone = temporary_name(tmp_path / "parts-0")
    gone = gone.with_name(gone.name.replace(str(os.getpid()), "4194305"))
    (gone / "below").mkdir(parents=True)
    before = os.umask(0o007)
    try:
        with scratch(tmp_path, "parts") as first, scratch(tmp_path, "parts") as second:
            assert sorted(tmp_path.iterdir()) == sorted([first, second])
            assert first.stat().st_mode & 0o777 == 0o770
    finally:
        os.umask(before)
    assert list(tmp_path.iterdir()) == []
