import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tables import event_files


def write(folder, content, name="log.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def read(folder, content, name="log.csv", **options):
    return event_files(write(folder, content, name), **options).read()


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=5)


def test_keys_with_spaces_quotes_commas_and_other_alphabets(tmp_path):
    keys = ["a b", 'say "x"', "1,2", "żółw", "9" * 30, "x" * 10_000, "9007199254740993"]
    frame = pl.DataFrame({"user_id": keys, "item_id": keys})
    log = read(tmp_path, frame.write_csv())
    assert log["user_id"].to_list() == log["item_id"].to_list() == keys


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1))
@settings(max_examples=30, deadline=None)
def test_any_key_survives_csv(tmp_path_factory, rows):
    # blanks around a key are no part of it
    rows = [(f"u{user}u", f"i{item}i") for user, item in rows]
    frame = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")
    assert read(tmp_path_factory.mktemp("csv"), frame.write_csv()).rows() == rows
