"""BSARec: attention and a frequency filter side by side (Shin et al. 2024, arXiv:2312.10325), in a causal form."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from seqmine.models.layers.causal_filter import MovingAverageFilter
from seqmine.models.layers.dropout import Dropout
from seqmine.models.layers.residual import PostNormResidual, gelu_feed_forward
from seqmine.structs import SequenceBatch
from seqmine.structs.bounds import PositiveInt, Share, ShareBelowOne


class BSARecEncoder(nn.Module):
    """Blocks that mix attention, which smooths a history, with a filter that brings its fast changes back.

    The published filter needs one training sample a prefix (see ``layers.causal_filter``); this one takes the mean of
    the last events for the slow part, so that all positions of a history are trained at once.

    Args:
        embedding_dim: size D of the vectors.
        num_layers: number of blocks.
        num_heads: attention heads H.
        dropout: dropout of the embedded events and of the result of each part.
        filter_share: alpha of the paper, the share of the filter in each block, in [0, 1].
        window: events in the mean of the filter.
        positions: module that adds positions to the embedded events.
        attention: builds a causal attention from ``embedding_dim``, ``num_heads`` and ``dropout``.
        bias: makes from a batch what the attention adds to its scores; None for an attention that takes nothing.
    """

    def __init__(
        self,
        *,
        embedding_dim: PositiveInt,
        num_layers: PositiveInt,
        num_heads: PositiveInt,
        dropout: ShareBelowOne,
        filter_share: Share,
        window: PositiveInt,
        positions: nn.Module,
        attention: Callable[..., nn.Module],
        bias: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.positions, self.bias = positions, bias
        self.input_norm = nn.LayerNorm(embedding_dim)
        self.dropout = Dropout(dropout)
        self.blocks = nn.ModuleList(
            part
            for _ in range(num_layers)
            for part in (
                FilteredAttention(
                    filtering=nn.Sequential(
                        MovingAverageFilter(embedding_dim=embedding_dim, window=window), Dropout(dropout)
                    ),
                    attention=attention(embedding_dim=embedding_dim, num_heads=num_heads, dropout=dropout),
                    embedding_dim=embedding_dim,
                    filter_share=filter_share,
                ),
                gelu_feed_forward(embedding_dim, dropout),
            )
        )

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return hidden states; position t depends on positions up to t only."""
        hidden = self.dropout(self.input_norm(self.positions(embedded, batch)))
        context = () if self.bias is None else (self.bias(batch),)
        for mix, feed_forward in zip(self.blocks[::2], self.blocks[1::2], strict=True):
            hidden = feed_forward(mix(hidden, *context))
        return hidden


class FilteredAttention(nn.Module):
    """The weighted sum of a filter and an attention over one input, each with its own residual and normalization.

    Args:
        filtering: filter along the history.
        attention: attention along the history.
        embedding_dim: size D of the vectors.
        filter_share: weight of the filter; the attention has the rest.
    """

    def __init__(self, *, filtering: nn.Module, attention: nn.Module, embedding_dim: int, filter_share: float) -> None:
        super().__init__()
        self.filtering = PostNormResidual(nn.LayerNorm(embedding_dim), filtering)
        self.attention = PostNormResidual(nn.LayerNorm(embedding_dim), attention)
        self.filter_share = filter_share

    def forward(self, hidden: Float[Tensor, "B L D"], *context: Tensor) -> Float[Tensor, "B L D"]:
        """Return ``share * filter + (1 - share) * attention``; the attention also takes the context."""
        attended = self.attention(hidden, *context)
        return self.filter_share * self.filtering(hidden) + (1 - self.filter_share) * attended
