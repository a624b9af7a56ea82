import polars as pl

from seqmine.reporting.lists import show_lists, show_similar

ROWS = pl.DataFrame(
    {"user_id": ["b", "b", "a"], "rank": [1, 2, 1], "item_id": ["i1", "i2", "i3"], "score": [0.51234, 0.25, 0.1],
     "title": ["Alien", None, "Heat"]}
)  # fmt: skip


def test_the_lists_of_the_first_users_are_shown_with_titles(capsys):
    show_lists(ROWS, 1)
    shown = capsys.readouterr().out
    assert "Alien" in shown and "0.5123" in shown and "0.2500" in shown and "i2" in shown
    assert "Heat" not in shown


def test_nothing_is_shown_where_nothing_is_asked_for(capsys):
    show_lists(ROWS, 0)
    show_lists(ROWS.clear(), 3)
    assert capsys.readouterr().out == ""


def test_similar_items_stand_below_their_item_with_titles_and_people(capsys):
    columns = {"item_id": ["i1", "i1", "i2"], "title": ["Alien", "Alien", None], "rank": [1, 2, 1]}
    model = {
        "model_item_id": ["i9", None, "i8"],
        "model_title": ["Heat", None, "[b]"],
        "similarity": [0.75, None, -0.5],
    }
    beside = {"together_item_id": ["i7", "i6", None], "together_title": ["Jaws", "Ran", None]}
    rows = pl.DataFrame({**columns, **model, **beside, "num_users": [12, 9, None], "together": [0.25, 0.125, None]})
    show_similar(rows, 1)
    lines = [
        [cell.strip() for cell in line.split("│")[1:-1]] for line in capsys.readouterr().out.splitlines() if "│" in line
    ]
    assert lines[0][1] == "Alien (i1)"
    assert lines[1] == ["1", "Heat (i9)", "0.750", "Jaws (i7)", "0.250", "12"]
    assert lines[2] == ["2", "", "", "Ran (i6)", "0.125", "9"]
    show_similar(rows, 2)
    assert "[b] (i8)" in capsys.readouterr().out
    show_similar(rows, 0)
    assert capsys.readouterr().out == ""
