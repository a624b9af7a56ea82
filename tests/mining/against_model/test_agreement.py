import numpy as np
import pytest
import torch
from scipy.stats import fisher_exact

from seqmine.mining.against_model.agreement import ModelAgreement
from seqmine.mining.against_model.disagreement import believed_but_false, pooled_agreement, unknown_to_model
from seqmine.mining.against_model.model_patterns import ModelPatterns
from seqmine.mining.statistics.intervals import wilson_interval
from seqmine.structs import PatternTable
from seqmine.structs.constraints import Constraints
from seqmine.structs.errors import UserError
from tests.mining.references import PairModel, last_event_cases


def cases_with(followed, num_users=200, seed=0):
    """Return cases with 7 .. 11 in every second input, after which 9 comes next with the given chance."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(num_users):
        noise = rng.integers(20, 60, 8).tolist()
        is_followed = user % 2 and rng.random() < followed
        rows.append([*noise[:3], *([7, noise[3], 11] if user % 2 else noise[3:6]), 9 if is_followed else noise[7]])
    return last_event_cases(rows)


def measured(held_out, *patterns, model=None, **settings):
    table = PatternTable.from_lists(patterns, [0] * len(patterns), len(held_out))
    table = ModelAgreement(**settings).measure(model or PairModel(), held_out, table, Constraints())
    return table.with_columns(released=np.ones(len(table), np.bool_))


def test_model_and_data_are_compared_over_the_same_cases():
    held_out = cases_with(0.4)
    columns = measured(held_out, (7, 11, 9), (20,)).columns
    hits, num_cases, num_nines = int((held_out.items == 9).sum()), 100, int((held_out.items == 9).sum())
    probability = np.exp(8) / (np.exp(8) + 59)
    lower, upper = wilson_interval(hits, num_cases)
    expected = {
        "num_cases": num_cases,
        "num_next": hits,
        "num_first": num_cases,
        "first_confidence": hits / num_cases,
        "model_probability": probability,
        "next_confidence": hits / num_cases,
        "next_confidence_lower": float(lower),
        "next_confidence_upper": float(upper),
        "calibration_gap": probability - hits / num_cases,
        "log_ratio": np.log(probability / ((hits + 0.5) / (num_cases + 1))),
        "agreement": 0.5,
        "next_lift": (hits / num_cases) / (num_nines / 200),
        "next_p_value": fisher_exact([[hits, num_cases - hits], [0, 100]], alternative="greater").pvalue,
    }
    for name, value in expected.items():
        assert columns[name][0] == pytest.approx(value), name
    assert all(np.isnan(columns[name][1]) for name in expected)


def test_nothing_is_decided_on_too_few_cases():
    held_out = cases_with(0.0, num_users=18)
    few = measured(held_out, (7, 11, 9), (9, 7, 11))
    assert few.columns["num_cases"].tolist() == [9, 0]
    assert few.columns["model_probability"][0] > 0.9
    assert all(np.isnan(few.columns[name]).all() for name in ("next_confidence", "log_ratio", "overrated_q_value"))
    assert len(believed_but_false(few)) == len(unknown_to_model(few)) == 0
    assert believed_but_false(measured(held_out, (7, 11, 9), min_cases=9)).patterns() == [(7, 11, 9)]


def test_a_belief_that_does_not_come_true_is_listed_and_an_overrated_truth_is_not():
    for followed, expected in ((0.02, [(7, 11, 9)]), (0.7, []), (1.0, [])):
        assert believed_but_false(measured(cases_with(followed), (7, 11, 9))).patterns() == expected


def test_a_truth_that_the_model_does_not_know_is_listed():
    held_out = last_event_cases([[20, 21, 1, 2]] * 50 + [[20, 21, 3, 4]] * 50)
    table = measured(held_out, (1, 2), (20, 4))
    assert unknown_to_model(table).patterns() == [(1, 2), (20, 4)]
    assert unknown_to_model(table.with_columns(released=np.array([False, True]))).patterns() == [(20, 4)]


class ChanceModel:
    """Knows the chances of the items that come next, which nothing before them tells."""

    def __init__(self, chances):
        self.scores = torch.log(torch.tensor([1.0, *chances]))

    def score(self, batch):
        return self.scores.expand(len(batch), -1)


def test_a_model_that_is_right_is_on_no_list():
    rng = np.random.default_rng(0)
    chances = rng.dirichlet(np.ones(20))
    rows = (rng.choice(20, (400, 9), p=chances) + 1).tolist()
    pairs = [(a, b) for a in range(1, 21) for b in range(1, 21)]
    table = measured(last_event_cases(rows), *pairs, model=ChanceModel(chances), num_occurrences=2)
    assert np.isfinite(table.columns["next_confidence"]).sum() > 200
    assert len(unknown_to_model(table)) == 0
    assert len(believed_but_false(table)) <= 1


class Memory:
    """Recites what came after two events in the histories that it was trained on."""

    def __init__(self, histories, num_items):
        self.num_items, self.after = num_items, {}
        for row in histories:
            for place in range(2, len(row)):
                self.after.setdefault((row[place - 2], row[place - 1]), []).append(row[place])

    def score(self, batch):
        scores = torch.zeros(len(batch), self.num_items + 1)
        for row in range(len(batch)):
            history = batch.items[row, : batch.lengths[row]].tolist()
            for item in self.after.get(tuple(history[-2:]), []):
                scores[row, item] += 6.0
        return scores


def test_a_model_that_memorized_is_surer_than_it_is_right():
    rng = np.random.default_rng(0)
    rows = [(rng.permutation(40)[:14] + 1).tolist() for _ in range(800)]
    model = Memory([row[:-2] for row in rows], 40)
    grown = ModelPatterns(num_histories=500).find(model, last_event_cases([row[:-1] for row in rows]))
    table = ModelAgreement().compare(model, last_event_cases(rows), grown, Constraints(max_gap=1))
    pooled = pooled_agreement(table)
    assert pooled["num_first"] > 100
    assert pooled["first_probability"] > 0.3
    assert pooled["first_confidence"] < 0.1


def test_a_rule_whose_consequent_never_comes_next_has_cases_all_the_same():
    table = measured(cases_with(0.0, num_users=100), (7, 11, 9))
    pooled = pooled_agreement(table)
    assert pooled["num_cases"] == 50
    assert pooled["num_too_few"] == 0


@pytest.mark.parametrize("name", ["num_occurrences", "min_cases", "top_k", "batch_size"])
def test_numbers_below_one_are_refused(name):
    with pytest.raises(UserError, match=f"{name} is 0, allowed are whole numbers from 1"):
        ModelAgreement(**{name: 0})
