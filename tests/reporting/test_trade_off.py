import pytest
from matplotlib import figure as figures

from seqmine.reporting.trade_off import spent_together, trade_off, write_trade_off

METRIC = "test/mrr@10"


def run_of(value, epsilon=None, **attack):
    told = {METRIC: value, **{f"privacy/{name}": one for name, one in attack.items()}}
    return told if epsilon is None else {"privacy/epsilon": epsilon, **told}


RUNS = [
    run_of(0.4),
    run_of(0.30, 8, attack_auc=0.6, attack_auc_low=0.5, attack_auc_high=0.7, epsilon_low=0.2),
    run_of(0.20, 8, attack_auc=0.8, attack_auc_low=0.6, attack_auc_high=0.9, epsilon_low=0.9),
    run_of(0.10, 1, attack_auc=0.5, attack_auc_low=0.4, attack_auc_high=0.6, epsilon_low=0.0),
    {"privacy/epsilon": 2.0},
]


def test_runs_of_one_epsilon_are_one_row_whose_ends_are_the_widest():
    one, eight, plain = trade_off(RUNS, METRIC).rows(named=True)
    assert (one["epsilon"], one["runs"], one[METRIC]) == (1, 1, 0.1)
    assert (eight["epsilon"], eight["runs"], eight["least"], eight["most"]) == (8, 2, 0.2, 0.3)
    assert eight[METRIC] == pytest.approx(0.25) and eight["attack_auc"] == pytest.approx(0.7)
    assert (eight["attack_auc_low"], eight["attack_auc_high"], eight["epsilon_low"]) == (0.5, 0.9, 0.9)
    assert (plain["epsilon"], plain[METRIC], plain["attack_auc"]) == (None, 0.4, None)


def test_a_sweep_over_epsilon_has_a_table_and_a_picture_and_any_other_has_none(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(figures.Figure, "savefig", lambda self, place, **_: (drawn.append(self), place.touch()))
    write_trade_off(RUNS[:1], METRIC, tmp_path)
    write_trade_off(RUNS[3:4], METRIC, tmp_path)
    assert list(tmp_path.iterdir()) == []
    write_trade_off(RUNS, METRIC, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trade_off.csv", "trade_off.png"]
    useful, attacked = drawn[0].axes
    assert useful.lines[0].get_xydata().tolist() == [[1, 0.1], [8, 0.25]]
    assert set(useful.lines[1].get_ydata()) == {0.4}, "without privacy"
    assert attacked.lines[0].get_xydata().tolist() == [[1, 0.5], [8, 0.7]]
    assert set(attacked.lines[1].get_ydata()) == {0.5}, "chance"
    write_trade_off([run_of(0.1, 1), run_of(0.2, 2)], METRIC, tmp_path)
    assert "privacy.canaries=1000" in drawn[1].axes[1].get_title()


def test_what_a_search_among_private_runs_spent_is_the_sum_over_its_private_runs():
    private = [{"privacy/epsilon_spent": epsilon, "privacy/delta": 1e-5} for epsilon in (7.5, 1.0, 2.0)]
    (told,) = spent_together([{METRIC: 0.1}, *private])
    assert "the 3 private runs spent epsilon 10.500 at delta 3e-05 together" in told
    assert spent_together(private[:1]) == spent_together([]) == []
