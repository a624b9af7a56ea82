import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.models.layers.linear_attention import LinearSelfAttention, causal_linear_attention


@settings(deadline=None)
@given(length=st.integers(1, 200))
def test_chunks_equal_the_quadratic_form(length):
    torch.manual_seed(length)
    query, key, value = torch.randn(3, 2, 2, length, 4, dtype=torch.double)
    expected = (query @ key.transpose(-1, -2)).tril() @ value / 4
    torch.testing.assert_close(causal_linear_attention(query, key, value), expected)


def test_result_does_not_grow_with_the_history():
    torch.manual_seed(0)
    layer = LinearSelfAttention(embedding_dim=8, num_heads=2, dropout=0.0)
    norms = layer(torch.ones(1, 150, 8)).norm(dim=-1)
    torch.testing.assert_close(norms, norms[:, :1].expand_as(norms), rtol=1e-3, atol=1e-4)


def test_heads_that_do_not_divide_the_vector_are_refused():
    with pytest.raises(ValueError, match="embedding_dim is 8, allowed are multiples of num_heads, which is 3"):
        LinearSelfAttention(embedding_dim=8, num_heads=3, dropout=0.0)
