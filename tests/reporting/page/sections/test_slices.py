import pytest

from tests.pages import writer


def test_the_model_beside_the_strongest_baseline_on_every_part(subject):
    blocks = writer(subject, "slices")(subject)
    table = blocks[-1]
    best = max(("markov", "ngram", "popularity"), key=lambda name: subject.metrics[f"baseline/{name}/test/ndcg@10"])
    assert {row[2] for row in table.rows} == {"tiny", best}
    [whole] = [row for row in table.rows if row[0] == "all" and row[2] == "tiny"]
    assert whole[5] == pytest.approx(subject.metrics["test/ndcg@10"])
    parts = [row for row in table.rows if row[0] == "history_length" and row[2] == "tiny"]
    assert sum(row[4] for row in parts) == whole[4]
    assert any(block.kind == "chart" for block in blocks)
