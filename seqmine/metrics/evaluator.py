"""The whole evaluation of one part of the data: scores or lists in, every metric out, by one stated protocol."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F
from torchmetrics import Metric
from torchmetrics.utilities.distributed import gather_all_tensors

from seqmine.metrics.beyond_accuracy import Coverage, Novelty, PopularityBias
from seqmine.metrics.candidates import SAMPLED, keep_sampled
from seqmine.metrics.functional import check_scores, mask_candidates, target_ranks, top_items
from seqmine.metrics.horizon import MEASURES, HorizonMetric, rank_table, target_table
from seqmine.metrics.lists import list_ranks, top_lists
from seqmine.metrics.own import Measure, own_metrics
from seqmine.metrics.ranking import MRR, NDCG, HitRate
from seqmine.structs import ListRecommender, SequenceBatch, UserError
from seqmine.structs.bounds import Seed

# Lists for coverage, novelty and popularity bias have this length.
LIST_LENGTH = 10
# Metrics take this many batches at once: fourteen updates of a few numbers each cost more than ranking a batch.
_WAITING_BATCHES = 64


class RankingEvaluator(nn.Module):
    """Rank every target once and measure the rank in many ways.

    A target that the protocol takes out of the candidates cannot be recommended, so it is a miss.

    Each device must bring its own users (no user on two devices, none padded): then every number is that of one device,
    counts bit by bit and sums up to the order of addition.

    Args:
        num_items: catalog size without padding.
        train_counts: training events of each row of the item table; for novelty, popularity bias, ``popularity_100``.
        cutoffs: list cut-offs of hit rate, NDCG and MRR. A cut-off beyond the catalog is that of the whole catalog.
        ties: items scored like the target count before it (``pessimistic``: a constant model scores 0), half (``mean``)
            or behind it (``optimistic``).
        unseen_targets: targets that training never saw are misses (``keep``) or not counted (``drop``), or they are
            counted in ``num_items`` and ``train_counts`` and ranked as all others (``score``), and missed by a model
            that has no scores of them.
        candidates: rank among all items (``full``), among those that were there at the moment of the target, as the
            batches say (``available``), or among the target and 100 drawn negatives, which flatters every model.
            Coverage, novelty and popularity bias never look at drawn ones.
        seed: decides the drawn negatives of each user; without effect on the other choices.
        horizon: what histories are asked for, where it is more than the next event: every metric is then that of
            ``seqmine.metrics.horizon`` over all targets of a history, recall among them.
        of_ranks: metrics of a user's own by name: functions from the ranks of targets (1 is first) to a number for
            each, of which the mean is told, or metrics of torchmetrics that are updated with the ranks.
        of_lists: the same from the lists of the first 10 items.

    Raises:
        UserError: a cut-off below 1, or a word that is not one of the choices.
    """

    sampling_weights: Float[Tensor, "V"]

    def __init__(
        self,
        *,
        num_items: int,
        train_counts: Int[Tensor, "V"],
        cutoffs: Sequence[int] = (5, 10, 20, 50),
        ties: Literal["pessimistic", "mean", "optimistic"] = "pessimistic",
        unseen_targets: Literal["keep", "drop", "score"] = "keep",
        candidates: Literal["full", "available", "uniform_100", "popularity_100"] = "full",
        seed: Seed = 0,
        horizon: int | str | None = None,
        of_ranks: Mapping[str, Measure | Metric] = MappingProxyType({}),
        of_lists: Mapping[str, Measure | Metric] = MappingProxyType({}),
    ) -> None:
        super().__init__()
        if not cutoffs or min(cutoffs) < 1:
            raise UserError(f"cutoffs is {list(cutoffs)}, allowed are whole numbers from 1, e.g. [5, 10]")
        if horizon is not None and candidates in SAMPLED:
            raise UserError(
                f"`candidates` is {candidates!r}, which draws for one target of a user, but `horizon` is {horizon}; "
                "set `candidates` to full or available"
            )
        if unseen_targets == "score" and candidates != "full":
            raise UserError(
                f"`unseen_targets` is 'score' and `candidates` {candidates!r}, allowed is full; change one of them"
            )
        self.has_horizon = horizon is not None
        self.ties, self.unseen_targets, self.candidates, self.seed = ties, unseen_targets, candidates, seed
        self.num_items, self.cutoffs = num_items, list(cutoffs)
        weights = train_counts.double() if candidates == "popularity_100" else torch.ones(num_items + 1)
        self.register_buffer("sampling_weights", weights, persistent=False)
        self.rank_metrics = nn.ModuleDict(
            {**_rank_metrics(num_items, cutoffs, self.has_horizon), **own_metrics(of_ranks)}
        )
        self.list_metrics = nn.ModuleDict(
            {
                f"coverage@{LIST_LENGTH}": Coverage(num_items=num_items),
                f"novelty@{LIST_LENGTH}": Novelty(train_counts=train_counts),
                f"popularity_bias@{LIST_LENGTH}": PopularityBias(train_counts=train_counts),
                **own_metrics(of_lists),
            }
        )
        self._rows: list[Float[Tensor, "B 4"]] = []
        self._waiting: list[tuple[Tensor, Tensor]] = []

    @torch.no_grad()
    def update(self, scores: Float[Tensor, "B V"], batch: SequenceBatch) -> Tensor:
        """Add a batch of users and return the rank of each target, a row a user where they have a horizon.

        Args:
            scores: of the whole item table after the last event of each row; changed in place (what is no candidate
                becomes minus infinity).
            batch: gives the targets and, in ``seen_items``, what the protocol takes out of the candidates.

        Raises:
            NonFiniteScores: the model returned NaN or infinity.
            UserError: the batch does not say which items were available.
        """
        self._require_availability(batch)
        targets = batch.last_targets
        check_scores(scores)
        if scores.shape[1] <= self.num_items and self.unseen_targets == "score":
            scores = F.pad(scores, (0, self.num_items + 1 - scores.shape[1]), value=-torch.inf)
        mask_candidates(scores, batch)
        lists = top_items(scores, LIST_LENGTH)
        if self.candidates in SAMPLED:
            keep_sampled(scores, targets, batch.user_index, weights=self.sampling_weights, seed=self.seed)
        if self.has_horizon:
            return self._count_table(scores, lists, batch)
        return self._count(target_ranks(scores, targets, self.ties), lists, batch)

    @torch.no_grad()
    def update_lists(self, model: ListRecommender, batch: SequenceBatch) -> Tensor:
        """Add a batch of users by the lists that a model names, and return the rank of each target.

        Every metric has the value that it has by scores. A target beyond the list has the rank of a miss.

        Args:
            model: names its best items, where the batch is.
            batch: gives the targets and what the protocol takes out of the candidates.

        Raises:
            UserError: the protocol needs more than lists; see ``require_lists``.
        """
        self.require_lists(model)
        self._require_availability(batch)
        # one item more than any metric looks at tells whether others tie with the last
        items, scores = top_lists(model, batch, self._longest_needed + 1, self.num_items)
        ranks = list_ranks(items, scores, batch.last_targets, self.num_items)
        return self._count(ranks, items[:, :LIST_LENGTH], batch)

    def require_lists(self, model: ListRecommender) -> None:
        """Refuse a protocol that the lists of a model cannot tell of.

        Raises:
            UserError: several targets of a history, ranks among drawn items, ties that are not pessimistic, or cut-offs
                beyond the lists.
        """
        if self.has_horizon:
            raise UserError(
                "`horizon` is set, but the model names its best items, and a horizon is measured by scores; set "
                "`horizon`=null"
            )
        if self.candidates in SAMPLED:
            raise UserError(
                f"`candidates` is {self.candidates!r}, but the model names its best items and scores no drawn "
                "ones; set `candidates`=full"
            )
        if self.ties != "pessimistic":
            raise UserError(
                f"`ties` is {self.ties!r}, but the model names its best items, and nothing is known of those "
                "that tie behind them; set `ties`=pessimistic"
            )
        if model.longest_list < self._longest_needed:
            raise UserError(
                f"`cutoffs` is {self.cutoffs}, but the lists of the model have at most {model.longest_list} "
                f"items and {self._longest_needed} are needed; change `cutoffs`, or take longer lists"
            )

    @property
    def _longest_needed(self) -> int:
        return min(max(*self.cutoffs, LIST_LENGTH), self.num_items)

    def _require_availability(self, batch: SequenceBatch) -> None:
        if self.candidates == "available" and batch.not_available is None:
            raise UserError(
                "`candidates` is 'available', but the run was made before its data could tell it; train "
                "again, or set `candidates` to full"
            )

    def _count(self, ranks: Tensor, lists: Int[Tensor, "B K"], batch: SequenceBatch) -> Tensor:
        targets = batch.last_targets
        counted = (targets > 0) & (targets <= self.num_items) if self.unseen_targets == "drop" else targets > 0
        positions = torch.zeros_like(targets) if batch.target_positions is None else batch.target_positions
        self._waiting.append((ranks[counted], lists[counted]))
        if len(self._waiting) >= _WAITING_BATCHES:
            self._count_waiting()
        # float64 holds indices and ranks exactly, so that one gather brings all four.
        row = [column.double() for column in (batch.user_index, positions, targets, ranks)]
        self._rows.append(torch.stack(row, dim=1)[counted])
        return ranks

    def _count_table(self, scores: Float[Tensor, "B V"], lists: Tensor, batch: SequenceBatch) -> Tensor:
        table, places = target_table(batch)
        if self.unseen_targets == "drop":
            table = torch.where(table < scores.shape[1], table, 0)
        ranks = rank_table(scores, table, self.ties)
        counted = (table > 0).any(dim=1)
        self._update(ranks[counted], lists[counted])
        users = batch.user_index.unsqueeze(1).expand_as(table)
        row = [column.double() for column in (users, places, table, ranks)]
        self._rows.append(torch.stack(row, dim=2)[table > 0])
        return ranks

    def _count_waiting(self) -> None:
        if not self._waiting:
            return
        ranks, lists = (torch.cat(parts) for parts in zip(*self._waiting, strict=True))
        self._waiting = []
        self._update(ranks, lists)

    def _update(self, ranks: Tensor, lists: Int[Tensor, "B K"]) -> None:
        if not len(ranks):  # a metric of a user's own may not know what nobody means
            return
        for metric in _metrics(self.rank_metrics).values():
            metric.update(ranks)
        for metric in _metrics(self.list_metrics).values():
            metric.update(lists)

    @property
    def names(self) -> list[str]:
        """The names of the metrics."""
        return [*self.rank_metrics, *self.list_metrics]

    def compute(self) -> dict[str, float]:
        """Return every metric over the users of all devices, as ``{"hit_rate@5": ...}``; all devices must call it."""
        self._count_waiting()
        metrics = {**_metrics(self.rank_metrics), **_metrics(self.list_metrics)}
        return {name: float(metric.compute()) for name, metric in metrics.items()}

    def per_user(self) -> tuple[Int[Tensor, "T"], Int[Tensor, "T"], Int[Tensor, "T"], Tensor]:
        """Return user_index, position, target and rank of every target of all devices; all devices must call it.

        Targets stand by user, those of one user by their position.
        """
        rows = torch.cat([self.sampling_weights.new_zeros(0, 4, dtype=torch.float64), *self._rows])
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            rows = torch.cat(gather_all_tensors(rows))
        rows = rows[rows[:, 1].argsort(stable=True)]
        rows = rows[rows[:, 0].argsort(stable=True)]
        ranks = rows[:, 3] if self.ties == "mean" else rows[:, 3].long()
        return rows[:, 0].long(), rows[:, 1].long(), rows[:, 2].long(), ranks

    def reset(self) -> None:
        """Forget every user."""
        for metric in [*_metrics(self.rank_metrics).values(), *_metrics(self.list_metrics).values()]:
            metric.reset()
        self._rows, self._waiting = [], []


def _metrics(modules: nn.ModuleDict) -> dict[str, Metric]:
    return dict(modules.items())


def _rank_metrics(num_items: int, cutoffs: Sequence[int], has_horizon: bool) -> dict[str, Metric]:
    kinds: dict[str, Callable[..., Metric]] = {"hit_rate": HitRate, "ndcg": NDCG, "mrr": MRR}
    if has_horizon:
        kinds = {name: partial(HorizonMetric, measure=measure) for name, measure in MEASURES.items()}
    # A miss has rank num_items + 1, so no cut-off may reach it.
    return {f"{name}@{k}": kind(top_k=min(k, num_items)) for name, kind in kinds.items() for k in cutoffs}
