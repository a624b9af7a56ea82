import pytest
from omegaconf import OmegaConf

from seqmine.reporting.run_table import print_table

METRICS = {
    "test/ndcg@10": 0.3, "test/hit_rate@10": 0.5, "baseline/markov/test/ndcg@10": 0.2, "baseline/popularity/test/ndcg@10": 0.1,
    "ceiling/test/ndcg@10": 0.4, "memory/peak_mib": 100.0, "time/total_s": 2.0, "protocol": {"split": "LeaveOneOut"},
}  # fmt: skip


@pytest.mark.parametrize("columns", ["150", "80"])
def test_the_table_shows_numbers_with_their_protocol(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    name = "a-long-name-of-a-run-[b]"
    print_table(OmegaConf.create({"run_name": name, "paths": {"run": "folder"}}), METRICS)
    shown = capsys.readouterr().out
    assert "…" not in shown
    for words in (
        f"test: {name}",
        "a-long-name",
        "popularity_bias",
        "0.3000",
        "ceiling",
        "0.4000",
        "protocol: split LeaveOneOut",
        "run folder: folder",
    ):
        assert words in shown
