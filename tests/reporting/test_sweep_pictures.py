import optuna
import polars as pl
from matplotlib import pyplot as plt
from matplotlib.image import imread

from seqmine.reporting import sweep_pictures
from seqmine.reporting.sweep_pictures import draw_jobs, draw_search


def test_the_runs_of_a_sweep_are_drawn_with_what_tells_them_apart(tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr(sweep_pictures, "_save", lambda figure, path: kept.append(figure))
    runs = pl.DataFrame(
        {"run": ["1", "0", "2"], "overrides": ["model=gru lr=0.0012345678", "model=gru lr=1e-3", None], "val/mrr@10": [0.3, 0.2, None],
         "test/mrr@10": [0.1, 0.2, None]}
    )  # fmt: skip
    draw_jobs(runs, "val/mrr@10", tmp_path / "leaderboard.png")
    (panel,) = kept[0].axes
    assert [label.get_text() for label in panel.get_yticklabels()] == ["lr=0.001235 (1)", "lr=1e-3 (0)"]
    assert {line.get_label(): list(line.get_xdata()) for line in panel.lines} == {
        "val/mrr@10": [0.3, 0.2], "test/mrr@10": [0.1, 0.2],
    }  # fmt: skip
    assert panel.get_title() == "2 of 3 finished runs, the best val/mrr@10 on top"


def test_a_run_is_told_from_those_that_failed_too(tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr(sweep_pictures, "_save", lambda figure, path: kept.append(figure))
    runs = pl.DataFrame({"run": ["0"], "overrides": ["model=gru lr=1e-3"], "val/mrr@10": [0.3]})
    draw_jobs(runs, "val/mrr@10", tmp_path / "leaderboard.png", ["model=gru lr=9", None])
    (panel,) = kept[0].axes
    assert [label.get_text() for label in panel.get_yticklabels()] == ["lr=1e-3 (0)"]
    assert panel.get_title().endswith("on top, 2 more without results")


def test_a_search_of_one_run_has_pictures_too_and_leaves_the_style_alone(tmp_path):
    study = optuna.create_study(direction="maximize")
    study.add_trial(
        optuna.create_trial(
            value=0.2,
            params={"optimizer.lr": 0.01},
            distributions={"optimizer.lr": optuna.distributions.FloatDistribution(0, 1)},
        )
    )
    before = plt.rcParams["axes.facecolor"]
    draw_search(study, "val/ndcg@10", tmp_path)
    assert plt.rcParams["axes.facecolor"] == before
    for name in ("importance.png", "parallel_coordinates.png"):
        assert imread(tmp_path / name).std() > 0, name
    assert plt.get_fignums() == []
