from dataclasses import replace

import numpy as np
import pytest

from seqmine.mining.engine.miners import FrequentMiner
from seqmine.mining.judging.evaluation import (
    split_users,
    with_holdout_columns,
)
from seqmine.mining.judging.evidence import Evidence
from seqmine.mining.judging.release import ReleaseRule, best_released
from seqmine.mining.judging.rivals import PartTest
from seqmine.mining.statistics.bursts import BurstTest, is_repeat
from seqmine.mining.statistics.hypotheses import order_family
from seqmine.mining.statistics.intervals import wilson_interval
from seqmine.mining.statistics.permutation import shuffle_within_users
from seqmine.mining.statistics.significance import OrderTest
from seqmine.mining.statistics.stability import Stability
from seqmine.mining.statistics.swap_null import AssociationTest
from seqmine.probing.matching import count_supports
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.constraints import Constraints

PLANTED = [(1, 2, 3), (11, 12), (21, 22, 21)]


def planted_log(seed, num_users=1200):
    """Return histories with planted patterns and, as distractors, all their parts and their reversals."""
    rng = np.random.default_rng(seed)
    histories = []
    for _ in range(num_users):
        row = rng.integers(30, 230, 12).tolist()
        pattern = PLANTED[rng.integers(len(PLANTED))]
        choice = rng.random()
        if choice < 0.35:
            parts = list(pattern)
        elif choice < 0.45:
            parts = list(reversed(pattern)) if len(set(pattern)) > 2 else [pattern[1], pattern[0]]
        elif choice < 0.6:
            parts = [pattern[rng.integers(len(pattern))]]
        else:
            parts = []
        for place, item in zip(np.sort(rng.choice(13, len(parts), replace=False))[::-1], parts[::-1], strict=True):
            row.insert(int(place), int(item))
        histories.append(row)
    return InteractionLog.from_lists(histories)


@pytest.fixture(scope="module")
def evidence():
    return Evidence(
        order_test=OrderTest(num_permutations=99),
        association_test=AssociationTest(num_samples=19),
        burst_test=BurstTest(),
        stability=Stability(num_bootstraps=25),
    )


def judge(evidence, log, min_count=30):
    miner = FrequentMiner(min_count=min_count, min_length=2, max_length=3)
    return evidence.judge(log, miner.mine(log), miner.constraints, min_count).table


def released_of(log, table, min_count=30, constraints=None, **settings):
    rule = ReleaseRule(part_test=PartTest(order_test=OrderTest(num_permutations=99)), **settings)
    table = rule.mark(log, table, constraints or Constraints(min_length=2, max_length=3), min_count)
    return table.take(best_released(table)).patterns()


def test_planted_patterns_are_released_and_nothing_else(evidence):
    log = planted_log(0)
    released = set(released_of(log, judge(evidence, log)))
    assert {pattern for pattern in released if 21 not in pattern} == {(1, 2, 3), (11, 12)}
    assert released <= {*PLANTED, (22, 21)}  # the reversal of the third comes without its first symbol, so it is true


def test_shuffled_copies_release_nothing(evidence):
    log, released = planted_log(1), 0
    for seed in range(6):
        copy = shuffle_within_users(log, seed, keep_ties=False)
        released += len(released_of(copy, judge(evidence, copy)))
    assert released == 0


def test_the_family_gives_every_length_an_equal_share():
    log = InteractionLog.from_lists([[1, 2, 3, 4]] * 5)
    family = order_family(log, 5, 3)
    assert family.total == 6 * 2 + 4 * 6
    assert family.weights(np.array([1, 2, 3])).tolist() == [0, 1.5, 0.75]


def basket_log(seed, num_users=500):
    """Return random baskets of one to three days, each in the order of the numbers of its items: no order at all."""
    rng = np.random.default_rng(seed)
    histories, times = [], []
    for _ in range(num_users):
        baskets = [np.sort(rng.choice(15, rng.integers(2, 6), replace=False) + 1) for _ in range(rng.integers(1, 4))]
        histories.append(np.concatenate(baskets).tolist())
        times.append(np.repeat(86_400 * np.arange(len(baskets)), [len(basket) for basket in baskets]))
    log = InteractionLog.from_lists(histories)
    return InteractionLog(log.items, log.offsets, timestamps=np.concatenate(times))


