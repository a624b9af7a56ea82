"""The log-probability of an item as a function of the vectors of the events before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seqmine.explanation.question import Question
from seqmine.models.module import SequenceModule
from seqmine.probing.cases import Cases
from seqmine.probing.edits import Edit
from seqmine.probing.queries import score_edits
from seqmine.structs import Recommender, UserError, device_of


@dataclass(frozen=True)
class VectorScore:
    """What a model makes of item vectors in place of those of the events; all else of the history stays as it is.

    Args:
        model: with a table of item vectors.
        cases: histories.
        question: which history and item.
        vectors: (L, D) what the model takes for the items of the history, and for what it appends itself.
    """

    model: SequenceModule
    cases: Cases
    question: Question
    vectors: Float[Tensor, "L D"]

    @classmethod
    def of(cls, model: Recommender, cases: Cases, question: Question) -> Self:
        """Look up the vectors of the events of a history.

        Raises:
            UserError: the model is counted, so that it has no vectors.
        """
        if not isinstance(model, SequenceModule):
            raise UserError(
                "explainer needs gradients at item vectors, which a model that is counted or corrected by patterns has "
                "not; set explainer=deletion, rerank=none, or run to a run of a trained model"
            )
        found: list[Tensor] = []
        hook = _table(model).register_forward_hook(lambda _table, _items, vectors: found.append(vectors.detach()))
        try:
            with torch.no_grad():
                score_edits(model, cases, [Edit.of(cases, question.case)])
        finally:
            hook.remove()
        return cls(model, cases, question, found[0][0])

    def __call__(self, vectors: Float[Tensor, "B L D"]) -> Float[Tensor, "B"]:
        """Return the log-probability of the item after each row of vectors."""
        edits = [Edit.of(self.cases, self.question.case)] * len(vectors)
        hook = _table(self.model).register_forward_hook(lambda *_: vectors)
        try:
            scores = score_edits(self.model, self.cases, edits)
        finally:
            hook.remove()
        return scores[:, 1:].log_softmax(dim=1)[:, self.question.item - 1]

    def gradients(self, vectors: Float[Tensor, "B L D"]) -> Float[Tensor, "B L D"]:
        """Return the gradient of the log-probability at each row of vectors."""
        with torch.enable_grad():
            vectors = vectors.detach().requires_grad_()
            (found,) = torch.autograd.grad(self(vectors).sum(), [vectors])
        return found

    @property
    def num_events(self) -> int:
        """Number of events that the model sees; what stands behind them in ``vectors`` is none."""
        return len(self.cases.events(self.question.case))


def mean_vector(model: SequenceModule) -> Float[Tensor, "D"]:
    """Return the mean of what the model takes for its items: an event that says nothing special."""
    with torch.no_grad():
        items = torch.arange(1, model.num_items + 1, device=device_of(model))
        return _table(model)(items.unsqueeze(0))[0].mean(dim=0)


def _table(model: SequenceModule) -> nn.Module:
    table = model.item_embedding
    assert isinstance(table, nn.Module)
    return table


def blocks(total: int, size: int) -> Sequence[slice]:
    """Return slices of at most ``size`` that cover ``total`` rows.

    >>> blocks(5, 3)
    [slice(0, 3, None), slice(3, 5, None)]
    """
    return [slice(start, min(start + size, total)) for start in range(0, total, size)]
