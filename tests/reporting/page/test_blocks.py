import pytest

from seqmine.reporting.page.blocks import Grid, Section, shown


def test_a_column_is_of_numbers_when_every_known_cell_is_one():
    grid = Grid("", ["a", "b", "c", "d"], [["x", 1, None, None], ["y", 2.5, None, 3]])
    assert grid.is_number == [False, True, False, True]


@pytest.mark.parametrize(("rows", "is_long"), [(12, False), (13, True)])
def test_tables_that_are_looked_through_need_no_search(rows, is_long):
    assert Grid("", ["a"], [["x"]] * rows).is_long is is_long


CELLS = [(float("nan"), "–"), (True, "yes"), (-0.5, "-0.5000"), (0.0, "0"), (10**6, "1,000,000")]


@pytest.mark.parametrize(("cell", "text"), CELLS, ids=[text for _, text in CELLS])
def test_cells_are_written_for_people(cell, text):
    assert shown(cell) == text


def test_anchors_have_no_characters_that_a_link_would_escape():
    assert Section("A <b> & c?", []).anchor == "a-b-c"
