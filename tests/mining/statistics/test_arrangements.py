from itertools import product

import numpy as np
import pytest

from seqmine.mining.statistics.arrangements import (
    arrangement_chance,
    distinct_chance,
    gap_chance,
    pair_chances,
    run_chance,
)


def test_known_chances_of_repeats():
    masks, counts = np.array([1, 2]), np.array([3, 2])
    chances = [arrangement_chance(masks, counts, np.array(pattern)) for pattern in ([0, 1], [0, 0, 1], [0, 1, 0])]
    assert chances == pytest.approx([9 / 10, 7 / 10, 7 / 10])
    assert arrangement_chance(np.array([1]), np.array([3]), np.array([0, 0, 0])) == 1.0


def test_pair_chance_within_a_gap_has_its_closed_form():
    length, gap = 12, 4
    expected = sum(length - d for d in range(1, gap + 1)) / (length * (length - 1))
    assert gap_chance(length, (1, 1), (0, 1), gap) == pytest.approx(expected)
    assert distinct_chance(length, 2, gap, 99) == pytest.approx(expected)


def test_run_chance_equals_counting():
    places = [row for row in product([0, 1], repeat=7) if sum(row) == 3]
    hits = [any(row[t] and row[t + 1] for t in range(6)) for row in places]
    assert run_chance(7, 3, 2, 1) == pytest.approx(np.mean(hits))


def test_pairs_of_few_and_of_many_events_have_the_chances_of_all_arrangements():
    first, second = np.array([1, 3, 25, 2]), np.array([1, 2, 3, 40])
    expected = [
        arrangement_chance(np.array([1, 2]), np.array([one, two]), np.array([0, 1]))
        for one, two in zip(first, second, strict=True)
    ]
    assert pair_chances(first, second) == pytest.approx(expected)
    assert pair_chances(first[:2], second[:2])[0] == 0.5
