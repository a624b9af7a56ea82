import json
import logging

import polars as pl
import pytest

from seqmine.app.door.prepared import _source_settings, prepare
from seqmine.structs import UserError

FRAME = pl.DataFrame(
    {
        "customer": [user for user in range(30) for _ in range(6)],
        "sku": [f"i{(user + step) % 7}" for user in range(30) for step in range(6)],
        "when": [1_700_000_000 + 10 * user + step for user in range(30) for step in range(6)],
        "what": ["view", "view", "buy"] * 60,
    }
)
NAMES = {"user": "customer", "item": "sku", "time": "when"}


def test_a_table_is_prepared_without_a_word_and_kept_for_the_programs(tmp_path, capfd):
    data = prepare(FRAME.to_pandas(), **NAMES, outputs=tmp_path)
    assert (data.num_events, data.num_users, data.num_items) == (180, 30, 7)
    assert data.audit.source.rows == 180
    assert data.audit.rows
    assert data.leaks.passed
    assert capfd.readouterr() == ("", "")
    assert json.loads((data.folder / "audit.json").read_text())["source"]["users"] == 30
    assert [path.suffix for path in (tmp_path / "store" / "tables").iterdir()] == [".parquet"]
    assert "Leaks: none found" in data._repr_html_()
    assert repr(data) == "Data(180 events, 30 users, 7 items, leaks: none found)"
    assert data.picture()._repr_png_().startswith(b"\x89PNG")
    # the same content is prepared once
    assert prepare(FRAME, **NAMES, outputs=tmp_path).folder == data.folder
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_files_and_lists_are_logs_too(tmp_path, small_log):
    events = tmp_path / "it's mine.csv"
    FRAME.write_csv(events)
    FRAME.write_ndjson(tmp_path / "log.jsonl")
    FRAME.write_csv(tmp_path / "log.dat")
    for path in (events, tmp_path / "log.jsonl", tmp_path / "log.dat"):
        assert prepare(path, **NAMES, outputs=tmp_path).num_events == 180
    assert prepare(str(small_log), outputs=tmp_path).num_users == 200
    lists = prepare([["a", "b", "c", "a"], ["b", "c", "a", "b"]], outputs=tmp_path)
    assert list(lists.datamodule.prepared.user_ids) == ["0", "1"]
    assert prepare({"ann": ["a", "b", "c", "a"]}, outputs=tmp_path).datamodule.prepared.user_ids[0] == "ann"


def test_a_column_of_sessions_cuts_a_table_and_a_file(tmp_path):
    visits = FRAME.with_columns(visit=pl.col("when") % 10 // 3)
    visits.write_csv(tmp_path / "log.csv")
    for log in (visits, tmp_path / "log.csv"):
        data = prepare(log, **NAMES, session="visit", outputs=tmp_path)
        assert (data.num_users, data.datamodule.prepared.log.num_people) == (60, 30)


def test_data_sets_go_by_their_name(tmp_path):
    settings, _ = _source_settings("ml-1m", {"user": "user_id"}, None, tmp_path)
    assert settings == ["data=ml-1m"]


def test_behaviors_and_item_tables_come_along(tmp_path):
    items = pl.DataFrame({"sku": [f"i{item}" for item in range(7)], "title": list("ABCDEFG")})
    data = prepare(FRAME, **NAMES, behavior="what", target_behavior="buy", items=items, outputs=tmp_path)
    assert list(data.datamodule.prepared.log.behavior_names) == ["buy", "view"]
    assert data.datamodule.target_behaviors == ("buy",)
    assert set(data.datamodule.catalog.features["title"]) <= set("ABCDEFG")
    FRAME.write_parquet(tmp_path / "log.parquet")
    from_file = prepare(tmp_path / "log.parquet", **NAMES, items=items, outputs=tmp_path)
    assert "title" in from_file.datamodule.catalog.features


@pytest.mark.parametrize(
    ("log", "arguments", "sentence"),
    [
        (FRAME, {"user": "who"}, "user is 'who', which is not a column of the table"),
        ("nothing.csv", {}, "log is 'nothing.csv', which is neither a file here nor a data set .*synthetic"),
        (FRAME.with_columns(when=pl.lit("noon")), NAMES, "^the table row 1: timestamp 'noon' is not a time"),
        (
            FRAME,
            {**NAMES, "behavior": "what", "target_behavior": "sing"},
            "'sing' is not in the log, which has buy, view",
        ),
        (
            FRAME,
            {**NAMES, "overrides": ["data.max_lenght=3"]},
            "data.max_lenght is no setting; did you mean data.max_l",
        ),
        (3, {}, "the log is of type int"),
    ],
)
def test_mistakes_are_one_sentence_in_the_words_of_the_caller(log, arguments, sentence, tmp_path):
    with pytest.raises(UserError, match=sentence) as raised:
        prepare(log, **arguments, outputs=tmp_path)
    assert "data.columns" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_caller_hears_of_rows_that_are_dropped(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        data = prepare(pl.concat([FRAME, FRAME[:1].with_columns(sku=pl.lit(None))]), **NAMES, outputs=tmp_path)
    assert "1 rows are dropped (item_id is missing: 1)" in caplog.text
    assert data.num_events == 180
