"""Lists whose items differ from each other, by maximal marginal relevance, and what that costs."""

import logging
from collections.abc import Sequence
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.data.batching import counted_batches
from seqmine.data.datamodule import SequenceDataModule
from seqmine.metrics.functional import mask_candidates, top_items
from seqmine.metrics.horizon import horizon_ndcg, rank_table, target_table
from seqmine.metrics.mean_state import added_over_devices
from seqmine.models.baselines.module import BaselineModule
from seqmine.models.mapped import MappedModel
from seqmine.models.module import item_vectors
from seqmine.serving.marginal_relevance import marginal_relevance, unit_scale
from seqmine.structs import Catalog, InteractionLog, Recommender, SequenceBatch, UserError, device_of
from seqmine.structs.bounds import PositiveInt, Share

_log = logging.getLogger(__name__)
GRID = tuple(step / 10 for step in range(10))
_TOP = 10  # cut-off of what is told


class DiverseReranking:
    """Chooses the weight of the difference between items on validation, says what it costs, and reorders lists.

    Args:
        weight: of the difference, from 0, the model alone, to 1; None takes the largest of ``GRID`` for ``max_loss``.
        max_loss: share of the validation NDCG@10 that may be lost, where the weight is chosen.
        similarity: of two items: ``vectors``, the cosine of their vectors in the model, 0 where it is negative, or
            ``categories``, the number of those in common divided by the number of all of both.
        category: column of the item table with the categories of an item, one or a list; None without.
        max_per_category: items of one category in a list, as long as the candidates have others; None without limit.
        num_candidates: best items of the model that a list is chosen from.

    Raises:
        UserError: categories are looked at, but no column is named.
    """

    def __init__(
        self,
        *,
        weight: Share | None,
        max_loss: Share,
        similarity: Literal["vectors", "categories"],
        category: str | None,
        max_per_category: PositiveInt | None,
        num_candidates: PositiveInt,
    ) -> None:
        if category is None and (similarity == "categories" or max_per_category is not None):
            raise UserError(
                "`category` is null, but `similarity`=categories and `max_per_category` look at categories; set "
                "`category` to a column of the item table"
            )
        self.weight, self.max_loss, self.similarity, self.category = weight, max_loss, similarity, category
        self.max_per_category, self.num_candidates = max_per_category, num_candidates

    def __call__(self, model: nn.Module, data: SequenceDataModule) -> tuple[BaselineModule, dict[str, float]]:
        """Return the model with other lists, and the weight by the name that it is reported with.

        Args:
            model: trained, perhaps corrected; is set to evaluation.
            data: of the model.

        Raises:
            UserError: the model has no vectors, or the item table no such column.
        """
        members = None if self.category is None else category_members(data.catalog, self.category)
        look = self._vectors(model, data.catalog) if self.similarity == "vectors" else members
        assert look is not None
        diverse = DiverseLists(
            model=model.eval(),  # type: ignore[arg-type]
            look=look,
            members=None if self.max_per_category is None else members,
            weight=self.weight or 0.0,
            max_per_category=self.max_per_category or 0,
            num_candidates=self.num_candidates,
        ).to(device_of(model))
        self._settle(diverse, data)
        return BaselineModule(recommender=diverse, catalog=data.catalog), {"rerank/weight": diverse.weight}

    def _settle(self, diverse: "DiverseLists", data: SequenceDataModule) -> None:
        """Choose the weight where it is open, and say what it costs on validation."""
        grid = GRID if self.weight is None else (self.weight,)
        alone, found = measure_weights(diverse, data.val_dataloader(), grid)
        affordable = [weight for weight in grid if found[weight][0] >= (1 - self.max_loss) * alone[0]]
        diverse.weight = max(affordable, default=min(grid))
        gain, alike = found[diverse.weight]
        _log.info(
            "diverse lists (weight %g): validation NDCG@10 %.4f, of the model alone %.4f (%+.1f%%); two of the first "
            "ten are alike by %.3f, of the model alone by %.3f",
            diverse.weight, gain, alone[0], 100 * (gain / max(alone[0], 1e-12) - 1), alike, alone[1],
        )  # fmt: skip

    def _vectors(self, model: nn.Module, catalog: Catalog) -> Float[Tensor, "V D"]:
        """Return the vectors that a model, below what corrects it, takes for the items of a catalog."""
        rows = None
        while item_vectors(model) is None:
            if isinstance(model, MappedModel):
                rows = model.item_rows.cpu()
            below = getattr(model, "recommender", None) or getattr(model, "model", None)
            if not isinstance(below, nn.Module):
                raise UserError(
                    "similarity is 'vectors', but the model has no vectors of items; set `similarity`=categories"
                )
            model = below
        vectors = item_vectors(model)
        assert vectors is not None
        vectors = vectors if rows is None else vectors[rows]
        return F.normalize(vectors[: catalog.num_items + 1].float(), dim=1)


