"""The catalog: which raw item stands behind which row of the item table."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from seqmine.structs.attributes import AttributeTable
from seqmine.structs.log import InteractionLog


@dataclass(frozen=True)
class Catalog:
    """Items known to training, numbered 1 to ``num_items``; number 0 is padding.

    Args:
        item_ids: raw keys, ``item_ids[i - 1]`` stands behind item_index ``i``.
        train_counts: events of each row of the item table in the training part; row 0 counts nothing.
        features: columns of item attributes, each as long as ``item_ids`` (``title`` is shown to people).
        behaviors: names of the kinds of events; ``behaviors[b - 1]`` belongs to number ``b`` of a batch.
        attributes: the attributes of each row of the item table that a model may embed, or None.
        num_user_codes: number of different values of the users' attributes.
        num_user_values: numeric attributes of users and entries of their vectors.
        count_targets: returns how often each row of the item table is what comes next in the first epoch; None where
            that is not known, as in a finished run.
        training_log: returns the histories of the training part; None where the log is not known, as in a finished run.
        unseen_attributes: the attributes of the items that only later parts have, in the order of their numbers, from
            ``num_items + 1``; None where none are chosen, or the log is not known.
    """

    item_ids: Sequence[str]
    train_counts: Int[Tensor, "V"]
    features: dict[str, list] = field(default_factory=dict)
    behaviors: Sequence[str] = ()
    attributes: AttributeTable | None = None
    num_user_codes: int = 0
    num_user_values: int = 0
    count_targets: Callable[[], Int[Tensor, "V"]] | None = None
    training_log: Callable[[], InteractionLog] | None = None
    unseen_attributes: AttributeTable | None = None

    def unknown_users(self, num_users: int) -> AttributeTable:
        """Return the attributes of users of whom nothing is known."""
        values = np.zeros((num_users, self.num_user_values), np.float32)
        return AttributeTable(np.zeros((num_users, 1), np.int32), values, self.num_user_codes)

    @property
    def num_items(self) -> int:
        """Number of items without padding."""
        return len(self.item_ids)

    @cached_property
    def item_index(self) -> dict[str, int]:
        """The map from raw key to item_index."""
        return {item_id: index for index, item_id in enumerate(self.item_ids, start=1)}

    @cached_property
    def target_counts(self) -> Int[Tensor, "V"]:
        """How often each row of the item table is what comes next in an epoch; its events where that is not known."""
        return self.train_counts if self.count_targets is None else self.count_targets()

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the raw keys in order: two catalogs with one fingerprint number items alike."""
        digest = hashlib.blake2b(digest_size=16)
        for item_id in self.item_ids:
            digest.update(f"{len(item_id)}:{item_id}".encode())
        return digest.hexdigest()

    def encode(self, item_ids: Iterable[str]) -> list[int]:
        """Return the item_index of each raw key, 0 for an unknown one.

        >>> Catalog(["a", "b"], torch.tensor([0, 1, 1])).encode(["b", "?"])
        [2, 0]
        """
        return [self.item_index.get(item_id, 0) for item_id in item_ids]

    def decode(self, indices: Iterable[int]) -> list[str]:
        """Return the raw key of each item_index (1 to ``num_items``)."""
        return [self.item_ids[index - 1] for index in indices]

    @classmethod
    def of_size(cls, num_items: int) -> "Catalog":
        """Make a catalog of items named by their number, each seen once: for tests and examples."""
        counts = torch.ones(num_items + 1, dtype=torch.int64)
        counts[0] = 0
        return cls([str(index) for index in range(1, num_items + 1)], counts)
