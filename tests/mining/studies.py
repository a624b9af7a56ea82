"""A small study with everything: a log with time and a planted pattern, all tests, and a model that knows the pattern."""

from dataclasses import replace

import numpy as np

from seqmine.data.collate import HistoryCollate
from seqmine.data.splits import LeaveOneOut
from seqmine.mining.against_model.agreement import ModelAgreement
from seqmine.mining.against_model.held_out import held_out_cases
from seqmine.mining.against_model.model_patterns import ModelPatterns
from seqmine.mining.engine.miners import FrequentMiner
from seqmine.mining.judging.evidence import Evidence
from seqmine.mining.judging.release import ReleaseRule
from seqmine.mining.judging.rivals import PartTest
from seqmine.mining.statistics.bursts import BurstTest
from seqmine.mining.statistics.significance import OrderTest
from seqmine.mining.statistics.stability import Stability
from seqmine.mining.statistics.swap_null import AssociationTest
from seqmine.mining.study import PatternStudy, Subject, TrainedModel
from seqmine.mining.symbols import Projection
from seqmine.structs import InteractionLog
from tests.mining.references import PairModel

ITEM_IDS = [f"i{item}" for item in range(1, 61)]


def history(user, rng):
    """Return noise with one of four things in it: 7, 11, 9; the same without 9; 11 before 7; 9 alone."""
    noise = rng.integers(20, 60, 9).tolist()
    return [
        [*noise[:2], 11, noise[2], 7, *noise[3:]],
        [*noise[:2], 7, noise[2], 11, 9, *noise[3:]],
        [*noise[:4], 9, *noise[4:]],
        [*noise[:6], 7, noise[6], 11, *noise[7:]],
    ][user % 4]


def subject(model=True, num_users=240):
    """Return the log, with times, and where it is wanted a model that expects 9 after 7 and 11."""
    rng = np.random.default_rng(0)
    log = InteractionLog.from_lists([history(user, rng) for user in range(num_users)])
    log = replace(log, timestamps=np.sort(rng.integers(0, 10**6, (1, log.num_events)))[0])
    split = LeaveOneOut().split(log)
    training = log.first_events(split.train_stops)
    if not model:
        return Subject(training, ITEM_IDS, {})
    collate = HistoryCollate(log=log, max_length=50, seen="none")
    validation, test = (
        held_out_cases(collate, part, log.items[log.offsets[part.users] + part.positions], len(ITEM_IDS))
        for part in (split.val, split.test)
    )
    return Subject(training, ITEM_IDS, {}, TrainedModel(PairModel(), validation, test))


def study(**parts):
    """Return a study that costs little; parts of it may be given."""
    order_test = OrderTest(num_permutations=19)
    evidence = Evidence(
        order_test=order_test,
        association_test=AssociationTest(num_samples=9),
        burst_test=BurstTest(),
        stability=Stability(num_bootstraps=10),
    )
    settings = {
        "miner": FrequentMiner(min_count=30, max_length=3, max_gap=3),
        "projection": Projection(),
        "evidence": evidence,
        "release": ReleaseRule(part_test=PartTest(order_test=order_test)),
        "must_contain": [],
        "model_patterns": ModelPatterns(num_histories=40, num_events=3),
        "agreement": ModelAgreement(num_occurrences=5),
    }
    return PatternStudy(**(settings | parts))
