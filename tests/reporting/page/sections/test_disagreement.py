import json

import pytest

from seqmine.structs import UserError
from tests.pages import EVIL, page_subject, writer


@pytest.fixture
def mined(tmp_path):
    (tmp_path / "patterns.parquet").write_bytes(b"")
    return tmp_path


def test_lists_are_tables_with_titles_and_empty_ones_are_told(page_folder, mined):
    rules = [{"antecedent": ["i3"], "consequent": "i4", "support_count": 9, "model_probability": 0.01, "lift": None}]
    (mined / "pattern_report.json").write_text(json.dumps({"unknown_to_model": rules, "believed_but_false": []}))
    subject = page_subject(page_folder, f"patterns={mined}")
    table, *notes = writer(subject, "disagreement")(subject)
    assert table.rows == [[f"{EVIL} 3", "Film 4", 9, 0.01]]
    assert [note.text.endswith("none.") for note in notes] == [True, True]


def test_without_a_model_the_command_is_told(page_folder, mined):
    (mined / "pattern_report.json").write_text("{}")
    subject = page_subject(page_folder, f"patterns={mined}")
    with pytest.raises(UserError, match="not held against a model"):
        writer(subject, "disagreement")(subject)
