import numpy as np
import polars as pl
import pytest

from seqmine.mining.symbols import Projection
from seqmine.reporting.patterns import (
    best_rows,
    pattern_frame,
    pattern_rows,
    rule_frame,
    show_agreement,
    show_lists,
    show_patterns,
    shown_stages,
    write_patterns,
)
from seqmine.structs.progress import stage
from tests.reporting.shops import judged, shop_log


@pytest.fixture
def shop():
    return shop_log()


def test_patterns_are_written_with_raw_keys_and_nulls(shop):
    symbols = Projection()(shop, ["lamp", "bulb"], {})
    frame = pl.from_arrow(pattern_frame(judged(symbols), symbols))
    assert frame["pattern"].to_list() == [["lamp"], ["lamp", "lamp"], ["lamp", "bulb"], ["bulb"]]
    assert frame["support_count"].to_list() == [3, 2, 2, 2]
    assert frame["behaviors"].is_null().all()
    assert frame["q_value"].is_null().all()
    assert frame["confidence"][0] is None
    assert frame["confidence"][2] == pytest.approx(2 / 3)


def test_rules_point_to_their_last_symbol(shop):
    symbols = Projection(with_behavior=True)(shop, ["lamp", "bulb"], {"title": ["Desk lamp", None]})
    rules = pl.from_arrow(rule_frame(judged(symbols), symbols))
    assert rules["antecedent"].to_list() == [["lamp"], ["lamp"]]
    assert rules["antecedent_behaviors"].to_list() == [["view"], ["view"]]
    assert list(zip(rules["consequent_behavior"], rules["consequent"], strict=True)) == [
        ("buy", "lamp"),
        ("view", "bulb"),
    ]
    assert rules["support_count"].to_list() == [2, 2]
    shown = [row["text"] for row in pattern_rows(judged(symbols), symbols, 10)]
    assert "view Desk lamp → buy Desk lamp" in shown
    assert "view Desk lamp → view bulb" in shown


def test_titles_are_no_markup(shop, capsys):
    symbols = Projection()(shop, ["1", "2"], {"title": ["[red]", "[/x]"]})
    show_patterns(judged(symbols), symbols, 5)
    assert "[red]" in capsys.readouterr().out


def test_how_many_are_shown_is_said_and_no_table_is_shown_of_none(shop, capsys):
    symbols = Projection()(shop, ["1", "2"], {})
    table = judged(symbols)
    show_patterns(table, symbols, 1)
    assert "patterns of 4, the best 1 are shown" in capsys.readouterr().out
    show_patterns(table.take(np.arange(0)), symbols, 5)
    assert capsys.readouterr().out == "0 patterns of 0\n"


def test_the_table_leaves_half_of_a_narrow_terminal_to_the_patterns(shop, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    title = "a lamp of forty letters with a long name"
    symbols = Projection()(shop, ["1", "2"], {"title": [title, title]})
    table = judged(symbols)
    measures = dict.fromkeys(("holdout_lift", "later_lift", "q_value", "stability"), np.full(len(table), 1.23456e-10))
    show_patterns(table.with_columns(**measures), symbols, 5, ["12% of events share a moment."])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) <= 80
    assert any(title in line for line in lines)
    assert "…" not in "".join(lines)
    assert lines[-1] == "12% of events share a moment."


def test_files_hold_every_pattern_and_a_picture_of_the_rules(shop, tmp_path):
    symbols = Projection()(shop, ["lamp", "bulb"], {})
    write_patterns(judged(symbols), symbols, tmp_path, 5)
    assert len(pl.read_parquet(tmp_path / "patterns.parquet")) == 4
    assert len(pl.read_parquet(tmp_path / "rules.parquet")) == 2
    assert (tmp_path / "rules.png").stat().st_size > 0


def test_what_is_shown_is_what_is_released_the_most_useful_first(shop):
    table = judged(Projection()(shop, ["lamp", "bulb"], {}))
    assert best_rows(table).tolist() == [0, 1, 2, 3], "nothing was judged"
    measures = {"holdout_leverage": np.array([9.0, 1.0, 3.0, 2.0]), "holdout_support": np.ones(4)}
    released = np.array([False, True, True, False])
    assert best_rows(table.with_columns(released=released, **measures)).tolist() == [2, 1]


def test_lists_say_how_often_a_rule_holds_and_what_the_model_says(shop, capsys):
    symbols = Projection()(shop, ["lamp", "bulb"], {})
    measures = {"next_confidence": 0.25, "model_probability": 0.0125, "num_cases": 40}
    table = judged(symbols).take(np.array([2])).with_columns(**{name: np.array([x]) for name, x in measures.items()})
    show_lists({"unknown_to_model": table}, symbols, 5)
    shown = capsys.readouterr().out
    for word in ("unknown to model: 1 rules", "lamp → bulb", "0.25", "0.0125", "40"):
        assert word in shown


def test_agreement_is_told_in_a_sentence(capsys):
    pooled = {"num_rules": 1200, "num_first": 0}
    show_agreement("grown rules", pooled)
    assert "1,200 rules, and in no held-out case does the model" in " ".join(capsys.readouterr().out.split())
    show_agreement("grown rules", {**pooled, "num_first": 50, "first_probability": 0.5, "first_confidence": 0.125})
    assert "it says 0.5 and is right in 0.125" in " ".join(capsys.readouterr().out.split())


def test_stages_are_lines_where_nobody_watches(capsys):
    with shown_stages("mining") as progress:
        for share in (0.5, 1.0, 1.0):
            progress(share)
        stage("held-out users")
    out, err = capsys.readouterr()
    assert out == "", "results alone go to the output"
    assert [line.split(" s  ")[1] for line in err.splitlines()] == ["mining", "held-out users"]
    assert "\x1b" not in err
