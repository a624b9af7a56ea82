from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from seqmine.mining.symbols import Projection
from seqmine.reporting.pattern_columns import COLUMNS, SECTIONS, as_markdown, headers
from seqmine.reporting.patterns import pattern_frame, rule_frame
from tests.mining.studies import study, subject
from tests.reporting.shops import judged, shop_log

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "pattern_columns.md"


def test_every_column_that_is_written_is_declared_and_every_declared_one_is_written():
    findings = study().find(subject())
    written = {*pattern_frame(findings.table, findings.symbols).column_names}
    written |= {*findings.lists["believed_by_model"].columns}
    symbols = Projection(with_behavior=True)(shop_log(), ["lamp", "bulb"], {})
    written |= {*rule_frame(judged(symbols), symbols).column_names}
    shop = subject(model=False)
    sessions = replace(shop, log=replace(shop.log, people=(np.arange(shop.log.num_users) // 2).astype(np.int32)))
    table = study().find(sessions).table
    written |= {*table.columns}
    assert written == set(COLUMNS)
    assert (table.columns["people_count"] <= table.support_count).all()


@pytest.mark.parametrize("with_behavior", [False, True])
def test_rules_have_the_columns_that_say_so(with_behavior):
    symbols = Projection(with_behavior=with_behavior)(shop_log(), ["lamp", "bulb"], {})
    frame = pl.from_arrow(rule_frame(judged(symbols), symbols))
    of_behaviors = {"antecedent_behaviors", "consequent_behavior"}
    declared = {name for name, column in COLUMNS.items() if column.in_rules} - {"people_count"}  # of sessions alone
    assert set(frame.columns) == (declared if with_behavior else declared - of_behaviors)


def test_no_column_is_declared_twice():
    assert sum(map(len, SECTIONS.values())) == len(COLUMNS)


def test_the_document_is_up_to_date():
    message = "run: python -m seqmine.reporting.pattern_columns > docs/pattern_columns.md"
    assert DOCUMENT.read_text() == as_markdown(), message


def test_a_column_says_what_where_and_in_which_unit():
    assert COLUMNS["later_lift"].meaning.endswith(", on later days")
    assert COLUMNS["holdout_support"].meaning == "share of the users that have the pattern, among held-out users"
    assert headers("later_lift", "base_rate") == {"later_lift": "lift\nlater", "base_rate": "base_rate"}
    assert all(column.unit and column.source and not column.meaning.endswith(".") for column in COLUMNS.values())
