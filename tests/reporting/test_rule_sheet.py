import csv

import numpy as np
import pytest

from seqmine.mining.judging.misses import Misses
from seqmine.mining.symbols import Projection
from seqmine.reporting.rule_sheet import defused, write_rule_sheet
from tests.mining.studies import study, subject
from tests.reporting.shops import judged, shop_log


def sheet(path):
    assert path.read_bytes().startswith(b"\xef\xbb\xbf"), "Excel reads it as UTF-8"
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x")', "+1", "-1", "@sum", "\t=1", " =1"])
def test_what_looks_like_a_formula_becomes_text(text):
    assert defused(text) == f"'{text}"


def test_titles_of_a_log_cannot_inject_formulas(tmp_path):
    symbols = Projection()(shop_log(), ["1", "2"], {"title": ["=cmd|' /C calc'!A0", "Bülb, big"]})
    write_rule_sheet(judged(symbols), symbols, None, tmp_path / "rules.csv", has_time=True)
    rows = sheet(tmp_path / "rules.csv")
    assert {row["antecedent"] for row in rows} == {"'=cmd|' /C calc'!A0"}
    assert {row["consequent"] for row in rows} == {"'=cmd|' /C calc'!A0", "Bülb, big"}
    assert "released" not in rows[0], "nothing was judged"


def test_released_rules_come_first_and_the_others_say_why_not(tmp_path):
    symbols = Projection()(shop_log(), ["lamp", "bulb"], {})
    table = judged(symbols).with_columns(
        released=np.array([0, 0, 1, 0], np.bool_), p_is_exact=np.array([1, 0, 1, 1], np.bool_),
        lag_median=np.full(4, 5400.0),
    )  # fmt: skip
    misses = Misses(["one symbol", "too few", "", "one symbol"], {}, np.zeros(0, np.int64), np.zeros(0, np.int64))
    write_rule_sheet(table, symbols, misses, tmp_path / "rules.csv", has_time=True)
    first, second = sheet(tmp_path / "rules.csv")
    assert (first["released"], first["reason not released"], first["consequent"]) == ("yes", "", "bulb")
    assert (second["released"], second["reason not released"]) == ("no", "too few")
    assert (first["p-value is a bound"], second["p-value is a bound"]) == ("no", "yes")
    assert first["lag, median (hours)"] == "1.5"
    assert first["in words"].startswith("Of 3 people with lamp, 2 (66.7%) go on to bulb")


def test_a_study_fills_every_column(tmp_path):
    findings = study().find(subject(model=False))
    write_rule_sheet(findings.table, findings.symbols, findings.misses, tmp_path / "rules.csv", has_time=True)
    first = sheet(tmp_path / "rules.csv")[0]
    assert first["released"] == "yes"
    assert all(value != "" for name, value in first.items() if name != "reason not released")
    assert {"classical lift", "co-purchase lift", "held-out people with the antecedent", "lift on others from"} <= {
        *first
    }
