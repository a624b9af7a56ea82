"""HSTU: hierarchical sequential transduction units (Zhai et al. 2024, arXiv:2402.17152)."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.layers.attention import check_heads, merge_heads, split_heads
from seqmine.models.layers.dropout import Dropout
from seqmine.models.layers.positions import LearnedPositions
from seqmine.models.layers.relative_bias import PositionTimeBias
from seqmine.structs import SequenceBatch
from seqmine.structs.bounds import PositiveInt, ShareBelowOne


class HSTUEncoder(nn.Module):
    """Blocks of pointwise attention with a bias by distance in positions and in time.

    Args:
        embedding_dim: size D of the vectors.
        max_length: longest history.
        num_layers: number of blocks.
        num_heads: attention heads H.
        dropout: dropout of the embedded events and of the gated result of each block.
        num_time_buckets: buckets of time gaps, on a log scale.
    """

    def __init__(
        self,
        *,
        embedding_dim: PositiveInt,
        max_length: PositiveInt,
        num_layers: PositiveInt,
        num_heads: PositiveInt,
        dropout: ShareBelowOne,
        num_time_buckets: PositiveInt,
    ) -> None:
        super().__init__()
        self.positions = LearnedPositions(
            embedding_dim=embedding_dim, max_length=max_length, std=0.02 * embedding_dim**0.5
        )
        self.dropout = Dropout(dropout)
        self.biases = nn.ModuleList(
            PositionTimeBias(max_length=max_length, num_time_buckets=num_time_buckets) for _ in range(num_layers)
        )
        self.blocks = nn.ModuleList(
            HSTUBlock(embedding_dim=embedding_dim, num_heads=num_heads, dropout=dropout, max_length=max_length)
            for _ in range(num_layers)
        )
        self.final_norm = nn.LayerNorm(embedding_dim)

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return hidden states; position t depends on positions up to t only."""
        hidden = self.dropout(self.positions(embedded, batch))
        for block, bias in zip(self.blocks, self.biases, strict=True):
            hidden = block(hidden, bias(batch))
        return self.final_norm(hidden)


class HSTUBlock(nn.Module):
    """Attention whose weights are SiLU of the scores, not normalized over the history, and whose result is gated.

    Args:
        embedding_dim: size D of the vectors.
        num_heads: heads H; must divide ``embedding_dim``.
        dropout: dropout of the gated result.
        max_length: divisor of the weights, so that they do not depend on how long a history is.
    """

    def __init__(self, *, embedding_dim: int, num_heads: int, dropout: float, max_length: int) -> None:
        super().__init__()
        check_heads(embedding_dim, num_heads)
        self.num_heads = num_heads
        self.max_length = max_length
        self.in_projection = nn.Linear(embedding_dim, 4 * embedding_dim, bias=False)
        nn.init.normal_(self.in_projection.weight, std=0.02)
        self.out_projection = nn.Linear(embedding_dim, embedding_dim)
        nn.init.xavier_uniform_(self.out_projection.weight)
        self.dropout = Dropout(dropout)

    def forward(self, hidden: Float[Tensor, "B L D"], bias: Float[Tensor, "B L L"]) -> Float[Tensor, "B L D"]:
        """Return hidden states of the next block."""
        size = hidden.shape[-1:]
        projected = F.silu(self.in_projection(F.layer_norm(hidden, size, eps=1e-6)))
        gate, heads = projected.split([hidden.shape[-1], 3 * hidden.shape[-1]], -1)
        query, key, value = split_heads(heads, 3, self.num_heads)
        scores = query @ key.transpose(-1, -2) + bias.unsqueeze(1)
        mixed = F.silu(scores).tril() @ (value / self.max_length)
        mixed = F.layer_norm(merge_heads(mixed), size, eps=1e-6)
        return hidden + self.out_projection(self.dropout(gate * mixed))
