"""Top lists of items for histories, a table for each batch of users."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqmine.data.collate import HistoryCollate
from seqmine.metrics.functional import check_choice, check_scores, mask_candidates, top_items
from seqmine.metrics.lists import excluded_items, top_lists
from seqmine.serving.histories import Histories
from seqmine.structs import Catalog, ListRecommender, Recommender, SequenceBatch, UserError, columns_read, device_of

SCORES = ("raw", "probability")
FALLBACKS = ("none", "popularity")


@dataclass(frozen=True)
class ListSettings:
    """What lists are like.

    Args:
        top_k: items of a list, at most; fewer where a user has fewer candidates.
        batch_size: users scored at once.
        seen: which items are not recommended again: ``full``, ``window`` or ``none``.
        scores: ``raw``, as the model gives them, or ``probability``: their softmax over the candidates of the user,
            that is over all items that could be in the list.
        fallback: ``popularity`` gives users of whom no event is known the most frequent items of the training part,
            scored by the logarithm of their share of it, and says so in the column ``fallback``; ``none`` asks the
            model.

    Raises:
        UserError: a setting out of range.
    """

    top_k: int
    batch_size: int
    seen: str
    scores: str = "raw"
    fallback: str = "none"

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise UserError(f"batch_size is {self.batch_size}, allowed are whole numbers from 1; change batch_size")
        check_choice("scores", self.scores, SCORES)
        check_choice("fallback", self.fallback, FALLBACKS)

    def asks_lists(self, module: ListRecommender) -> bool:
        """Tell whether a model that names its best items is asked for them, not for scores, as probabilities need."""
        return self.scores != "probability" or not isinstance(module, Recommender)

    def require_fit(self, catalog: Catalog, module: Recommender | ListRecommender) -> None:
        """Refuse lists that are longer than the catalog, or that a model that names its best items cannot make."""
        if not 1 <= self.top_k <= catalog.num_items:
            raise UserError(
                f"top_k is {self.top_k}, allowed are 1 to {catalog.num_items}, the size of the catalog; change top_k"
            )
        if not isinstance(module, ListRecommender) or not self.asks_lists(module):
            return
        if self.top_k > module.longest_list:
            raise UserError(
                f"top_k is {self.top_k}, allowed are 1 to {module.longest_list}, the longest list of the model; "
                "change top_k"
            )
        if self.scores == "probability":
            raise UserError(
                "scores is 'probability', but the model names its best items and does not score all others; "
                "set scores=raw"
            )


def recommend_to(
    module: Recommender | ListRecommender, catalog: Catalog, histories: Histories, settings: ListSettings
) -> Iterator[pl.DataFrame]:
    """Yield tables of user_id, rank, item_id and score, one a batch of users.

    Beside them stand ``title`` where the catalog has titles, ``fallback`` where the settings ask for one, and
    ``position`` where a user has several lists, as before several test targets: the events of the user before the list.

    Args:
        module: a trained model.
        catalog: of the model.
        histories: what is known of the users.
        settings: of the lists.
    """
    settings.require_fit(catalog, module)
    collate = HistoryCollate(
        log=histories.log,
        max_length=histories.max_length,
        seen=settings.seen,
        columns=columns_read(module) if isinstance(module, nn.Module) else (),
        seen_behaviors=histories.seen_behaviors,
        periods=histories.periods,
    )
    columns = _Columns(catalog, histories, settings)
    nothing = np.zeros(len(histories.ends), np.int32)
    for start in range(0, len(histories.ends), settings.batch_size):
        rows = np.arange(start, min(start + settings.batch_size, len(histories.ends)))
        batch = collate(histories.ends, nothing, rows)
        if histories.allowed is not None:
            forbidden = torch.from_numpy(~histories.allowed).expand(len(rows), -1)
            batch.not_available = forbidden if batch.not_available is None else batch.not_available | forbidden
        items, values = _best(module, catalog, batch, settings, histories.ends.input_stops[rows] == 0)
        yield columns.table(rows, items, values)


def _best(
    module: Recommender | ListRecommender,
    catalog: Catalog,
    batch: SequenceBatch,
    settings: ListSettings,
    is_empty: np.ndarray,
) -> tuple[Int[Tensor, "B K"], Float[Tensor, "B K"]]:
    """Return the items of each list, 0 where there are no more, and their scores."""
    batch = batch.to(device_of(module))
    popular = np.flatnonzero(is_empty) if settings.fallback == "popularity" else np.empty(0, np.int64)
    if isinstance(module, ListRecommender) and settings.asks_lists(module):
        return _named(module, catalog, batch, settings.top_k, popular)
    assert isinstance(module, Recommender)
    with torch.no_grad():
        scores = module.score(batch)
    scores[torch.from_numpy(popular).to(scores.device)] = _popularity(catalog).to(scores)
    check_scores(scores)
    mask_candidates(scores, batch)
    items = top_items(scores, settings.top_k)
    values = scores.gather(1, items)
    if settings.scores == "probability":
        values = (values - scores.logsumexp(1, keepdim=True)).exp()
    return items.cpu(), values.cpu()


def _named(
    module: ListRecommender, catalog: Catalog, batch: SequenceBatch, top_k: int, popular: np.ndarray
) -> tuple[Int[Tensor, "B K"], Float[Tensor, "B K"]]:
    """Return the items that a model names and their scores; the most frequent candidates for some of the rows."""
    with torch.no_grad():
        items, values = (found.cpu() for found in top_lists(module, batch, top_k, catalog.num_items))
    excluded = excluded_items(batch, catalog.num_items).cpu()
    for row in popular:  # one after the other: a row has a number for each item of the catalog
        shares = _popularity(catalog).to(values)
        shares[excluded[row]] = -torch.inf
        shares[0] = -torch.inf
        items[row] = top_items(shares.unsqueeze(0), top_k)[0]
        values[row] = shares[items[row]]
    return items, values


def _popularity(catalog: Catalog) -> Float[Tensor, "V"]:
    """Return the logarithm of the share of each item of the events of the training part."""
    return (catalog.train_counts / catalog.train_counts.sum()).log()


class _Columns:
    """Makes the rows of lists with the keys of their users and items."""

    def __init__(self, catalog: Catalog, histories: Histories, settings: ListSettings) -> None:
        self.histories, self.top_k = histories, settings.top_k
        self.item_ids = pl.Series("item_id", ["", *catalog.item_ids], dtype=pl.String)
        titles = catalog.features.get("title")
        self.titles = None if titles is None else pl.Series("title", [None, *titles], dtype=pl.String, strict=False)
        self.with_fallback = settings.fallback != "none"
        self.with_position = histories.has_several_lists

    def table(self, rows: np.ndarray, items: Tensor, values: Tensor) -> pl.DataFrame:
        ends = self.histories.ends
        users = [self.histories.user_ids[user] for user in ends.users[rows].tolist()]
        flat = items.flatten().numpy()
        place = np.repeat(np.arange(len(rows)), self.top_k)
        frame = pl.DataFrame(
            {
                "user_id": pl.Series(users, dtype=pl.String).gather(place),
                "rank": np.tile(np.arange(1, self.top_k + 1), len(rows)),
                "item_id": self.item_ids.gather(flat),
                "score": values.flatten().double().numpy(),
            }
        )
        if self.titles is not None:
            frame = frame.with_columns(self.titles.gather(flat))
        if self.with_fallback:
            frame = frame.with_columns(fallback=ends.input_stops[rows][place] == 0)
        if self.with_position:
            frame = frame.with_columns(position=ends.places[rows][place])
        return frame.filter(pl.Series(flat > 0))
