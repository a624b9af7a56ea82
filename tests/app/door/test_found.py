import json

import polars as pl
import pytest

from seqmine.app.door.found import mine
from seqmine.structs import UserError

HISTORIES = [["a", "b", "c"], ["a", "x", "b"], ["b", "a"], ["a", "b"]]


def test_lists_are_mined_whole(tmp_path, capfd):
    found = mine(HISTORIES, min_count=3, outputs=tmp_path, overrides=["evidence=none"])
    counts = {tuple(row["pattern"]): row["support_count"] for row in found.frame.iter_rows(named=True)}
    assert counts == {("a",): 4, ("b",): 4, ("a", "b"): 3}
    assert len(found.released) == len(found.frame)
    assert capfd.readouterr() == ("", "")
    assert repr(found) == "Found(3 patterns, 3 released)"
    assert "support_count" in found._repr_html_()
    found.save(tmp_path / "found")
    assert pl.read_parquet(tmp_path / "found" / "patterns.parquet").equals(found.frame)
    assert json.loads((tmp_path / "found" / "pattern_report.json").read_text())["num_patterns"] == 3
    assert found.rules["antecedent"].to_list() == [["a"]]


def test_of_a_prepared_log_the_training_part_is_mined(data):
    arguments = {"min_count": 2, "overrides": ["evidence=none", "miner.max_length=1"]}
    training, whole = mine(data, **arguments), mine(data, part="all", **arguments)
    assert training.frame["support_count"].sum() < whole.frame["support_count"].sum()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"part": "test"}, "part is 'test', allowed are train or all"),
        ({"overrides": ["miner.min_coun=2"]}, "min_coun"),
    ],
)
def test_mistakes_are_one_sentence(arguments, sentence, tmp_path):
    with pytest.raises(UserError, match=sentence):
        mine(HISTORIES, outputs=tmp_path, **arguments)


def test_a_model_is_held_against_the_patterns_of_its_log(data, counted):
    found = mine(data, run=counted, min_count=20, overrides=["miner.max_length=2"])
    assert set(found.lists) >= {"unknown_to_model", "believed_by_model", "believed_but_false"}
    assert {row["pattern"][0] for row in found.lists["unknown_to_model"].to_dicts()} <= set(
        found.frame["pattern"].explode()
    )
