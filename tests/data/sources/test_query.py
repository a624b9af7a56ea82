import pytest

from seqmine.data.sources.histories import source_of_histories
from seqmine.structs import UserError
from tests.tables import event_files, event_query

pytest.importorskip("duckdb")

LOG = "who,what,bought\nu,a,2023-01-31\n,b,2023-01-31\nv,c,2023-02-01\n"
COLUMNS = {"user_id": "who", "item_id": "what", "timestamp": "bought"}


@pytest.fixture
def log(tmp_path):
    (tmp_path / "log.csv").write_text(LOG)
    return tmp_path / "log.csv"


def asked(text, folder, **settings):
    return event_query(text, folder / "scratch", **settings)


def test_a_query_of_a_file_is_the_file(log, tmp_path):
    source = asked(f"select * from '{log}'", tmp_path, **COLUMNS)
    assert source.read().equals(event_files(log, **COLUMNS).read())
    assert source.dropped == {"user_id is missing": 1}


def test_a_column_of_the_result_names_sessions_where_it_is_asked_for(tmp_path):
    text = "select * from (values ('u', 'a', 1), (null, 'b', 2)) as log(user_id, item_id, session)"
    assert asked(text, tmp_path, session="session").read()["user_id"].to_list() == ["u", "session 2"]
    assert asked(text, tmp_path).read().rows() == [("u", "a")]


def test_rejects_name_their_row(log, tmp_path):
    asked(f"select * from '{log}'", tmp_path, **COLUMNS, reject_path=str(tmp_path / "rejects.jsonl")).read()
    assert "the result of the query, row 2" in (tmp_path / "rejects.jsonl").read_text()


@pytest.mark.parametrize(
    ("text", "settings", "words"),
    [
        ("select 1 as user_id", {}, "item_id=item_id is not a column of the result of the query, which has user_id"),
        ("select 1 as user_id, 2 as item_id", {"time_format": "german"}, "time_format=german is unknown"),
        ("select 1.5 as user_id, 2 as item_id", {}, "that are no whole numbers below 2^53"),
        (
            "select 1 as user_id, 2023 as timestamp, 3 as item_id",
            {},
            "the result of the query, row 1: timestamp 2023 may",
        ),
        ("select 1 as user_id, [1, 2] as item_id, [5] as timestamp", {}, "has a row whose lists differ in length"),
        ("select 1 as user_id, true as item_id", {}, "keys of type Boolean in column 'item_id'"),
    ],
)
def test_what_cannot_be_read_is_refused(text, settings, words, tmp_path):
    with pytest.raises(UserError) as told:
        asked(text, tmp_path, **settings).read()
    assert words in str(told.value)


def test_the_database_is_asked_once_and_its_answer_goes_with_the_source(log, tmp_path):
    source = asked(f"select * from '{log}'", tmp_path, **COLUMNS)
    before = source.fingerprint()
    log.write_text(LOG + "w,d,2023-02-02\n")
    assert source.read()["user_id"].to_list() == ["u", "v"]
    other = asked(f"select * from '{log}'", tmp_path, **COLUMNS)
    assert other.fingerprint() != before == source.fingerprint()
    assert len(list((tmp_path / "scratch").iterdir())) == 2
    del source, other
    assert not list((tmp_path / "scratch").iterdir())


def test_other_processes_of_a_distributed_run_read_the_answer_of_the_first(log, tmp_path, monkeypatch):
    first = asked(f"select * from '{log}'", tmp_path, **COLUMNS)
    assert len(first.read()) == 2
    log.write_text(LOG + "w,d,2023-02-02\n")
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert asked(f"select * from '{log}'", tmp_path, **COLUMNS).fingerprint() == first.fingerprint()
    monkeypatch.setenv("LOCAL_RANK", "0")
    assert len(asked(f"select * from '{log}'", tmp_path, **COLUMNS).read()) == 3


def test_item_attributes_are_a_query_too(log, tmp_path):
    events = f"select * from '{log}'"
    source = asked(events, tmp_path, **COLUMNS, items_query="select 'a' as item_id, 'A' as title")
    assert source.item_features().rows() == [("a", "A")]
    assert source.fingerprint() != asked(events, tmp_path, **COLUMNS).fingerprint()
    with pytest.raises(UserError, match="the result of items_query has no column item_id"):
        asked(events, tmp_path, **COLUMNS, items_query="select 1 as sku").item_features()
    assert asked(events, tmp_path, **COLUMNS).item_features() is None


def test_histories_are_read_with_the_columns_of_the_result(log, tmp_path):
    source = source_of_histories(str(log), asked("select 1", tmp_path, **COLUMNS))
    assert source.read()["item_id"].to_list() == ["a", "c"]
