"""What a part must offer to be put together with the others."""

from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float, Int
from torch import Tensor

from seqmine.structs.attributes import AttributeTable
from seqmine.structs.batch import SequenceBatch
from seqmine.structs.log import InteractionLog


@runtime_checkable
class ItemTable(Protocol):
    """The vectors of items; a ``torch.nn.Module`` built with ``catalog`` and ``embedding_dim``, whose row 0 is zero."""

    def __call__(self, items: Int[Tensor, "B L"]) -> Float[Tensor, "B L D"]:
        """Return the vector of each item as an encoder takes it."""
        ...

    def vectors(self) -> Float[Tensor, "V D"]:
        """Return the vectors that hidden states are compared with."""
        ...


@runtime_checkable
class ContentTable(ItemTable, Protocol):
    """An item table that has vectors of items which it was not built for, by what is known of them."""

    def vectors_of(self, attributes: AttributeTable) -> Float[Tensor, "R D"]:
        """Return the vectors that hidden states are compared with, of items without a vector of their own.

        Args:
            attributes: a row an item, numbered and scaled as those of the catalog that the table was built for.
        """
        ...


@runtime_checkable
class Encoder(Protocol):
    """Turns embedded histories into one vector a position; knows nothing of the catalog.

    Encoders are ``torch.nn.Module``s with keyword-only constructors, built from yaml with ``embedding_dim`` (and
    ``max_length`` where they need it).
    """

    def __call__(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return hidden states; no position may depend on padding.

        Position t must not depend on positions after t either, unless the task of the batch hides what is predicted.
        """
        ...


@runtime_checkable
class LastStateEncoder(Encoder, Protocol):
    """An encoder that finds the last hidden state of each history at less cost than all of them."""

    def last_state(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B D"]:
        """Return what ``__call__`` returns at the last event of each row."""
        ...


@runtime_checkable
class Loss(Protocol):
    """Turns hidden vectors and their targets into one number; knows nothing of padding."""

    def __call__(
        self, hidden: Float[Tensor, "M D"], targets: Int[Tensor, "M"], item_embedding: Float[Tensor, "V D"]
    ) -> Float[Tensor, ""]:
        """Return the loss, averaged over the M positions; row 0 of ``item_embedding`` is padding, never a candidate."""
        ...


@runtime_checkable
class NegativeSampler(Protocol):
    """Draws item indices that stand for the rest of the catalog."""

    def sample(
        self, num_negatives: int, targets: Int[Tensor, "M"], num_items: int
    ) -> tuple[Int[Tensor, "N"], Float[Tensor, "N"]]:
        """Return negatives (1 to ``num_items``, shared by all positions) and the log of their expected count."""
        ...


@runtime_checkable
class Recommender(Protocol):
    """Scores the whole catalog after each history: a trained model and a baseline alike."""

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return a score of each row of the item table after the last event of each row; finite, higher is better."""
        ...


@runtime_checkable
class ListRecommender(Protocol):
    """Names the best items after each history, without a score of every item.

    So do generative retrieval, approximate search, and any model of a catalog of millions of items. A model that offers
    it is measured by its lists and delivers them; it may offer scores of the whole catalog too, which explanations,
    ``rerank`` and logs with other items need. A Lightning module that offers it has a ``validation_step`` and a
    ``test_step`` that do nothing.
    """

    longest_list: int
    """Items that a list can have, at most."""

    def top(
        self, batch: SequenceBatch, k: int, seen: Int[Tensor, "B S"]
    ) -> tuple[Int[Tensor, "B K"], Float[Tensor, "B K"]]:
        """Return the best items after the last event of each row, best first, and their scores.

        Args:
            batch: histories.
            k: length K of the lists, at most ``longest_list``.
            seen: items that may not be in the list of each row, 0 where there are no more.

        Returns:
            Items from 1 to the size of the catalog, none twice in a row, and 0 where a row has no more; finite scores,
            of which higher is better.
        """
        ...


@runtime_checkable
class Baseline(Recommender, Protocol):
    """A recommender that is counted, not trained."""

    def fit(self, log: InteractionLog, num_items: int) -> None:
        """Count the training part of a log whose items are numbered 1 to ``num_items``."""
        ...


@runtime_checkable
class Source(Protocol):
    """Reads a raw log from somewhere."""

    def read(self) -> Any:
        """Return a polars DataFrame of events in file order.

        Columns: ``user_id`` and ``item_id`` (String, never null or empty), and where the log has them ``timestamp``
        (Int64 seconds since 1970), ``behavior`` (String), ``rating`` (Float32).
        """
        ...

    def item_features(self) -> Any:
        """Return a polars DataFrame with ``item_id`` (String) and attributes (``title`` ...), or None."""
        ...

    def fingerprint(self) -> str:
        """Return a hash that changes when the content or the way of reading it changes."""
        ...


@runtime_checkable
class CountsDropped(Protocol):
    """A source that counts the rows of its files which it cannot use, by reason, each time it reads."""

    dropped: dict[str, int]
