"""Self-attention over the whole history, later events included."""

from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.layers.attention import check_heads, merge_heads, split_heads
from seqmine.models.layers.dropout import Dropout


class BidirectionalSelfAttention(nn.Module):
    """Multi-head softmax attention over all real events (Devlin et al. 2019, arXiv:1810.04805).

    Args:
        embedding_dim: size D of the vectors.
        num_heads: heads H; must divide ``embedding_dim``.
        dropout: dropout of the result, before the residual sum.
    """

    def __init__(self, *, embedding_dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        check_heads(embedding_dim, num_heads)
        self.num_heads = num_heads
        self.in_projection = nn.Linear(embedding_dim, 3 * embedding_dim)
        self.out_projection = nn.Linear(embedding_dim, embedding_dim)
        self.dropout = Dropout(dropout)

    def forward(self, hidden: Float[Tensor, "B L D"], valid_mask: Bool[Tensor, "B L"]) -> Float[Tensor, "B L D"]:
        """Return for each position a mix of the valid positions."""
        query, key, value = split_heads(self.in_projection(hidden), 3, self.num_heads)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=valid_mask[:, None, None, :])
        return self.dropout(self.out_projection(merge_heads(mixed)))
