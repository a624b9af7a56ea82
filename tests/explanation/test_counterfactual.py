from itertools import combinations

import numpy as np
import pytest

from seqmine.explanation.counterfactual import smallest_addition, smallest_deletion
from seqmine.explanation.question import Question
from seqmine.probing.cases import Cases
from tests.explanation.models import Table


def needs(causes):
    """Item 9 is first as long as one of each set of causes is there."""

    def scores(items):
        is_on = all(cause & set(items) for cause in causes)
        return [0.1 * place for place in range(8)] + [9.0 - 0.01 * len(items) if is_on else -1.0]

    return Table(9, scores)


def ask(causes, history, top_k=1, **limits):
    cases = Cases.of_histories([history], max_length=9, seen="none")
    return smallest_deletion(needs(causes), cases, Question(0, 9), top_k, 64, **limits)


def test_one_event_or_two_are_proved_to_be_the_fewest():
    one = ask([{1, 2}, {3}], [1, 2, 3, 4])
    assert (one.places, one.is_minimal) == ((2,), True)
    assert one.rank == 9
    two = ask([{1, 2}], [1, 2, 3, 4])
    assert (two.places, two.is_minimal) == ((0, 1), True)


def test_three_are_a_proof_because_no_two_suffice():
    three = ask([{1, 2, 3}], [4, 1, 2, 5, 3])
    assert (three.places, three.is_minimal) == ((1, 2, 4), True)


@pytest.mark.parametrize(("most_pairs", "is_minimal"), [(10, True), (9, False)])  # five events have ten pairs
def test_where_pairs_are_not_asked_three_are_no_proof_and_two_are(most_pairs, is_minimal):
    three = ask([{1, 2, 3}], [4, 1, 2, 5, 3], most_pairs=most_pairs)
    assert (three.places, three.is_minimal) == ((1, 2, 4), is_minimal)
    two = ask([{1, 2}], [4, 1, 2, 5, 3], most_pairs=most_pairs)
    assert (two.places, two.is_minimal) == ((1, 2), True)


def test_more_are_greedy_and_said_to_be():
    four = ask([{1, 2, 3, 4}], [1, 5, 2, 3, 6, 4])
    assert set(four.places) == {0, 2, 3, 5}
    assert not four.is_minimal
    # nothing that is deleted could be left in
    for back in combinations(four.places, len(four.places) - 1):
        left = [item for place, item in enumerate([1, 5, 2, 3, 6, 4]) if place not in back]
        assert needs([{1, 2, 3, 4}]).scores(left)[8] > 0


@pytest.mark.parametrize("seed", range(5))
def test_the_size_is_that_of_a_search_through_all_sets(seed):
    draws = np.random.default_rng(seed)
    weights = draws.normal(size=7)
    cases = Cases.of_histories([[1, 2, 3, 4, 5, 6]], max_length=9, seen="none")

    def scores(items):
        return [0.0] * 6 + [0.5 + sum(weights[item] for item in items)]

    found = smallest_deletion(Table(7, scores), cases, Question(0, 7), 1, 64)
    sets = [set(gone) for size in range(7) for gone in combinations(range(1, 7), size)]
    out = [gone for gone in sets if scores([item for item in range(1, 7) if item not in gone])[6] <= 0]
    if not out or not min(map(len, out)):
        assert found is None
    elif found.is_minimal:
        assert len(found.places) == len(out[0])
    else:
        assert len(found.places) >= len(out[0]) > 3


def test_an_item_that_is_not_in_the_list_or_never_leaves_it_has_no_deletion():
    assert ask([{7}], [1, 2]) is None
    assert ask([], [1, 2, 3]) is None


def test_the_best_of_all_additions_is_found():
    cases = Cases.of_histories([[1, 2]], max_length=2)

    def scores(items):
        last = items[-1]
        return [0.0, 0.0, 5.0, 4.0, {3: 5.5, 4: 4.5}.get(last, 3.0), 0.0]

    added = smallest_addition(Table(6, scores), cases, Question(0, 5), 1, 6, 4)
    assert (added.item, added.rank, added.num_alternatives) == (3, 1, 1)
    both = smallest_addition(Table(6, scores), cases, Question(0, 5), 2, 6, 4)
    assert (both.item, both.num_alternatives) == (3, 2)
    assert smallest_addition(Table(6, scores), cases, Question(0, 6), 1, 6, 4) is None


def test_the_item_itself_is_no_addition():
    cases = Cases.of_histories([[1]], max_length=9)

    def scores(items):
        return [0.0, 1.0, 9.0 if 3 in items else 0.0]

    assert smallest_addition(Table(3, scores), cases, Question(0, 3), 1, 3, 4) is None
