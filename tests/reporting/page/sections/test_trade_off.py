import pytest

from seqmine.structs import UserError
from tests.finished import finished_run, ranks_of
from tests.pages import page_subject, writer


def test_utility_by_epsilon_stands_beside_the_attack(tmp_path):
    attack = {
        "epsilon_spent": 2.0,
        "delta": 1e-5,
        "attack_auc": 0.6,
        "attack_auc_low": 0.5,
        "attack_auc_high": 0.7,
        "epsilon_low": 0.1,
    }
    for number, epsilon in enumerate([None, 8.0, 2.0]):
        told = {"epsilon": epsilon, **attack} if epsilon else {}
        metrics = {f"privacy/{name}": value for name, value in told.items()} | {"test/ndcg@10": number / 10}
        finished_run(tmp_path / "runs" / str(number), ranks=ranks_of(number), dropout=number / 10, metrics=metrics)
    subject = page_subject(tmp_path / "runs" / "0", f"runs='{tmp_path}/runs/*'")
    words, useful, attacked, table = writer(subject, "trade_off")(subject)
    assert [row[:4] for row in table.rows] == [
        ["2", 1, 0.2, 0.6],
        ["8", 1, 0.1, 0.6],
        ["without privacy", 1, 0.0, None],
    ]
    assert (useful.kind, attacked.kind) == ("chart", "chart") and "ndcg@10" in words.text
    assert "2 private runs spent epsilon 4.000" in words.text


def test_without_private_runs_the_way_to_them_is_told(subject):
    with pytest.raises(UserError, match=r"no private run is named in runs; .*train -m privacy=dp_sgd"):
        writer(subject, "trade_off")(subject)
