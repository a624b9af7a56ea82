"""Evaluation during training: ranks the targets of every user once, for the model, its baselines and the ceiling."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.nn import functional as F
from torchmetrics.aggregation import MeanMetric

from seqmine.data.datamodule import SequenceDataModule
from seqmine.data.sequences import PreparedData
from seqmine.metrics.comparison import order_gain
from seqmine.metrics.evaluator import RankingEvaluator
from seqmine.metrics.functional import negative_log_likelihood
from seqmine.models.module import SequenceModule
from seqmine.structs import Baseline, ListRecommender, Recommender, SequenceBatch


class RankingEvaluation(Callback):
    """Log ``{val,test}/<metric>`` of the model and, at the test, of every baseline and of the known ceiling.

    Of a baseline that is blind to order it also says by how much the model is better, with an interval.
    A model that names its best items is measured by its lists, and has no ``{val,test}/loss``: that needs all scores.

    Args:
        metrics: builds an evaluator from ``num_items`` and ``train_counts``.
        baselines: recommenders by name, None for one that is switched off; fitted on the training part when the test
            starts.
    """

    def __init__(self, *, metrics: Callable[..., RankingEvaluator], baselines: dict[str, Baseline | None]) -> None:
        self.build_evaluator = metrics
        self.baselines = {name: baseline for name, baseline in baselines.items() if baseline is not None}
        self.results: dict[str, float] = {}
        self.per_user: dict[str, pl.DataFrame] = {}
        self.rivals_per_user: dict[str, pl.DataFrame] = {}
        self._rivals: dict[str, Recommender] = {}
        self._evaluators: dict[str, RankingEvaluator] = {}
        self._losses: dict[str, MeanMetric] = {}

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Build the evaluators for the catalog; fit the baselines for a test."""
        data: SequenceDataModule = trainer.datamodule  # type: ignore[attr-defined]
        parts = () if isinstance(pl_module, ListRecommender) else ("val", "test")
        self._losses = {part: MeanMetric().set_dtype(torch.float64) for part in parts}
        self._rivals = {}
        if stage == "test":
            training_log = data.prepared.training_log()
            for name, baseline in self.baselines.items():
                baseline.fit(training_log, data.catalog.num_items)
                self._rivals[f"baseline/{name}/"] = baseline
            self._rivals |= data.ceilings()
        counts = self._counts(data, pl_module)
        self._evaluators = {
            name: self.build_evaluator(num_items=len(counts) - 1, train_counts=counts)
            for name in ("val", "test", *self._rivals)
        }
        for name, evaluator in self._evaluators.items():
            model = self._rivals.get(name, pl_module)
            if isinstance(model, ListRecommender):
                evaluator.require_lists(model)

    def _counts(self, data: SequenceDataModule, module: LightningModule) -> Tensor:
        """Return the training events of each candidate; where unseen items are some, let the model score them too."""
        counts = data.catalog.train_counts
        protocol = self.build_evaluator(num_items=data.catalog.num_items, train_counts=counts)
        if protocol.unseen_targets != "score":
            return counts
        if isinstance(module, SequenceModule):
            module.score_unseen(data.catalog.unseen_attributes)
        return F.pad(counts, (0, len(data.prepared.unseen_item_ids)))

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:  # noqa: ARG002
        """Let the model score its catalog alone again."""
        if isinstance(pl_module, SequenceModule):
            pl_module.score_unseen(None)

    @property
    def validation_names(self) -> list[str]:
        """The names of what a validation logs."""
        losses = ["val/loss"] if "val" in self._losses else []
        return [*losses, *(f"val/{name}" for name in self._evaluators["val"].names)]

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Move what is counted to the device of the model."""
        self._move("val", pl_module.device)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Move what is counted to the device of the model."""
        self._move("test", pl_module.device)

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: SequenceBatch,
        batch_idx: int,  # noqa: ARG002
        dataloader_idx: int = 0,  # noqa: ARG002
    ) -> None:
        """Rank the targets of the batch."""
        self._rank("val", trainer, pl_module, outputs, batch)

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: SequenceBatch,
        batch_idx: int,  # noqa: ARG002
        dataloader_idx: int = 0,  # noqa: ARG002
    ) -> None:
        """Rank the targets of the batch, for the model and its rivals."""
        self._rank("test", trainer, pl_module, outputs, batch)
        on_host = batch.to("cpu")
        for name, rival in self._rivals.items():
            if isinstance(rival, ListRecommender):
                self._evaluators[name].update_lists(rival, on_host)
            else:
                self._evaluators[name].update(rival.score(on_host), on_host)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the validation metrics."""
        self._finish("val", trainer, pl_module)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the test metrics of the model and its rivals."""
        self._finish("test", trainer, pl_module)
        prepared = trainer.datamodule.prepared  # type: ignore[attr-defined]
        for name, rival in self._rivals.items():
            values = self._evaluators[name].compute()
            self.results |= {f"{name}test/{metric}": value for metric, value in values.items()}
            self.rivals_per_user[name.rstrip("/")] = per_user_frame("test", self._evaluators[name], prepared)
            if getattr(type(rival), "blind_to_order", False) and not self._evaluators[name].has_horizon:
                self._hold_against(name)

    def _hold_against(self, name: str) -> None:
        """Say by how much the model is better than a baseline that is blind to order, on the same next events."""
        users = self.per_user["test"]["user_id"].rank("dense").to_numpy().astype(np.int64)
        frames = (self.per_user["test"], self.rivals_per_user[name.rstrip("/")])
        if len(users):
            gain = order_gain(users, *(frame["rank"].to_numpy() for frame in frames))
            self.results |= {f"{name}{end}": value for end, value in gain.items()}

    def _move(self, part: str, device: torch.device) -> None:
        self._evaluators[part].to(device)
        if part in self._losses:
            self._losses[part].to(device)

    def _rank(self, part: str, trainer: Trainer, module: LightningModule, outputs: Any, batch: SequenceBatch) -> None:
        """Rank the targets of a batch by the scores that the step returned, or by the lists that the model names."""
        if isinstance(module, ListRecommender):
            with trainer.precision_plugin.forward_context():
                self._evaluators[part].update_lists(module, batch)
        else:
            self._update(part, outputs, batch)

    def _update(self, part: str, scores: Tensor, batch: SequenceBatch) -> None:
        if batch.later_targets is None:
            of_targets, targets = scores, batch.last_targets
        else:
            positions, targets = batch.target_pairs()
            of_targets = scores[positions // batch.targets.shape[1]]
        known = (targets > 0) & (targets < scores.shape[1])
        # what is no candidate of a model, such as an item that is newer than it, has no likelihood
        known &= of_targets.gather(1, torch.where(known, targets, 1).unsqueeze(1)).squeeze(1) > -torch.inf
        losses = negative_log_likelihood(of_targets, torch.where(known, targets, 1))
        self._losses[part].update(losses[known])
        self._evaluators[part].update(scores, batch)

    def _finish(self, part: str, trainer: Trainer, pl_module: LightningModule) -> None:
        evaluator = self._evaluators[part]
        values = {f"{part}/loss": float(self._losses[part].compute())} if part in self._losses else {}
        values |= {f"{part}/{metric}": value for metric, value in evaluator.compute().items()}
        shown = {f"{part}/ndcg@10", f"{part}/hit_rate@10"} & set(values)
        pl_module.log_dict({name: values[name] for name in values if name not in shown})
        pl_module.log_dict({name: values[name] for name in shown}, prog_bar=True)
        self.results |= values
        self.per_user[part] = per_user_frame(part, evaluator, trainer.datamodule.prepared)  # type: ignore[attr-defined]
        evaluator.reset()
        if part in self._losses:
            self._losses[part].reset()


def per_user_frame(part: str, evaluator: RankingEvaluator, prepared: PreparedData) -> pl.DataFrame:
    """Return user_id, position, split, item_id and rank of every evaluated target.

    The position counts the events of the user before the target, those of items that training never saw included.
    """
    users, positions, targets, ranks = (column.cpu().numpy() for column in evaluator.per_user())
    return pl.DataFrame(
        {
            "user_id": [prepared.user_ids[user] for user in users],
            "position": positions,
            "split": [part] * len(users),
            "item_id": [prepared.item_id(target) for target in targets],
            "rank": ranks,
        },
        schema={
            "user_id": pl.String,
            "position": pl.Int64,
            "split": pl.String,
            "item_id": pl.String,
            "rank": pl.Float64,
        },
    )
