import gzip
import logging
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.data.sources.sequences import SequenceFile, tokenize
from seqmine.structs import UserError

SHARED = Path(__file__).resolve().parents[3] / "../shared/data"


def write(folder, text):
    path = folder / "log.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def events(folder, text, **options):
    return SequenceFile(path=write(folder, text), **options).read().rows()


def test_user_per_line_and_event_per_line_give_the_same_events(tmp_path):
    expected = [("u1", "a"), ("u1", "b"), ("u2", "a")]
    assert events(tmp_path, "u1 a b\nu2 a\n") == expected
    assert events(tmp_path, "u1 a\nu1 b\nu2 a\n") == expected
    assert events(tmp_path, "u1 a\nu1 b\nu2 a", layout="event_per_line") == expected


def test_items_per_line_names_users_by_line(tmp_path):
    assert events(tmp_path, "a b\n\nc\n", layout="items_per_line") == [("1", "a"), ("1", "b"), ("3", "c")]


def test_auto_says_what_it_decided(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        events(tmp_path, "u a\nu b\n")
        events(tmp_path, "u a b\n")
    said = [record.message.rsplit("=", 1)[1] for record in caplog.records]
    assert said == ["event_per_line", "user_per_line"]


def test_keys_stay_text_and_apart(tmp_path):
    rows = events(tmp_path, 'u 7 007 Ä"ö 99999999999999999999999999\n')
    assert [item for _, item in rows] == ["7", "007", 'Ä"ö', "99999999999999999999999999"]


def test_key_of_ten_thousand_characters(tmp_path):
    assert events(tmp_path, f"u {'x' * 10_000} b\n")[0][1] == "x" * 10_000


def test_gzip_is_known_by_content(tmp_path):
    assert events(tmp_path, gzip.compress(b"u a b\n")) == [("u", "a"), ("u", "b")]


def test_user_without_items_is_skipped_and_counted(tmp_path, caplog):
    assert events(tmp_path, "u1\nu2 a b\n") == [("u2", "a"), ("u2", "b")]
    assert "1 users without items are skipped" in caplog.text


def test_windows_line_ends_tabs_and_byte_order_mark(tmp_path):
    assert events(tmp_path, b"\xef\xbb\xbfu\ta  b\r\nv a\r\n") == [("u", "a"), ("u", "b"), ("v", "a")]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.text("ab7ä\"',", min_size=1, max_size=4), max_size=4), min_size=1, max_size=6))
def test_tokenize_is_split(lines):
    text = "\n".join(" ".join(line) for line in lines)
    found = tokenize(text.encode())
    expected = [(word, number) for number, line in enumerate(lines) for word in line]
    assert list(zip(found.words.to_list(), found.lines.tolist(), strict=True)) == expected


@pytest.mark.parametrize(
    ("content", "options", "sentence"),
    [
        (b"", {}, "is empty (0 bytes)"),
        (b" \n\n", {}, "holds no text"),
        (b"u a\nv\n", {"layout": "event_per_line"}, "line 2 has 1 word where layout=event_per_line"),
        (b"u a\n\nv a b\n", {"layout": "event_per_line"}, "line 3 has 3 words"),
        (b"user_id,item_id\n1,2\n", {}, "names the columns of a table; set data=interactions"),
        (b"u a\nv \xe9t\xe9\n", {}, "line 2 has a byte that is not UTF-8 (0xe9 at byte 6)"),
        ("u a\n".encode("utf-16"), {}, "is UTF-16 text"),
        (gzip.compress(b"u a\n" * 1000, mtime=0)[:-20], {}, "gzip file that is cut off or damaged"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, content, options, sentence):
    with pytest.raises(UserError) as caught:
        events(tmp_path, content, **options)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(UserError, match=r"^path=.*nothing.txt does not exist; set path"):
        SequenceFile(path=str(tmp_path / "nothing.txt")).read()
    with pytest.raises(UserError, match="is a folder, not a file"):
        SequenceFile(path=str(tmp_path)).read()


def test_unknown_layout_names_the_choices(tmp_path):
    with pytest.raises(UserError, match=r"layout is 'rows', allowed are auto, user_per_line"):
        SequenceFile(path="x", layout="rows")


def test_fingerprint_follows_content_and_layout(tmp_path):
    first = SequenceFile(path=write(tmp_path, "u a b\n"))
    before = first.fingerprint()
    assert before == SequenceFile(path=first.path).fingerprint()
    assert before != SequenceFile(path=first.path, layout="items_per_line").fingerprint()
    write(tmp_path, "u a c\n")
    assert before != first.fingerprint()
    with pytest.raises(UserError, match=r"^items_path=nowhere does not exist; set items_path"):
        SequenceFile(path=first.path, items_path="nowhere").fingerprint()


@pytest.mark.parametrize(
    ("name", "num_users", "num_items", "num_events"),
    [("ml-1m.txt.gz", 6040, 3416, 999_611), ("beauty.txt.gz", 22_363, 12_101, 198_502)],
)
def test_published_files(name, num_users, num_items, num_events):
    if not (SHARED / name).exists():
        pytest.skip(f"{name} is not beside the repository: it may not be redistributed")
    log = SequenceFile(path=str(SHARED / name)).read()
    assert (log["user_id"].n_unique(), log["item_id"].n_unique(), len(log)) == (num_users, num_items, num_events)
    assert log.schema == {"user_id": pl.String, "item_id": pl.String}
