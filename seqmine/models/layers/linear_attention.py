"""Softmax-free causal attention whose cost grows linearly with the history."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.layers.attention import check_heads, merge_heads, split_heads
from seqmine.models.layers.dropout import Dropout
from seqmine.structs.bounds import PositiveInt, ShareBelowOne

_CHUNK_LENGTH = 64  # positions that see each other directly; the past before them is one (d, d) matrix


class LinearSelfAttention(nn.Module):
    """Causal attention ``sum_n (q_t . k_n) v_n / d`` without softmax, each head normalized to unit mean square.

    The sum grows with the history; the normalization takes the place of the one that softmax had (Qin et al. 2022,
    arXiv:2210.10340).

    Args:
        embedding_dim: size D of the vectors.
        num_heads: heads H; must divide ``embedding_dim``.
        dropout: dropout of the result, before the residual sum.
    """

    def __init__(self, *, embedding_dim: PositiveInt, num_heads: PositiveInt, dropout: ShareBelowOne) -> None:
        super().__init__()
        check_heads(embedding_dim, num_heads)
        self.num_heads = num_heads
        self.in_projection = nn.Linear(embedding_dim, 3 * embedding_dim)
        self.out_projection = nn.Linear(embedding_dim, embedding_dim)
        self.dropout = Dropout(dropout)

    def forward(self, hidden: Float[Tensor, "B L D"]) -> Float[Tensor, "B L D"]:
        """Return for each position a mix of the positions up to it."""
        query, key, value = split_heads(self.in_projection(hidden), 3, self.num_heads)
        mixed = causal_linear_attention(query, key, value)
        # a sum near zero stays small: blown up to unit size, its sign would hang on rounding
        normalized = F.rms_norm(mixed, mixed.shape[-1:], eps=3e-6)
        return self.dropout(self.out_projection(merge_heads(normalized)))


def causal_linear_attention(
    query: Float[Tensor, "B H L d"], key: Float[Tensor, "B H L d"], value: Float[Tensor, "B H L d"]
) -> Float[Tensor, "B H L d"]:
    """Return ``sum_{n <= t} (query_t . key_n) value_n / d``, chunk by chunk.

    >>> import torch
    >>> ones = torch.ones(1, 1, 3, 1)
    >>> causal_linear_attention(ones, ones, ones).flatten().tolist()
    [1.0, 2.0, 3.0]
    """
    length = query.shape[2]
    size = min(length, _CHUNK_LENGTH)
    query, key, value = (_chunks(part, size) for part in (query / query.shape[-1], key, value))
    within = (query @ key.transpose(-1, -2)).tril() @ value
    memory = key.transpose(-1, -2) @ value
    before = memory.cumsum(2) - memory
    return (within + query @ before).flatten(2, 3)[:, :, :length]


def _chunks(heads: Float[Tensor, "B H L d"], size: int) -> Float[Tensor, "B H C c d"]:
    return F.pad(heads, (0, 0, 0, -heads.shape[2] % size)).unflatten(2, (-1, size))
