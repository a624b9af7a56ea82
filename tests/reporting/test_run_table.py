import pytest
from omegaconf import OmegaConf

from seqmine.reporting.run_table import metrics_table, order_found, print_table

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
        "popularity bias",
        "0.3000",
        "ceiling",
        "0.4000",
        "protocol: split LeaveOneOut",
        "run folder: folder",
    ):
        assert words in shown


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.01, 0.02, "order was found: ease, which is blind to order, does worse (NDCG@10 +0.0100"),
        (-0.01, 0.02, "no order to mine: ease, which is blind to order, does as well"),
        (-0.02, -0.01, "order was not learned: ease, which is blind to order, does better"),
    ],
)
def test_a_result_says_whether_there_was_order_to_mine(low, high, words, capsys):
    gain = {"order_gain/ndcg@10": 0.01, "order_gain/low": low, "order_gain/high": high}
    metrics = METRICS | {f"baseline/ease/{name}": value for name, value in gain.items()}
    assert [sentence.startswith(words) for sentence in order_found(metrics)] == [True]
    print_table(OmegaConf.create({"run_name": "name", "paths": {"run": "folder"}}), metrics)
    assert words[:50] in capsys.readouterr().out
    assert order_found(METRICS) == []


@pytest.mark.parametrize("recall", [True, False])
def test_recall_is_shown_where_a_horizon_measured_it(recall):
    metrics = {"test/hit_rate@10": 0.5, **({"test/recall@10": 0.25} if recall else {})}
    shown = [str(column.header) for column in metrics_table("gru", metrics).columns]
    assert ("recall\n@10" in shown) == recall and "hit rate\n@10" in shown
