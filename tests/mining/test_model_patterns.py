import numpy as np
import pytest
import torch

from seqmine.mining.agreement import ModelAgreement, control_places
from seqmine.mining.constraints import Constraints
from seqmine.mining.disagreement import believed_but_false, unknown_to_model
from seqmine.mining.model_patterns import ModelPatterns, log_probabilities
from seqmine.structs import InteractionLog, PatternTable


class PairModel:
    """Believes that 9 follows once 7 and 11 came in this order, and in nothing else."""

    num_items = 60

    def score(self, batch):
        scores = torch.zeros(len(batch), self.num_items + 1)
        for row in range(len(batch)):
            history = batch.items[row, : batch.lengths[row]].tolist()
            fires = 7 in history and 11 in history[history.index(7) + 1 :]
            scores[row, 9] = 8.0 if fires else 0.5
        return scores


def log_with(followed, num_users=200, seed=0):
    """Return histories with 7 .. 11 in half of them, followed by 9 with the given chance."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(num_users):
        noise = rng.integers(20, 60, 6).tolist()
        if user % 2:
            tail = [9] if rng.random() < followed else []
            rows.append([*noise[:2], 7, *noise[2:4], 11, *tail, *noise[4:]])
        else:
            rows.append(noise)
    return InteractionLog.from_lists(rows)


def test_the_rule_of_the_model_is_found_with_exactly_its_events():
    table = ModelPatterns(num_histories=100, num_events=4, min_count=3).find(PairModel(), log_with(0.0))
    assert table.patterns()[0] == (7, 11, 9)
    assert table.support_count[0] == pytest.approx(50, abs=10)
    assert all(pattern == (7, 11, 9) for pattern in table.patterns())


def measured(log):
    table = PatternTable.from_lists([(7, 11, 9), (20,)], [0, 0], log.num_users)
    return ModelAgreement(num_occurrences=40).measure(PairModel(), log, table, Constraints())


def test_the_measures_separate_an_ordered_pattern_from_its_parts():
    columns = measured(log_with(0.9)).columns
    probability = np.exp(8) / (np.exp(8) + 59)
    drop = np.log(probability) - np.log(np.exp(0.5) / (np.exp(0.5) + 59))
    assert columns["model_probability"][0] == pytest.approx(probability)
    assert columns["necessity"][0] == pytest.approx(drop)
    assert columns["control"][0] == pytest.approx(0)
    assert columns["order_effect"][0] == pytest.approx(drop)
    assert columns["interaction"][0] == pytest.approx(drop)
    assert columns["sufficiency_loss"][0] == pytest.approx(0)
    assert columns["sufficiency_control"][0] == pytest.approx(drop)
    assert columns["faithfulness_p_value"][0] < 1e-6
    assert np.isnan(columns["necessity"][1])


def test_a_belief_that_the_data_do_not_share_is_listed():
    wrong, right = measured(log_with(0.1)), measured(log_with(1.0))
    assert believed_but_false(wrong).patterns() == [(7, 11, 9)]
    assert believed_but_false(right).patterns() == []
    assert wrong.columns["calibration_gap"][0] > 0.7


def test_a_truth_that_the_model_does_not_know_is_listed():
    log = InteractionLog.from_lists([[1, 2]] * 50 + [[3, 4]] * 50)
    table = PatternTable.from_lists([(1, 2)], [50], 100)
    table = ModelAgreement(num_occurrences=20).measure(PairModel(), log, table, Constraints())
    table = table.with_columns(released=np.array([True]))
    assert unknown_to_model(table).patterns() == [(1, 2)]


def test_log_probabilities_do_not_depend_on_the_batch():
    asked = [([7, 11], 9), ([1], 9), ([7, 3, 11, 4], 2), ([], 5)]
    one, all_at_once = (log_probabilities(PairModel(), asked, size) for size in (1, 4))
    assert one == pytest.approx(all_at_once)
    assert np.exp(one[1]) == pytest.approx(np.exp(0.5) / (np.exp(0.5) + 59))


def test_the_model_is_compared_with_what_comes_next_and_not_with_what_comes_at_some_time():
    log = InteractionLog.from_lists([[7, 11, 9]] * 30 + [[7, 11, 3, 9]] * 70)
    table = PatternTable.from_lists([(7, 11, 9)], [0], log.num_users)
    columns = ModelAgreement(num_occurrences=10).measure(PairModel(), log, table, Constraints()).columns
    assert columns["next_confidence"][0] == pytest.approx(0.3)
    lower, upper = columns["next_confidence_lower"][0], columns["next_confidence_upper"][0]
    assert 0.2 < lower < 0.3 < upper < 0.4
    assert columns["calibration_gap"][0] == pytest.approx(columns["model_probability"][0] - 0.3)


def test_control_events_are_as_recent_and_as_popular():
    popularity = np.array([90, 7, 80, 8, 90, 85, 88, 100])
    drawn = {control_places(popularity, (7,), np.random.default_rng(seed))[0] for seed in range(30)}
    assert drawn == {4, 6}
