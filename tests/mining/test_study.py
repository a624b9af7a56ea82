import numpy as np
import pytest

from seqmine.mining.judging.evidence import CountsAlone
from seqmine.mining.statistics.sequentiality import SequentialityCheck
from seqmine.mining.study import SequentialityStudy, Subject
from seqmine.mining.symbols import Projection
from seqmine.structs import UserError
from tests.mining.studies import study, subject


class NeverMine:
    """A miner that must not be reached."""

    constraints = None

    def containing(self, symbols):
        return self

    def mine(self, log, progress):
        raise AssertionError("mined before the question was checked")


@pytest.fixture(scope="module")
def findings():
    return study().find(subject())


def test_the_planted_pattern_is_released_and_found_in_the_model(findings):
    assert (7, 11, 9) in findings.released.patterns()
    assert (7, 11, 9) in findings.lists["believed_by_model"].patterns()
    assert findings.summary["num_patterns"] == len(findings.table)
    assert findings.summary["num_released"] == len(findings.released)
    assert set(findings.seconds) == {"mining", "evidence"}


def test_the_model_is_measured_on_what_is_released_alone(findings):
    asked = np.isfinite(findings.table.columns["num_cases"])
    released = findings.table.columns["released"]
    assert asked.any()
    assert not (asked & ~released).any()


def test_the_rules_of_the_model_are_tested_on_users_that_they_do_not_come_from(findings):
    grown = findings.basis["grown_on_validation_targets"]
    assert grown == int(240 * 0.7)
    assert findings.basis["tested_on_training_histories_of_others"] == 240 - grown
    assert findings.basis["judged_on_test_targets"] == 240
    assert findings.lists["believed_by_model"].num_users == 240 - grown


def test_progress_ends_with_the_mining():
    told = []
    study(evidence=CountsAlone()).find(subject(model=False), told.append)
    assert told[-1] == 1.0


def test_without_a_model_there_are_no_lists():
    counted = study(evidence=CountsAlone()).find(subject(model=False))
    assert counted.lists == counted.basis == {}
    assert counted.released is counted.table
    assert "num_released" not in counted.summary


def test_counts_alone_are_not_held_against_a_model_and_nothing_is_mined_before():
    with pytest.raises(UserError, match="evidence is none, .* run compares .*; set evidence=full or unset run"):
        study(evidence=CountsAlone(), miner=NeverMine()).find(subject())


def test_a_model_knows_items_alone_and_nothing_is_mined_before():
    asked = subject()
    brands = {"brand": [f"b{item % 3}" for item in range(60)]}
    asked = type(asked)(asked.log, asked.item_ids, brands, asked.model)
    with pytest.raises(UserError, match="run needs projection=item"):
        study(projection=Projection(attribute="brand"), miner=NeverMine()).find(asked)


def test_two_studies_of_one_log_are_equal(findings):
    again = study().find(subject())
    assert again.table.patterns() == findings.table.patterns()
    for name, column in findings.table.columns.items():
        assert np.array_equal(again.table.columns[name], column, equal_nan=column.dtype.kind == "f"), name


def test_a_log_is_asked_for_its_order():
    found = SequentialityStudy(check=SequentialityCheck(min_count=5, num_copies=2)).find(subject(model=False))
    assert found.num_pairs > found.shuffled_pairs


def test_the_study_of_order_uses_or_refuses_every_setting():
    check = SequentialityCheck(min_count=5, num_copies=2)
    whole = subject(model=False)
    same = Subject(whole.log, whole.item_ids, {"kind": ["one"] * len(whole.item_ids)})
    assert SequentialityStudy(check=check, projection=Projection(attribute="kind")).find(same).num_pairs == 1
    with pytest.raises(UserError, match=r"must_contain is \['i7'\], but task=sequentiality"):
        SequentialityStudy(check=check, must_contain=["i7"])
    with pytest.raises(UserError, match="run names a model, which task=sequentiality does not ask"):
        SequentialityStudy(check=check).find(subject())
