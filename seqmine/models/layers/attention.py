"""Self-attention on right-padded batches.

With padding on the right, a causal position cannot see it, so causal attention needs no mask (and keeps its fast
kernel). Attention to both sides has to leave the padding out.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.layers.dropout import Dropout
from seqmine.models.layers.residual import take_last
from seqmine.structs import UserError
from seqmine.structs.bounds import PositiveFloat, PositiveInt, ShareBelowOne


class CausalSelfAttention(nn.Module):
    """Multi-head softmax attention over the past (Vaswani et al. 2017, arXiv:1706.03762).

    Args:
        embedding_dim: size D of the vectors.
        num_heads: heads H; must divide ``embedding_dim``.
        dropout: dropout of the result, before the residual sum.
        attention_dropout: dropout of the attention weights; above 0 the weights are materialized, which is slower.
    """

    def __init__(
        self,
        *,
        embedding_dim: PositiveInt,
        num_heads: PositiveInt,
        dropout: ShareBelowOne,
        attention_dropout: ShareBelowOne = 0.0,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.in_projection, self.out_projection, self.dropout = _projections(embedding_dim, num_heads, dropout)
        self.attention_dropout = attention_dropout

    def forward(self, hidden: Float[Tensor, "B L D"]) -> Float[Tensor, "B L D"]:
        """Return for each position a mix of the positions up to it."""
        query, key, value = split_heads(self.in_projection(hidden), 3, self.num_heads)
        probability = self.attention_dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True, dropout_p=probability)
        return self.dropout(self.out_projection(merge_heads(mixed)))

    def last(self, hidden: Float[Tensor, "B L D"], last: Int[Tensor, "B"]) -> Float[Tensor, "B 1 D"]:
        """Return the mix of one position of each row, without asking for those of the others."""
        query, key, value = _project_last(self.in_projection, hidden, last, self.num_heads)
        return self.dropout(self.out_projection(merge_heads(mix_past(query, key, value, last))))


class BidirectionalSelfAttention(nn.Module):
    """Multi-head softmax attention to both sides (BERT, Devlin et al. 2019, arXiv:1810.04805).

    Args:
        embedding_dim: size D of the vectors.
        num_heads: heads H; must divide ``embedding_dim``.
        dropout: dropout of the result, before the residual sum.
    """

    def __init__(self, *, embedding_dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.in_projection, self.out_projection, self.dropout = _projections(embedding_dim, num_heads, dropout)

    def forward(self, hidden: Float[Tensor, "B L D"], valid_mask: Bool[Tensor, "B L"]) -> Float[Tensor, "B L D"]:
        """Return for each position a mix of all valid positions of its row."""
        query, key, value = split_heads(self.in_projection(hidden), 3, self.num_heads)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=valid_mask[:, None, None])
        return self.dropout(self.out_projection(merge_heads(mixed)))


class RotarySelfAttention(nn.Module):
    """Causal attention that turns queries and keys by their distance (RoFormer, Su et al. 2021, arXiv:2104.09864).

    It depends on distances alone, so every prefix of a history is treated as if it ended there: training on all
    positions equals training on every prefix as a sample of its own.

    Args:
        embedding_dim: size D of the vectors.
        num_heads: heads H; must divide ``embedding_dim`` into an even head size.
        dropout: dropout of the result, before the residual sum.
        base: longest wavelength of the rotation, in positions.
    """

    frequencies: Tensor

    def __init__(
        self,
        *,
        embedding_dim: PositiveInt,
        num_heads: PositiveInt,
        dropout: ShareBelowOne,
        base: PositiveFloat = 10_000.0,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.in_projection, self.out_projection, self.dropout = _projections(embedding_dim, num_heads, dropout)
        self.register_buffer("frequencies", _frequencies(embedding_dim // num_heads, base), persistent=False)

    def forward(self, hidden: Float[Tensor, "B L D"]) -> Float[Tensor, "B L D"]:
        """Return for each position a mix of the positions up to it."""
        query, key, value = split_heads(self.in_projection(hidden), 3, self.num_heads)
        query, key = turn(query, key, self.frequencies)
        mixed = F.scaled_dot_product_attention(query, key, value.contiguous(), is_causal=True)
        return self.dropout(self.out_projection(merge_heads(mixed)))

    def last(self, hidden: Float[Tensor, "B L D"], last: Int[Tensor, "B"]) -> Float[Tensor, "B 1 D"]:
        """Return the mix of one position of each row, without asking for those of the others."""
        query, key, value = _project_last(self.in_projection, hidden, last, self.num_heads)
        cosine, sine = _turns(hidden.shape[1], self.frequencies)
        query = rotate(query, cosine[last, None, None], sine[last, None, None])
        mixed = mix_past(query, rotate(key, cosine, sine), value, last)
        return self.dropout(self.out_projection(merge_heads(mixed)))


class BidirectionalRotarySelfAttention(nn.Module):
    """Attention to both sides that turns queries and keys by their distance.

    Args:
        embedding_dim: size D of the vectors.
        num_heads: heads H; must divide ``embedding_dim`` into an even head size.
        dropout: dropout of the result, before the residual sum.
        base: longest wavelength of the rotation, in positions.
    """

    frequencies: Tensor

    def __init__(
        self,
        *,
        embedding_dim: PositiveInt,
        num_heads: PositiveInt,
        dropout: ShareBelowOne,
        base: PositiveFloat = 10_000.0,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.in_projection, self.out_projection, self.dropout = _projections(embedding_dim, num_heads, dropout)
        self.register_buffer("frequencies", _frequencies(embedding_dim // num_heads, base), persistent=False)

    def forward(self, hidden: Float[Tensor, "B L D"], valid_mask: Bool[Tensor, "B L"]) -> Float[Tensor, "B L D"]:
        """Return for each position a mix of all valid positions of its row."""
        query, key, value = split_heads(self.in_projection(hidden), 3, self.num_heads)
        query, key = turn(query, key, self.frequencies)
        mask = valid_mask[:, None, None]
        mixed = F.scaled_dot_product_attention(query, key, value.contiguous(), attn_mask=mask)
        return self.dropout(self.out_projection(merge_heads(mixed)))


class RelativeSelfAttention(nn.Module):
    """Causal attention with a learned bias for each distance and head (T5, Raffel et al. 2020, arXiv:1910.10683).

    Unlike T5 distances are not bucketed: histories are short enough for one number a distance.

    Args:
        embedding_dim: size D of the vectors.
        num_heads: heads H; must divide ``embedding_dim``.
        dropout: dropout of the result, before the residual sum.
        max_distance: distances from here on share one bias.
    """

    def __init__(
        self,
        *,
        embedding_dim: PositiveInt,
        num_heads: PositiveInt,
        dropout: ShareBelowOne,
        max_distance: PositiveInt = 200,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.in_projection, self.out_projection, self.dropout = _projections(embedding_dim, num_heads, dropout)
        self.distance_bias = nn.Parameter(torch.zeros(num_heads, max_distance + 1))

    def forward(self, hidden: Float[Tensor, "B L D"]) -> Float[Tensor, "B L D"]:
        """Return for each position a mix of the positions up to it."""
        query, key, value = split_heads(self.in_projection(hidden), 3, self.num_heads)
        bias = self._bias(torch.arange(hidden.shape[1], device=hidden.device), hidden.shape[1]).unsqueeze(0)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias.to(query.dtype))
        return self.dropout(self.out_projection(merge_heads(mixed)))

    def last(self, hidden: Float[Tensor, "B L D"], last: Int[Tensor, "B"]) -> Float[Tensor, "B 1 D"]:
        """Return the mix of one position of each row, without asking for those of the others."""
        query, key, value = _project_last(self.in_projection, hidden, last, self.num_heads)
        bias = self._bias(last, hidden.shape[1]).transpose(0, 1).unsqueeze(2)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias.to(query.dtype))
        return self.dropout(self.out_projection(merge_heads(mixed)))

    def _bias(self, asking: Int[Tensor, "Q"], length: int) -> Float[Tensor, "H Q L"]:
        """Return what is added to the scores of positions that ask; what comes after them is out."""
        distance = asking.unsqueeze(1) - torch.arange(length, device=asking.device)
        bias = self.distance_bias[:, distance.clamp(0, self.distance_bias.shape[1] - 1)]
        return bias.masked_fill(distance < 0, -torch.inf)


class BiasedSelfAttention(nn.Module):
    """Causal attention that adds to its scores a bias that is made once for all layers.

    Args:
        embedding_dim: size D of the vectors.
        num_heads: heads H; must divide ``embedding_dim``.
        dropout: dropout of the result, before the residual sum.
    """

    def __init__(self, *, embedding_dim: PositiveInt, num_heads: PositiveInt, dropout: ShareBelowOne) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.in_projection, self.out_projection, self.dropout = _projections(embedding_dim, num_heads, dropout)

    def forward(self, hidden: Float[Tensor, "B L D"], bias: Float[Tensor, "B H L L"]) -> Float[Tensor, "B L D"]:
        """Return for each position a mix of the positions up to it."""
        query, key, value = split_heads(self.in_projection(hidden), 3, self.num_heads)
        future = torch.ones(bias.shape[-2:], dtype=torch.bool, device=bias.device).triu(1)
        mask = bias.masked_fill(future, -torch.inf).to(query.dtype)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.dropout(self.out_projection(merge_heads(mixed)))


def _projections(embedding_dim: int, num_heads: int, dropout: float) -> tuple[nn.Linear, nn.Linear, Dropout]:
    """Return what every kind of attention has: projections to heads and back, and the dropout of the result."""
    check_heads(embedding_dim, num_heads)
    joint, back = nn.Linear(embedding_dim, 3 * embedding_dim), nn.Linear(embedding_dim, embedding_dim)
    return joint, back, Dropout(dropout)


def _frequencies(head_dim: int, base: float) -> Float[Tensor, "h"]:
    """Return by how much each pair of numbers of a head is turned from one position to the next."""
    return base ** (-torch.arange(0, head_dim, 2, dtype=torch.float32) / head_dim)


def turn(
    query: Float[Tensor, "B H L d"], key: Float[Tensor, "B H L d"], frequencies: Float[Tensor, "h"]
) -> tuple[Float[Tensor, "B H L d"], Float[Tensor, "B H L d"]]:
    """Turn queries and keys by their positions, so that their products tell distances (RoFormer, Su et al. 2021)."""
    cosine, sine = _turns(query.shape[2], frequencies)
    return rotate(query, cosine, sine), rotate(key, cosine, sine)


def _turns(length: int, frequencies: Float[Tensor, "h"]) -> tuple[Float[Tensor, "L h"], Float[Tensor, "L h"]]:
    """Return cosine and sine of the angle of each position and pair of numbers."""
    angles = torch.outer(torch.arange(length, device=frequencies.device), frequencies)
    return angles.cos(), angles.sin()


def _project_last(
    projection: nn.Linear, hidden: Float[Tensor, "B L D"], last: Int[Tensor, "B"], num_heads: int
) -> tuple[Float[Tensor, "B H 1 d"], Float[Tensor, "B H L d"], Float[Tensor, "B H L d"]]:
    """Return the query of one position of each row, and the keys and values of all."""
    weight, bias, width = projection.weight, projection.bias, hidden.shape[2]
    (query,) = split_heads(F.linear(take_last(hidden, last), weight[:width], bias[:width]), 1, num_heads)
    key, value = split_heads(F.linear(hidden, weight[width:], bias[width:]), 2, num_heads)
    return query, key, value


def mix_past(
    query: Float[Tensor, "B H 1 d"],
    key: Float[Tensor, "B H L d"],
    value: Float[Tensor, "B H L d"],
    last: Int[Tensor, "B"],
) -> Float[Tensor, "B H 1 d"]:
    """Return the softmax attention of one query a row to the positions up to ``last``."""
    past = torch.arange(key.shape[2], device=key.device) <= last.unsqueeze(1)
    return F.scaled_dot_product_attention(query, key, value, attn_mask=past[:, None, None])


def check_heads(embedding_dim: int, num_heads: int) -> None:
    """Raise UserError unless the heads divide the vectors evenly."""
    if embedding_dim % num_heads:
        raise UserError(f"embedding_dim is {embedding_dim}, allowed are multiples of num_heads, which is {num_heads}")


def split_heads(projected: Float[Tensor, "B L P"], parts: int, num_heads: int) -> tuple[Float[Tensor, "B H L d"], ...]:
    """Split a joint projection into ``parts`` tensors of heads."""
    batch, length, width = projected.shape
    heads = projected.view(batch, length, parts, num_heads, width // (parts * num_heads))
    return tuple(heads.permute(2, 0, 3, 1, 4).unbind(0))


def merge_heads(heads: Float[Tensor, "B H L d"]) -> Float[Tensor, "B L D"]:
    """Put the heads back side by side."""
    return heads.transpose(1, 2).flatten(2)


def rotate(
    vectors: Float[Tensor, "B H L d"], cosine: Float[Tensor, "*#BHL h"], sine: Float[Tensor, "*#BHL h"]
) -> Float[Tensor, "B H L d"]:
    """Rotate the pairs (first half, second half) of each vector by the angle of its position."""
    first, second = vectors.chunk(2, dim=-1)
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1).to(vectors.dtype)
