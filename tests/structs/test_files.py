import json

import pytest

from seqmine.structs.files import write_atomically, write_json


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
