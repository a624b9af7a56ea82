import polars as pl
import pytest

from seqmine.runs.reading import read_json, read_kept, read_settings, read_table, read_values, was_written
from seqmine.structs import UserError
from seqmine.structs.files import keep_checksums, write_atomically, write_json

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{n}: &{n} [{', '.join([f'*{m}'] * 9)}]\n" for m, n in zip("abc", "bcd", strict=True)
)


def test_whole_files_are_read(tmp_path):
    write_json(tmp_path / "a.json", {"a": 1})
    (tmp_path / "a.yaml").write_text("a: 1\nb: ${a}\n")
    pl.DataFrame({"a": [1], "b": [2]}).write_parquet(tmp_path / "a.parquet")
    assert read_json(tmp_path / "a.json") == {"a": 1}
    assert read_settings(tmp_path / "a.yaml").b == read_values(tmp_path / "a.yaml").a == 1
    assert read_table(tmp_path / "a.parquet").columns == ["a", "b"]
    assert read_table(tmp_path / "a.parquet", ["b"]).columns == ["b"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it holds no settings"),
        (b"- a\n", "it holds no settings"),
        (b"a: [1, 2", "cannot be read"),
        (b"a: \xff\xfe", "cannot be read"),
        (b"a: !!python/object/apply:os.system [x]", "cannot be read"),
        (BOMB.encode(), r"aliases"),
        (b"a: &a [*a]", "aliases"),
        (b"a: " + b"[" * 60 + b"]" * 60, "more than 50 levels"),
        (b"[" * 100_000, "cannot be read|more than 50 levels"),
        (b"a: " + b"x" * (1 << 22), "more than 4,194,304 bytes"),
    ],
    ids=range(10),
)
def test_settings_that_no_program_wrote_are_told(content, words, tmp_path):
    (tmp_path / "config.yaml").write_bytes(content)
    with pytest.raises(UserError, match=rf"config\.yaml' .*({words})"):
        read_settings(tmp_path / "config.yaml")


def test_values_do_not_read_the_environment(tmp_path):
    (tmp_path / "config.yaml").write_text("a: {b: '${oc.env:HOME}'}\n")
    with pytest.raises(UserError, match=r"config\.yaml' has '\$\{oc\.env:HOME\}' at a\.b, .* allowed are values"):
        read_values(tmp_path / "config.yaml")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(100) + b"PAR1"])
def test_a_torn_table_is_told(content, tmp_path):
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.parquet' is damaged: it cannot be read"):
        read_table(tmp_path / "a.parquet")


def test_what_is_not_as_it_was_written_is_not_read(tmp_path):
    keep_checksums(tmp_path)
    path = tmp_path / "a.json"
    write_atomically(path, lambda file: file.write_text('{"rank": 10}'))
    path.write_text('{"rank": 11}')
    with pytest.raises(
        UserError, match=r"a\.json' is damaged: its checksum .*; copy it again .* or make this one again"
    ):
        read_json(path)
    path.unlink()
    assert was_written(path)
    with pytest.raises(UserError, match="it is missing"):
        read_json(path)


def test_a_missing_file_a_folder_and_an_error_of_the_user_are_told_as_such(tmp_path):
    assert not was_written(tmp_path / "a.json")
    with pytest.raises(UserError, match="it is missing"):
        read_json(tmp_path / "a.json")
    with pytest.raises(UserError, match="it is a folder"):
        read_json(tmp_path)

    def refuse(path):
        raise UserError("a sentence")

    with pytest.raises(UserError, match="^a sentence$"):
        read_kept(tmp_path, refuse)

    def forbid(path):
        raise PermissionError(13, "x")

    with pytest.raises(UserError, match="it may not be read"):
        read_kept(tmp_path, forbid)
