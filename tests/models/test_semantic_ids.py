import numpy as np
import pytest

from seqmine.models.semantic_ids import numbered, occurrence_vectors, residual_codebooks, residual_codes, told_apart
from seqmine.structs import InteractionLog, UserError


def test_each_level_halves_what_the_levels_before_leave_over():
    vectors = np.random.default_rng(0).normal(size=(400, 6)).astype(np.float32)
    books = residual_codebooks(vectors, num_levels=3, num_codes=8, seed=1)
    codes = residual_codes(vectors, books)
    left, errors = vectors.copy(), [(vectors**2).sum()]
    for level, centers in enumerate(books):
        distances = ((left[:, None] - centers) ** 2).sum(2)
        assert codes[:, level].tolist() == distances.argmin(1).tolist()
        left = left - centers[codes[:, level]]
        errors.append((left**2).sum())
    assert errors[1] < 0.65 * errors[0] and errors[2] < 0.75 * errors[1] and errors[3] < 0.8 * errors[2]
    again = residual_codebooks(vectors, 3, 8, seed=1)
    assert all(np.array_equal(one, other) for one, other in zip(books, again, strict=True))
    assert not np.array_equal(residual_codebooks(vectors, 1, 8, seed=2)[0], books[0])


def test_groups_far_apart_are_found_and_few_rows_need_few_codes():
    vectors = np.repeat(np.array([[0.0], [50.0], [90.0]], np.float32), 5, axis=0)
    [centers] = residual_codebooks(vectors, 1, 256, seed=0)
    assert sorted(centers.ravel().tolist()) == [0.0, 50.0, 90.0]


def test_new_items_are_told_apart_from_those_that_have_their_digits():
    taken = np.array([[1, 1, 0], [1, 1, 4], [2, 2, 0]])  # what stood between was taken out
    found = told_apart(np.array([[1, 1], [2, 2], [1, 1], [3, 3]]), taken)
    assert found.tolist() == [[1, 1, 5], [2, 2, 1], [1, 1, 6], [3, 3, 0]]


def test_numbers_that_do_not_suffice_are_told():
    assert len(np.unique(numbered(64, 3, 4), axis=0)) == 64
    with pytest.raises(UserError, match=r"num_codes is 4 and num_levels 2, too few for 17 items"):
        numbered(17, 2, 4)


def test_items_of_the_same_histories_get_near_vectors():
    log = InteractionLog.from_lists([[1, 2, 3], [1, 2, 3], [3, 1], [4, 5], [5, 4, 6], [6, 4]])
    vectors = occurrence_vectors(log, 7, size=2)
    assert vectors.shape == (7, 2) and not vectors[6].any()
    near = vectors @ vectors.T
    assert near[:3, :3].min() > 0.9 and near[3:6, 3:6].min() > 0.9 and abs(near[:3, 3:6]).max() < 0.1
    assert occurrence_vectors(InteractionLog.from_lists([]), 3, 8).shape == (3, 1)
