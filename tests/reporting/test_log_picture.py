import numpy as np
import polars as pl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from seqmine.data.engines.embedded import number_table
from seqmine.data.sequences import prepare_sequences
from seqmine.data.splits import LeaveOneOut
from seqmine.reporting.log_picture import _draw_lengths, describe_log, draw_log, draw_users
from seqmine.structs import InteractionLog


def prepared(events):
    return prepare_sequences(number_table(events), None, LeaveOneOut())


@pytest.mark.parametrize("columns", [["timestamp", "behavior"], ["timestamp"], []])
def test_a_picture_is_drawn_of_every_kind_of_log(events, tmp_path, columns):
    draw_log(prepared(events.select("user_id", "item_id", *columns)), tmp_path / "log.png", seed=1)
    assert (tmp_path / "log.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["log.png"]


def test_users_are_drawn_whole():
    log = InteractionLog.from_lists([[user + 1] * (user + 1) for user in range(20)])
    drawn = draw_users(log, 5, seed=1)
    assert drawn.num_users == 5
    assert all(set(drawn.history(user)) == {len(drawn.history(user))} for user in range(5))
    assert draw_users(log, 20, seed=1).items.tolist() == log.items.tolist()


def test_the_words_count_the_log():
    rows = [("u", item) for item in "abacd"] + [("v", item) for item in "aba"]
    data = prepared(pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row"))
    words = describe_log(data, data.log)
    assert "2 users" in words
    assert "2 items in training\n2 items later only" in words
    assert "median history 3 events, longest 3" in words


def test_the_lengths_of_short_histories_are_labeled_between_powers_of_ten():
    figure = Figure()
    FigureCanvasAgg(figure)
    panel = figure.subplots()
    _draw_lengths(panel, np.arange(1, 19))
    figure.canvas.draw()
    assert {"1", "2", "5", "10"} <= {label.get_text() for label in panel.get_xticklabels()}