@pytest.mark.parametrize("limits", [{}, {"max_gap": 3}], ids=str)
def test_the_order_of_a_file_inside_a_moment_is_no_evidence(evidence, limits):
    log = basket_log(0)
    miner = FrequentMiner(min_count=25, min_length=2, max_length=2, **limits)
    table = evidence.judge(log, miner.mine(log), miner.constraints, 25).table
    strict = Constraints(strict_time=True, **limits)
    rows = ~is_repeat(table)
    assert table.columns["tested_support"][rows].tolist() == count_supports(log, table, strict)[rows].tolist()
    assert (table.columns["tested_support"] < table.support_count).any()
    assert table.columns["q_value"].min() > 0.05
    assert len(released_of(log, table, 25, miner.constraints)) == 0
    untimed = InteractionLog(log.items, log.offsets)  # where nobody knows of ties, the file is all there is
    table = evidence.judge(untimed, miner.mine(untimed), miner.constraints, 25).table
    assert table.columns["tested_support"][rows].tolist() == table.support_count[rows].tolist()
    assert table.columns["q_value"].min() < 1e-6


def test_ties_do_not_hide_an_order_over_days(evidence):
    log = basket_log(1)
    items = np.where(log.timestamps == 0, 30, 31)  # the first events of the first and the second day
    is_first = np.concatenate([[True], np.diff(log.timestamps) != 0])
    is_first[log.offsets[:-1]] = True
    items = np.where(is_first & (log.timestamps <= 86_400), items, log.items).astype(np.int32)
    log = InteractionLog(items, log.offsets, timestamps=log.timestamps)
    table = evidence.judge(log, PatternTable.from_lists([(30, 31)], [0], 500), Constraints(), 25).table
    assert table.columns["q_value"][0] < 1e-6


def test_repeats_without_limits_are_judged_by_how_close_they_come(evidence):
    rng = np.random.default_rng(5)
    rows = [rng.integers(3, 60, 20).tolist() for _ in range(900)]
    for row in rows[:350]:  # 1 comes three times in a row
        place = rng.integers(18)
        row[place : place + 3] = [1, 1, 1]
    for row in rows[350:500]:  # some have it once or twice, anywhere
        row[rng.integers(10)], row[rng.integers(10, 20)] = 1, rng.integers(1, 3)
    for row in rows[500:]:  # 2 comes three times, anywhere
        for place in rng.choice(20, 3, replace=False):
            row[place] = 2
    log = InteractionLog.from_lists(rows)
    miner = FrequentMiner(min_count=40, min_length=2, max_length=3)
    table = evidence.judge(log, miner.mine(log), miner.constraints, 40).table
    columns, place = table.columns, {pattern: row for row, pattern in enumerate(table.patterns())}
    assert columns["p_value"][place[1, 1, 1]] == columns["burst_p_value"][place[1, 1, 1]]
    assert columns["q_value"][place[1, 1, 1]] < 1e-10
    assert columns["q_value"][place[2, 2, 2]] > 0.05
    assert columns["stability"][place[1, 1, 1]] == 1
    repeats = {pattern for pattern in released_of(log, table, 40, miner.constraints) if len(set(pattern)) == 1}
    assert repeats == {(1, 1, 1)}


def test_repeats_without_limits_are_stable_by_the_support_that_they_were_mined_with(evidence):
    """25 users repeat at once and 25 more at some time: enough together, too few alone."""
    rng = np.random.default_rng(3)
    rows = [rng.integers(3, 400, 20).tolist() for _ in range(150)]
    for row in rows[:25]:
        row[7:9] = [1, 1]
    for row in rows[25:50]:
        row[2], row[15] = 1, 1
    log = InteractionLog.from_lists(rows)
    table = PatternTable.from_lists([(1, 1)], [50], 150)
    columns = evidence.judge(log, table, Constraints(), 30).table.columns
    assert columns["q_value"][0] < 1e-6
    assert columns["stability"][0] > 0.9


def test_single_symbols_are_never_significant(evidence):
    log = planted_log(2, 300)
    miner = FrequentMiner(min_count=20, max_length=2)
    table = evidence.judge(log, miner.mine(log), miner.constraints, 20).table
    assert (table.columns["q_value"][table.lengths == 1] == 1).all()


def test_held_out_measures_are_those_of_the_other_users():
    log = planted_log(3, 400)
    most, others = split_users(log, 0.3, 0)
    assert (most.num_users, others.num_users) == (280, 120)
    table = with_holdout_columns(PatternTable.from_lists([(11, 12)], [0], 280), others, Constraints())
    count = sum(
        any(a == 11 and 12 in row[i:] for i, a in enumerate(row))
        for row in (others.history(user).tolist() for user in range(120))
    )
    assert table.columns["holdout_support"][0] == pytest.approx(count / 120)
    lower, upper = wilson_interval(count, 120)
    assert table.columns["holdout_support_lower"][0] == pytest.approx(lower)
    assert table.columns["holdout_support_upper"][0] == pytest.approx(upper)


