"""A trained model on a log that numbers items in another way."""

import copy
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqmine.models.embeddings.attributes import ItemAttributes
from seqmine.models.embeddings.items import ItemEmbedding
from seqmine.models.module import SequenceModule
from seqmine.structs import Catalog, ContentTable, InteractionLog, Recommender, SequenceBatch
from seqmine.structs.batch import EVENT_COLUMNS


class MappedModel(nn.Module):
    """Scores the catalog of one log by a model of another: items and kinds of events are matched by their keys.

    Events of items that the model does not know are left out of the histories that it sees. Items that it does not know
    are no candidates of it, so that they are never recommended and, as targets, always missed; ``with_new_items`` makes
    a model know more. Nothing is known of the attributes of users, whose values the other log numbers anew.

    Args:
        model: knows the items of ``known``.
        known: what the model was trained on.
        catalog: of the log whose batches are scored.
    """

    item_rows: Int[Tensor, "V"]
    behavior_rows: Int[Tensor, "R"]

    def __init__(self, *, model: Recommender, known: Catalog, catalog: Catalog) -> None:
        super().__init__()
        self.model = model
        self.num_user_values = known.num_user_values
        self.register_buffer("item_rows", torch.tensor([0, *known.encode(catalog.item_ids)]), persistent=False)
        numbers = {name: number for number, name in enumerate(known.behaviors, start=1)}
        rows = [0, *(numbers.get(name, 0) for name in catalog.behaviors)]
        self.register_buffer("behavior_rows", torch.tensor(rows), persistent=False)

    def fit(self, log: InteractionLog, num_items: int) -> None:
        """Count nothing: the model is trained."""

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the score of each item of the log; minus infinity where the model does not know it."""
        placed = self.model.score(self.translated(batch)).index_select(1, self.item_rows)
        return placed.masked_fill_(self.item_rows == 0, -torch.inf)

    def translated(self, batch: SequenceBatch) -> SequenceBatch:
        """Return the histories as the model numbers them, without what it does not know; nothing is to be predicted."""
        items = self.item_rows[batch.items]
        keep = (items > 0) & batch.valid_mask
        order = torch.argsort((~keep).long(), dim=1, stable=True)
        lengths = keep.sum(1)
        real = torch.arange(items.shape[1], device=items.device) < lengths.unsqueeze(1)
        columns = {"items": items, "targets": torch.zeros_like(items), "behaviors": self._behaviors(batch)}
        changed = replace(batch, seen_items=None, seen_rows=None, views=None, groups=())
        for name in EVENT_COLUMNS:
            column = columns.get(name, getattr(batch, name))
            moved = None if column is None else torch.where(real, column.gather(1, order), 0)
            setattr(changed, name, moved)
        changed.lengths = lengths.clamp(min=1)  # an empty history asks from one padded position
        if batch.user_codes is not None:
            changed.user_codes = batch.user_codes.new_zeros(len(batch), 1)
        if batch.user_values is not None:
            changed.user_values = batch.user_values.new_zeros(len(batch), self.num_user_values)
        return changed

    def _behaviors(self, batch: SequenceBatch) -> Tensor | None:
        return None if batch.behaviors is None else self.behavior_rows[batch.behaviors]


def with_new_items(model: SequenceModule, known: Catalog, catalog: Catalog) -> tuple[SequenceModule, Catalog]:
    """Let a model score the items of another log that it does not know by their attributes, where its table can.

    Args:
        model: trained; is left as it is.
        known: what the model was trained on.
        catalog: of another log, with the same attributes chosen.

    Returns:
        The model and the catalog with the new items behind the known ones; both as they were where items have a vector
        of their own alone.
    """
    theirs, ours = (np.array(rows, np.int64) for rows in shared_items(known, catalog))
    if not isinstance(model.item_embedding, ContentTable) or known.attributes is None or catalog.attributes is None:
        return model, known
    new = np.setdiff1d(np.arange(1, catalog.num_items + 1), ours)
    rows = catalog.attributes.renumbered(known.attributes, ours, theirs)
    model = copy.deepcopy(model)
    for part in model.modules():
        if isinstance(part, ItemEmbedding):  # of its own a new item says nothing
            nothing = part.weight.new_zeros(len(new), part.weight.shape[1])
            part.weight = nn.Parameter(torch.cat([part.weight.detach(), nothing]))
        elif isinstance(part, ItemAttributes):
            part.add_rows(rows.codes[new], rows.values[new])
    item_ids = [*known.item_ids, *(catalog.item_ids[row - 1] for row in new)]
    counts = torch.cat([known.train_counts, known.train_counts.new_zeros(len(new))])
    return model, replace(known, item_ids=item_ids, train_counts=counts)


def shared_items(known: Catalog, catalog: Catalog) -> tuple[Sequence[int], Sequence[int]]:
    """Return the item_index, in the one catalog and in the other, of each item that both have.

    >>> both = shared_items(Catalog.of_size(3), Catalog(["3", "x", "2"], torch.tensor([0, 1, 1, 1])))
    >>> both
    ([3, 2], [1, 3])
    """
    rows = known.encode(catalog.item_ids)
    places = [place for place, row in enumerate(rows, start=1) if row]
    return [rows[place - 1] for place in places], places
