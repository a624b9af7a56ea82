import polars as pl
from omegaconf import OmegaConf

from seqmine.app.multirun import write_leaderboard
from seqmine.structs.files import write_json


def test_finished_runs_are_ranked_and_failed_ones_left_out(tmp_path):
    for number, value in enumerate([0.1, 0.3]):
        folder = tmp_path / str(number)
        (folder / ".hydra").mkdir(parents=True)
        OmegaConf.save(OmegaConf.create([f"seed={number}"]), folder / ".hydra" / "overrides.yaml")
        write_json(folder / "metrics.json", {"val/ndcg@10": value, "protocol": {}})
    (tmp_path / "2").mkdir()
    write_leaderboard(tmp_path, "val/ndcg@10")
    board = pl.read_csv(tmp_path / "leaderboard.csv")
    assert board["run"].to_list() == [1, 0]
    assert board["overrides"].to_list() == ["seed=1", "seed=0"]


def test_a_sweep_without_a_finished_run_writes_nothing(tmp_path):
    write_leaderboard(tmp_path, None)
    assert list(tmp_path.iterdir()) == []


def test_the_lowest_loss_comes_first(tmp_path):
    for number, value in enumerate([0.3, 0.1, 0.2]):
        folder = tmp_path / str(number)
        (folder / ".hydra").mkdir(parents=True)
        OmegaConf.save(OmegaConf.create([]), folder / ".hydra" / "overrides.yaml")
        write_json(folder / "metrics.json", {"val/loss": value})
    write_leaderboard(tmp_path, "val/loss")
    assert pl.read_csv(tmp_path / "leaderboard.csv")["run"].to_list() == [1, 2, 0]


def test_runs_that_were_copied_without_hidden_files_show_the_settings_in_which_they_differ(tmp_path):
    for number, rate in enumerate([0.1, 0.3]):
        folder = tmp_path / str(number)
        folder.mkdir()
        settings = {"seed": 1, "optimizer": {"lr": rate, "betas": [0.9, rate]}, "again": "${optimizer.lr}"}
        for name in ("config.yaml", "composed.yaml"):
            OmegaConf.save(OmegaConf.create(settings), folder / name)
        write_json(folder / "metrics.json", {"val/ndcg@10": rate})
    write_leaderboard(tmp_path, "val/ndcg@10")
    overrides = pl.read_csv(tmp_path / "leaderboard.csv")["overrides"].to_list()
    assert overrides == [f"optimizer.lr={rate} optimizer.betas=[0.9, {rate}]" for rate in (0.3, 0.1)]