def test_later_days_are_measured_by_their_own_events():
    early = [[5, 1, 2], [5, 3, 4], [6, 1, 2], [6, 3, 4]] * 30  # both rules hold at first, only 1 -> 2 goes on
    late = [[7, 1, 2], [7, 4, 3], [8, 1, 2], [5, 6, 8]] * 30
    log = InteractionLog.from_lists(early + late)
    times = np.concatenate([np.arange(360), 1000 + np.arange(360)])
    log = InteractionLog(log.items, log.offsets, timestamps=times)
    evidence = Evidence(
        order_test=OrderTest(), association_test=AssociationTest(num_samples=5), burst_test=BurstTest(),
        stability=Stability(num_bootstraps=5), later=0.5,
    )  # fmt: skip
    table = PatternTable.from_lists([(1, 2), (3, 4), (4, 3)], [120, 60, 30], 240)
    verdict = evidence.judge(log, table, Constraints(), 30)
    columns = verdict.table.columns
    assert verdict.later_from == 1000
    assert columns["later_support_count"].tolist() == [60, 0, 30]
    assert columns["later_support"][0] == 0.5
    assert columns["later_confidence"][:2].tolist() == [1.0, 0.0]
    assert columns["later_lift_lower"][0] > 1
    assert np.isnan(columns["later_lift"][2])  # the days before would not have shown it
    without_time = evidence.judge(InteractionLog(log.items, log.offsets), table, Constraints(), 30)
    assert without_time.later_from is None
    assert not any(name.startswith("later_") for name in without_time.table.columns)


def test_patterns_from_elsewhere_are_tested_on_fresh_users(evidence):
    log = InteractionLog.from_lists([[1, 2, 9]] * 40 + [[3, 4]] * 20 + [[4, 3]] * 20)
    table = evidence.judge_fresh(log, PatternTable.from_lists([(1, 2), (3, 4)], [3, 3], 7), Constraints())
    assert table.support_count.tolist() == [40, 20]
    assert table.num_users == 80
    assert table.columns["found_count"].tolist() == [3, 3]
    assert table.columns["q_value"][0] < 1e-6
    assert table.columns["q_value"][1] > 0.3
    assert table.columns["q_value"][0] == pytest.approx(2 * table.columns["p_value"][0], rel=1e-9, abs=0), "one of two"
    assert table.columns["holdout_support_count"].tolist() == [40, 20]


def test_release_names_what_fails():
    log = InteractionLog.from_lists([[1, 2, 3]] * 50 + [[1, 3, 2]] * 40 + [[4, 5, 6]] * 20)
    table = PatternTable.from_lists([(1, 2, 3), (4, 5, 6), (4, 5, 6), (4, 5, 6), (4, 5, 6)], [50, 20, 20, 20, 19], 110)
    table = table.with_columns(
        q_value=np.array([0.01, 0.01, 0.05, 0.01, 0.01]),
        holdout_lift_lower=np.array([1.2, 1.2, 1.2, np.nan, 1.2]),
        later_lift_lower=np.array([1.2, 1.1, 1.2, 1.2, 1.2]),
        later_confidence=np.full(5, 0.5),
        stability=np.array([0.8, 0.8, 1.0, 1.0, 1.0]),
        holdout_leverage=np.ones(5),
        holdout_support=np.ones(5),
        gain_p_value=np.full(5, 0.001),
    )
    rule = ReleaseRule(part_test=PartTest(order_test=OrderTest()))
    met = rule.conditions(rule.mark(log, table, Constraints(), 10))
    assert {name: values.tolist() for name, values in met.items()} == {
        "significant": [True, True, False, True, True],
        "tried": [True] * 5,
        "useful": [True, True, True, False, True],
        "lasting": [True, True, True, True, True],
        "stable": [True, True, True, True, True],
        "shared": [True, True, True, True, False],
        "productive": [True, True, True, True, True],
        "directed": [False, True, False, False, False],
        "independent": [False, True, False, False, False],
        "anonymous": [True] * 5,
    }
    assert len(released_of(log, table)) == 1
    marked = rule.mark(log, table, Constraints(), 10)
    assert marked.columns["cover_rank"][marked.columns["released"]].tolist() == [1]
    assert np.isnan(marked.columns["cover_rank"][~marked.columns["released"]]).all()
    assert len(released_of(log, table, min_users=5)) == 2
    assert len(released_of(log, table, max_gain_p_value=0.001)) == 0
    assert len(released_of(log, table, min_later_lift=1.15)) == 0
    assert len(released_of(log, table, max_direction_p_value=1.1)) == 2


