"""Attention weights as a picture of what a model looks at: no explanation (Jain and Wallace 2019, arXiv:1902.10186)."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from seqmine.explanation.question import Attribution, Explainer, Question
from seqmine.probing.cases import Cases
from seqmine.probing.edits import Edit
from seqmine.probing.queries import score_edits
from seqmine.structs import Recommender, UserError


class AttentionExplainer(Explainer):
    """The share of an event is the attention that the last position pays to it, as the mean over layers and heads.

    The weights are those of the softmax that the model computes, taken where it computes them.
    """

    caution: ClassVar[str] = "a picture, not an explanation: attention weights are no shares of a score"

    def explain(self, model: Recommender, cases: Cases, questions: Sequence[Question]) -> list[Attribution]:
        """Return the mean attention to each event.

        Raises:
            UserError: the model has no softmax attention.
        """
        return [
            Attribution(attention_of(model, cases, one.case).mean(dim=(0, 1)).cpu().double().numpy())
            for one in questions
        ]


def attention_of(model: Recommender, cases: Cases, case: int) -> Float[Tensor, "N H n"]:
    """Return the attention of the last position to each event of a case, by layer and head.

    Raises:
        UserError: the model has no softmax attention.
    """
    record = _Record()
    # a history alone has no padding, so that its last position is the one that the item is predicted from
    with torch.no_grad(), record:
        score_edits(model, cases, [Edit.of(cases, case)])
    if not record.weights:
        raise UserError(
            "explainer is attention, but the model of this run has no softmax attention; "
            "set explainer=deletion or another one that asks the model"
        )
    return torch.stack(record.weights)[..., : len(cases.events(case))]


class _Record(TorchFunctionMode):
    """Keeps the weights of the last query of every attention that is computed under it."""

    def __init__(self) -> None:
        super().__init__()
        self.weights: list[Tensor] = []

    def __torch_function__(
        self, function: Callable, types: Any, arguments: tuple = (), named: dict[str, Any] | None = None
    ) -> Any:
        """Do what was called for, and keep weights."""
        named = named or {}
        if function is F.scaled_dot_product_attention:
            self.weights.append(last_weights(*arguments, **named)[0])
        return function(*arguments, **named)


def last_weights(
    query: Float[Tensor, "B H Q d"],
    key: Float[Tensor, "B H L d"],
    value: Float[Tensor, "B H L v"],  # noqa: ARG001 - the arguments are those of the attention of torch
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,  # noqa: ARG001
    is_causal: bool = False,  # noqa: ARG001 - the last query sees all keys
    scale: float | None = None,
) -> Float[Tensor, "B H L"]:
    """Return the softmax weights of the last query, of the arguments of ``scaled_dot_product_attention``."""
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    scores = (query[:, :, -1:] @ key.transpose(-2, -1)).float() * scale
    if attn_mask is not None:
        last = attn_mask[..., -1:, :]
        scores = scores.masked_fill(~last, -torch.inf) if last.dtype == torch.bool else scores + last.float()
    return scores.softmax(dim=-1).squeeze(2)