class DiverseLists(nn.Module):
    """Reorder the best candidates of a model so that each differs from those before it.

    Args:
        model: scores the catalog.
        look: (V, D) unit vectors of the items, or (V, C) which categories they have.
        members: (V, C) categories that are capped, or None.
        weight: of the difference, see ``DiverseReranking``.
        max_per_category: items of one of ``members`` in a list, as long as the candidates have others.
        num_candidates: best items that are reordered; all others follow as the model orders them.
    """

    look: Tensor
    members: Tensor | None

    def __init__(
        self,
        *,
        model: Recommender,
        look: Tensor,
        members: Bool[Tensor, "V C"] | None,
        weight: float,
        max_per_category: int,
        num_candidates: int,
    ) -> None:
        super().__init__()
        self.model, self.weight = model, weight
        self.max_per_category, self.num_candidates = max_per_category, num_candidates
        self.register_buffer("look", look, persistent=False)
        self.register_buffer("members", members, persistent=False)

    def fit(self, log: InteractionLog, num_items: int) -> None:
        """Count nothing: the model is trained."""

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return what orders the catalog: marginal relevance of the best candidates, and all others below them."""
        return self.reorder(self.model.score(batch), batch)

    def reorder(self, scores: Float[Tensor, "B V"], batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the scores of the model with its best candidates in another order."""
        if self.weight == 0 and self.members is None:
            return scores
        masked = mask_candidates(scores.clone(), batch)
        best = top_items(masked, self.num_candidates)
        values = masked.gather(1, best)
        capped = None if self.members is None else self.members[best]
        marginal = marginal_relevance(
            unit_scale(values), self.alike(best), best > 0, self.weight, capped, self.max_per_category
        )
        lowest = torch.where(best > 0, marginal, torch.inf).amin(1, keepdim=True).clamp(max=0.0)
        # the last of the best scores at least as high as all that follow
        last = torch.where(best > 0, values, torch.inf).amin(1, keepdim=True)
        others = torch.where(last.isfinite(), scores - last, scores).clamp(max=0.0) + lowest - 1
        return torch.where(scores.isneginf(), scores, others).scatter(
            1, best, torch.where(best > 0, marginal, others.gather(1, best))
        )

    def alike(self, items: Int[Tensor, "B N"]) -> Float[Tensor, "B N N"]:
        """Return how alike the items of each row are, from 0 to 1."""
        look = self.look[items].float()
        common = look @ look.transpose(1, 2)
        if self.look.dtype != torch.bool:
            return common.clamp(0, 1)
        sizes = look.sum(2)
        return common / (sizes.unsqueeze(1) + sizes.unsqueeze(2) - common).clamp(min=1)


def category_members(catalog: Catalog, column: str) -> Bool[Tensor, "V C"]:
    """Return which categories each item has; the row of padding has none.

    Args:
        catalog: with its item table.
        column: of that, with a value or a list of values an item.

    Raises:
        UserError: there is no such column.
    """
    if column not in catalog.features:
        known = ", ".join(catalog.features) or "none"
        raise UserError(f"`category`={column} is no column of the item table ({known}); set `category` to one of them")
    listed = [_values(value) for value in catalog.features[column]]
    numbers = {name: number for number, name in enumerate(sorted({name for names in listed for name in names}))}
    members = torch.zeros(catalog.num_items + 1, len(numbers), dtype=torch.bool)
    for item, names in enumerate(listed, start=1):
        members[item, [numbers[name] for name in names]] = True
    return members


def _values(value: Any) -> list[str]:
    values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    return [str(one) for one in values if one is not None and one != ""]


def measure_weights(
    diverse: DiverseLists, batches: Any, grid: Sequence[float]
) -> tuple[tuple[float, float], dict[float, tuple[float, float]]]:
    """Return NDCG@10, and how alike two of the first ten items are on average, of the model alone and of each weight.

    Args:
        diverse: reorders the lists of its model; its weight is changed.
        batches: of validation, with their targets and candidates.
        grid: weights.
    """
    sums = torch.zeros(len(grid) + 1, 2, dtype=torch.float64)
    number = 0
    with torch.no_grad():
        for batch in counted_batches(batches, device_of(diverse)):
            scores = diverse.model.score(batch)
            sums[-1] += _measured(diverse, scores.clone(), batch)
            for row, weight in enumerate(grid):
                diverse.weight = weight
                sums[row] += _measured(diverse, diverse.reorder(scores, batch), batch)
            number += len(batch)
    numbers = torch.full((1, 2), number, dtype=torch.float64)
    totals = added_over_devices(torch.cat([sums, numbers]))
    means = [(float(gain), float(alike)) for gain, alike in (totals[:-1] / totals[-1].clamp(min=1)).tolist()]
    return means[-1], dict(zip(grid, means[:-1], strict=True))


def _measured(diverse: DiverseLists, scores: Float[Tensor, "B V"], batch: SequenceBatch) -> Float[Tensor, "2"]:
    mask_candidates(scores, batch)
    ranks = rank_table(scores, target_table(batch)[0], "pessimistic")
    items = top_items(scores, _TOP)
    pairs = (items > 0).unsqueeze(1) & (items > 0).unsqueeze(2)
    pairs &= ~torch.eye(items.shape[1], dtype=torch.bool, device=items.device)
    alike = (diverse.alike(items) * pairs).sum((1, 2)) / pairs.sum((1, 2)).clamp(min=1)
    return torch.stack([horizon_ndcg(ranks, _TOP).sum().cpu(), alike.sum().double().cpu()])