def test_what_the_held_out_users_chose_themselves_has_no_measure_on_them():
    """Of 100 users 30 are held out; a pattern needs 30 users in the log, so 21 among the others."""
    most = set(split_users(InteractionLog.from_lists([[user] for user in range(100)]), 0.3, 0)[0].items.tolist())
    others = set(range(100)) - most
    few, enough = sorted(most)[:20] + sorted(others)[:10], sorted(most)[-21:] + sorted(others)[-9:]
    rows = [[1, 2] * (user in few) + [3, 4] * (user in enough) + [10 + user, 200] for user in range(100)]
    log, table = InteractionLog.from_lists(rows), PatternTable.from_lists([(1, 2), (3, 4)], [30, 30], 100)
    quick = Evidence(
        order_test=OrderTest(), association_test=AssociationTest(num_samples=5), burst_test=BurstTest(),
        stability=Stability(num_bootstraps=5),
    )  # fmt: skip
    columns = quick.judge(log, table, Constraints(), 30).table.columns
    for name in ("holdout_lift", "holdout_lift_lower", "holdout_confidence", "holdout_shrinkage", "gain"):
        assert np.isnan(columns[name]).tolist() == [True, False], name
    assert columns["holdout_support_count"].tolist() == [10, 9]


def test_a_hypothesis_weighs_by_the_number_of_its_length(evidence):
    """12 orders of two symbols and 24 of three: a pair gets one in 24 of the error, a triple one in 48."""
    log = InteractionLog.from_lists([[1, 2, 3, 4]] * 6 + [[4, 3, 2, 1]] * 4)
    pair, triple = (
        evidence.judge(log, PatternTable.from_lists([pattern, (4, 3, 2)], [6, 4], 10), Constraints(), 10)
        for pattern in ((1, 2), (1, 2, 3))
    )
    assert pair.num_hypotheses == 36
    for verdict, share in ((pair, 24), (triple, 48)):
        p_value, q_value = (verdict.table.columns[name][0] for name in ("p_value", "q_value"))
        assert q_value == pytest.approx(min(p_value * share, 1))


def test_sessions_of_one_person_are_one_witness(evidence):
    # 60 of 400 sessions have 1 before 2, all of one person; every other session has them in random order
    rng = np.random.default_rng(0)
    pairs = [[1, 2] if session < 60 else rng.permutation([1, 2]).tolist() for session in range(400)]
    histories = [[*rng.integers(5, 40, 3).tolist(), *pair] for pair in pairs]
    sessions = InteractionLog.from_lists(histories)
    people = replace(sessions, people=np.concatenate([np.zeros(60), np.arange(1, 341)]).astype(np.int32))
    tables = [judge(evidence, log, min_count=40) for log in (sessions, people)]
    rows = [table.patterns().index((1, 2)) for table in tables]
    by_session, by_person = (table.columns["q_value"][row] for table, row in zip(tables, rows, strict=True))
    assert by_session < 0.01 < 0.1 < by_person
    assert tables[1].support_count[rows[1]] == tables[0].support_count[rows[0]]
    counts = {name: tables[1].columns[name][rows[1]] for name in ("people_count", "tested_support", "antecedent_count")}
    assert counts["people_count"] == counts["tested_support"] == tables[1].support_count[rows[1]] - 59
    assert counts["antecedent_count"] == 341
    assert (1, 2) not in released_of(people, tables[1], min_count=40, min_holdout_lift=0.0, max_gain_p_value=1.1)


def test_planted_patterns_are_found_in_sessions_and_shuffled_ones_are_not(evidence):
    log = replace(planted_log(0), people=(np.arange(1200) // 2).astype(np.int32))
    assert (1, 2, 3) in released_of(log, judge(evidence, log))
    copy = shuffle_within_users(log, 1, keep_ties=False)
    assert released_of(copy, judge(evidence, copy)) == []


def test_held_out_people_leave_with_all_their_sessions():
    log = replace(
        InteractionLog.from_lists([[user] for user in range(1, 41)]), people=(np.arange(40) // 4).astype(np.int32)
    )
    most, others = split_users(log, 0.3, 0)
    assert (most.num_people, others.num_people) == (7, 3)
    assert not set((most.items - 1) // 4) & set((others.items - 1) // 4)


def test_a_rule_needs_people():
    rule = ReleaseRule(min_users=3, part_test=PartTest(order_test=OrderTest()))
    columns = {
        name: np.ones(2)
        for name in ("q_value", "holdout_lift_lower", "stability", "gain_p_value", "holdout_antecedent_count")
    }
    table = PatternTable.from_lists([(1, 2), (2, 3)], [9, 9], 9).with_columns(**columns)
    assert rule.conditions(table)["shared"].tolist() == [True, True]
    assert rule.conditions(table.with_columns(people_count=np.array([2, 3])))["shared"].tolist() == [False, True]
