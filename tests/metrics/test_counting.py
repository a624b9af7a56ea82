import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.metrics.counting import best_columns, count_above

SCORES = st.sampled_from([-torch.inf, -2.0, -1.0, 0.0, 0.5, 1.0, 3.0])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(SCORES, min_size=150, max_size=150), min_size=1, max_size=3), st.integers(1, 20))
def test_the_best_are_those_of_a_stable_sort(rows, top_k):
    scores = torch.tensor(rows)
    values, columns = scores.sort(dim=1, descending=True, stable=True)
    expected = torch.where(values > -torch.inf, columns, 0)[:, :top_k]
    assert torch.equal(best_columns(scores, top_k), expected)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_counts_equal_comparisons(dtype):
    scores = torch.randint(0, 40, (20, 300)).to(dtype)
    columns = torch.randint(0, 300, (20,))
    above, level = count_above(scores, columns)
    own = scores.gather(1, columns.unsqueeze(1))
    assert torch.equal(above, (scores[:, 1:] > own).sum(1))
    assert torch.equal(level, (scores[:, 1:] == own).sum(1))


def test_nothing_is_copied_to_be_counted():
    whole = torch.randn(6, 500)
    part = whole[::2, 100:]
    assert torch.equal(best_columns(part, 5), part.topk(5).indices)
    assert torch.equal(count_above(part, torch.zeros(3, dtype=torch.long))[0], (part[:, 1:] > part[:, :1]).sum(1))


def test_no_rows_have_no_best():
    assert best_columns(torch.zeros(0, 5), 3).shape == (0, 3)
