import polars as pl

from seqmine.reporting.lists import show_lists

ROWS = pl.DataFrame(
    {"user_id": ["b", "b", "a"], "rank": [1, 2, 1], "item_id": ["i1", "i2", "i3"], "score": [0.51234, 0.25, 0.1],
     "title": ["Alien", None, "Heat"]}
)  # fmt: skip


def test_the_lists_of_the_first_users_are_shown_with_titles(capsys):
    show_lists(ROWS, 1)
    shown = capsys.readouterr().out
    assert "Alien" in shown and "0.5123" in shown and "i2" in shown
    assert "Heat" not in shown


def test_nothing_is_shown_where_nothing_is_asked_for(capsys):
    show_lists(ROWS, 0)
    show_lists(ROWS.clear(), 3)
    assert capsys.readouterr().out == ""
