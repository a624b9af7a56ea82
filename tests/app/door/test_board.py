import pytest

import seqmine as sm
from seqmine.app.door.board import leaderboard
from seqmine.structs import UserError
from tests.finished import finished_run, ranks_of


def test_runs_are_held_side_by_side(tmp_path, capfd):
    good = finished_run(tmp_path / "runs" / "good", ranks=ranks_of(1, worst=12), val=0.3, name="good")
    poor = finished_run(tmp_path / "runs" / "poor", ranks=ranks_of(2), name="poor", dropout=0.1)
    board = leaderboard([sm.load(good), poor], overrides=["num_resamples=100"])
    assert board.frame["row"].to_list() == ["good", "poor"]
    assert board.comparisons["row"].to_list() == ["poor"]
    assert set(board.slices["row"]) == {"good", "poor"}
    assert board.picture._repr_png_().startswith(b"\x89PNG")
    assert "<img" in board._repr_html_()
    assert repr(board) == "Board(2 rows by test/ndcg@10, reference 'good')"
    board.save(tmp_path / "board")
    assert (tmp_path / "board" / "comparisons.csv").is_file()
    assert capfd.readouterr() == ("", "")
    named = leaderboard([good, poor], against="poor", overrides=["num_resamples=100"])
    assert named.comparisons["row"].to_list() == ["good"]


def test_runs_of_other_protocols_are_refused(tmp_path):
    one = finished_run(tmp_path / "a", ranks=ranks_of(1))
    other = finished_run(tmp_path / "b", ranks=ranks_of(2), protocol={"seen": "none"}, seed=2)
    with pytest.raises(UserError, match="were not measured alike.*seen is"):
        leaderboard([one, other])
