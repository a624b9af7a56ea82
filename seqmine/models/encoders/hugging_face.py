"""Any network of Hugging Face's transformers as an encoder: Llama, Qwen3, GPT-2, Mamba2, BERT, ModernBERT."""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from seqmine.models.layers.hugging_face import HuggingFaceBackbone, sees_later_events
from seqmine.structs import SequenceBatch, UserError
from seqmine.structs.bounds import PositiveInt


class HuggingFaceEncoder(nn.Module):
    """A causal network over item vectors. Positions, where it has a table of them, are counted from the start.

    Args:
        embedding_dim: size D of the vectors.
        backbone: the other arguments of ``HuggingFaceBackbone``.

    Raises:
        UserError: the network sees later events.
    """

    def __init__(self, *, embedding_dim: PositiveInt, **backbone: Any) -> None:
        super().__init__()
        self.backbone = HuggingFaceBackbone(embedding_dim=embedding_dim, **backbone)
        if sees_later_events(self.backbone, embedding_dim):
            kind = self.backbone.network.config.model_type
            raise UserError(
                f"config.model_type is {kind!r}, which sees what comes later; set model=hf_masked, or for BERT "
                "+`config`.is_decoder=true"
            )

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:  # noqa: ARG002
        """Return hidden states; position t depends on positions up to t only."""
        return self.backbone(embedded, None)


class HuggingFaceMaskedEncoder(nn.Module):
    """A network that sees both sides of a hidden event, for ``data/task=masked_item``.

    Args:
        embedding_dim: size D of the vectors.
        backbone: the other arguments of ``HuggingFaceBackbone``.
    """

    def __init__(self, *, embedding_dim: PositiveInt, **backbone: Any) -> None:
        super().__init__()
        self.backbone = HuggingFaceBackbone(embedding_dim=embedding_dim, **backbone)

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return hidden states; no position depends on padding."""
        return self.backbone(embedded, batch.valid_mask)
