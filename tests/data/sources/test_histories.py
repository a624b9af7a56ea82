import polars as pl
import pytest

from seqmine.data.sources.histories import source_of_histories
from seqmine.data.sources.sequences import SequenceFile
from seqmine.data.sources.synthetic import Synthetic
from seqmine.structs import UserError
from tests.tables import event_files

RENAMED = event_files(
    "log.csv", user_id="customer", item_id="sku", timestamp="when", time_format="%d.%m.%Y", items_path="items.csv"
)
TEXT = "customer;sku;when\nu;b;02.01.2023\nu;a;01.01.2023\n"
JAN1 = 1_672_531_200


def read(path, content, of_run):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return source_of_histories(str(path), of_run).read().rows()


def test_a_table_is_read_as_the_log_of_the_run(tmp_path):
    expected = [("u", "b", JAN1 + 86_400), ("u", "a", JAN1)]
    assert read(tmp_path / "new.csv", TEXT, RENAMED) == expected
    assert source_of_histories(str(tmp_path / "new.csv"), RENAMED).item_features() is None
    assert (RENAMED.path, RENAMED.items_path) == ("log.csv", "items.csv")


def test_usual_names_and_no_time_are_taken_too(tmp_path):
    assert read(tmp_path / "new.csv", "user_id,item_id\nu,a\n", RENAMED) == [("u", "a")]
    pl.DataFrame({"customer": ["u"], "sku": ["a"]}).write_parquet(tmp_path / "new")
    assert source_of_histories(str(tmp_path / "new"), RENAMED).read().rows() == [("u", "a")]


def test_a_table_without_header_is_read_as_that_of_the_run(tmp_path):
    of_run = event_files("u.data", user_id="1", item_id="2", timestamp="4", header=False)
    assert read(tmp_path / "new.data", f"1\t7\t5\t{JAN1}\n", of_run) == [("1", "7", JAN1)]


@pytest.mark.parametrize(
    ("content", "said", "rows"),
    [
        (TEXT.replace("customer", "who"), {"user_id": "who"}, [("u", "b", JAN1 + 86_400), ("u", "a", JAN1)]),
        ("customer;who;sku;when\nx;u;a;01.01.2023\n", {"user_id": "who"}, [("u", "a", JAN1)]),
        ("customer,sku,when\nu,a,2023-01-01\n", {"time_format": "%Y-%m-%d"}, [("u", "a", JAN1)]),
        ("u,a\n", {"header": False, "user_id": 1, "item_id": 2}, [("u", "a")]),
        ("a b\n", {"layout": "items_per_line"}, [("1", "a"), ("1", "b")]),
    ],
)
def test_what_is_said_of_a_file_goes_before_what_the_log_was(tmp_path, content, said, rows):
    (tmp_path / "new.csv").write_text(content)
    assert source_of_histories(str(tmp_path / "new.csv"), RENAMED, said).read().rows() == rows
    with pytest.raises(UserError, match="set one"):
        source_of_histories("new.csv", RENAMED, {"layout": "spmf", "user_id": "who"})


def test_lines_keep_the_layout_of_the_run(tmp_path):
    """With items alone a line, the first of them is no user."""
    of_run = SequenceFile(path="log.txt", layout="items_per_line")
    assert read(tmp_path / "new.txt", "a b\n", of_run) == [("1", "a"), ("1", "b")]
    assert read(tmp_path / "new.csv", "user_id,item_id\nu,a\n", of_run) == [("u", "a")]


@pytest.mark.parametrize("of_run", [RENAMED, object.__new__(Synthetic)])
def test_a_file_of_the_other_kind_has_the_usual_names(of_run, tmp_path):
    assert read(tmp_path / "new.txt", "u a b\n", of_run) == [("u", "a"), ("u", "b")]
    assert read(tmp_path / "new.tsv", "user_id\titem_id\nu\ta\n", of_run) == [("u", "a")]
