"""The Lightning data module: prepares a log once, then serves batches from memory-mapped arrays."""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning import LightningDataModule
from torch import Tensor, nn
from torch.utils.data import DataLoader

from seqmine.data.available import ItemPeriods
from seqmine.data.batching import Batching, TargetBatches, TrainingBatches
from seqmine.data.checksums import damaged_file, discard
from seqmine.data.cleaning.audit import Audit
from seqmine.data.cleaning.pipeline import Cleaning
from seqmine.data.collate import HistoryCollate, NextItemCollate, TrainingCollate
from seqmine.data.features import Features
from seqmine.data.leakage import LeakReport, find_leaks
from seqmine.data.leakage.verdict import kept_verdict
from seqmine.data.preparation import preparation_fingerprint, prepare_into
from seqmine.data.seen import Seen, settle_seen
from seqmine.data.sequences import PreparedData
from seqmine.data.splits import Splitter
from seqmine.data.store import read_store
from seqmine.data.target_behavior import TargetWindows, events_of
from seqmine.data.targets import Targets
from seqmine.data.truth import KnownTruth, TrueProbabilities
from seqmine.data.windows import WindowChoice, count_targets
from seqmine.structs import Catalog, InteractionLog, Recommender, Source, columns_read
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt, Seed

_log = logging.getLogger(__name__)


@bounded
class SequenceDataModule(LightningDataModule):
    """Next-item sequences of a log.

    Args:
        source: reads the raw log.
        cleaning: steps that the raw log goes through, and the engine that they run on.
        split: decides what is trained on and what is predicted.
        windows: chooses the stretches of history that are trained on.
        max_length: longest input L, in events.
        batching: divides sequences into batches.
        seen: which items leave the candidates: ``full``, ``window``, ``none``, or ``auto``, which asks the log.
        seed: decides windows, the order of batches and what the task draws.
        store: folder in which prepared logs are kept, one subfolder each.
        task: builds from ``log`` and ``train_stops`` the collate that decides what is learned.
        features: what is known beside items, and the kinds of events that are predicted; None predicts every event from
            events without attributes.
    """

    def __init__(
        self,
        *,
        source: Source,
        cleaning: Cleaning,
        split: Splitter,
        windows: WindowChoice,
        max_length: PositiveInt,
        batching: Batching,
        seen: Seen,
        seed: Seed,
        store: str,
        task: Callable[..., TrainingCollate] = NextItemCollate,
        features: Features | None = None,
    ) -> None:
        super().__init__()
        self.source, self.cleaning, self.split, self.windows = source, cleaning, split, windows
        self.max_length, self.batching = max_length, batching
        self._seen: str = seen
        self.seed, self.store, self.task = seed, Path(store), task
        self.features = features or Features()
        self.reader: nn.Module | None = None  # whose optional columns batches have beside those of the trainer's module
        self._is_told = False
        self._prepared: PreparedData | None = None

    @property
    def prepared(self) -> PreparedData:
        """The prepared log; made on first use."""
        if self._prepared is None:
            self.prepare_data()
            self._tell()
            data = read_store(self.folder)
            # of a horizon each event is several targets, about as often as it is an event
            counting = None if self.features.horizon is not None else self._count_targets
            catalog = replace(data.catalog, count_targets=counting, training_log=data.training_log)
            self._prepared = replace(data, catalog=catalog)
        return self._prepared

    @property
    def seen(self) -> str:
        """Which items leave the candidates; ``auto`` has become ``full`` or ``none`` by the training part."""
        if self._seen == "auto":
            self._seen = settle_seen(self.prepared.training_log(), self.target_behaviors)
        return self._seen

    @cached_property
    def periods(self) -> ItemPeriods | None:
        """When each item can be recommended; None where the protocol does not look at it."""
        return self.features.candidates.periods(self.prepared)

    @property
    def target_behaviors(self) -> tuple[str, ...] | None:
        """The kinds of events that are predicted; None when every event is."""
        return self.features.target_behaviors

    @property
    def catalog(self) -> Catalog:
        """The items that training knows."""
        return self.prepared.catalog

    def ceilings(self) -> dict[str, Recommender]:
        """Return the best possible recommender by name, of a source that knows its truth; nothing otherwise.

        A log that was cleaned has none: the truth of its source is told by the number of events before, and cleaning
        takes events away. Nor has a target behavior or a horizon: the truth is that of any next event.
        """
        asked = (self.target_behaviors, self.features.horizon)
        if not isinstance(self.source, KnownTruth) or self.cleaning.steps or asked != (None, None):
            return {}
        return {"ceiling/": TrueProbabilities(source=self.source, data=self.prepared)}

    @property
    def folder(self) -> Path:
        """Where the prepared log is kept: named by content and settings, so it is reused only when both match."""
        return self.store / self.fingerprint

    @property
    def fingerprint(self) -> str:
        """A hash of the content of the log and of everything that shapes its preparation."""
        if not hasattr(self, "_fingerprint"):
            self._fingerprint = preparation_fingerprint(self.source, self.cleaning, self.split, self.features)
        return self._fingerprint

    def prepare_data(self) -> None:
        """Read, clean, split and store the log, unless a store of the same fingerprint is there, and look for leaks.

        Raises:
            UserError: when the log cannot be read, or when a part that is asked for is known to training.
        """
        self._discard_damaged()
        if self.folder.exists():
            if not self._is_told:  # each part of a run asks again
                _log.info("prepared data are read from %s", self.folder)
        else:
            prepare_into(self.folder, self.source, self.cleaning, self.split, self.features)
            _log.info("prepared data are kept in %s", self.folder)
        self._is_told = True
        self.leaks().require_passed()

    def _discard_damaged(self) -> None:
        """Take away a store that is not as it was written, before it is opened; one that is open stays."""
        if self._prepared is not None or not (self.folder / "description.json").is_file():
            return
        name = damaged_file(self.folder)
        if name is not None:
            _log.warning("%s is not as it was written, so the log is prepared again", self.folder / name)
            discard(self.folder)

    def _tell(self) -> None:
        """Say what a user of the numbers must know of the log, once a run."""
        for note in (self.audit().summary(), *self.leaks().warnings()):
            if note is not None:
                _log.warning(note)

    def audit(self) -> Audit:
        """Return what cleaning did to the stored log."""
        return Audit.from_json((self.folder / "audit.json").read_text(), self.cleaning.edge)

    def leaks(self) -> LeakReport:
        """Return the verdict on leaks of the stored log under what this run trains on."""
        names = ("windows", "max_length", "task", "seed", "target_behaviors")
        depends_on = {name: getattr(self, name) for name in names} | {"horizon": self.features.horizon}
        return kept_verdict(self.folder / "leaks", depends_on, self._look_for_leaks)

    def _look_for_leaks(self) -> LeakReport:
        data = read_store(self.folder)
        return find_leaks(
            data,
            splitter=self.split,
            windows=self._windows(data.log),
            max_length=self.max_length,
            audit=self.audit(),
            seed=self.seed,
            task=self._task(data.log),
            target_behaviors=self.target_behaviors,
        )

    def setup(self, stage: str) -> None:  # noqa: ARG002 - all stages read the same store
        """Open the prepared log in every process."""
        _ = self.prepared

    def train_dataloader(self) -> DataLoader:
        """Return the training batches of this device."""
        return self._loader(self._training_batches())

    def _training_batches(self) -> TrainingBatches:
        data = self.prepared
        return TrainingBatches(
            log=data.log,
            train_stops=data.split.train_stops,
            windows=self._windows(data.log),
            collate=self._task(data.log)(log=data.log, train_stops=data.split.train_stops, columns=self._columns),
            max_length=self.max_length,
            batching=self.batching,
            seed=self.seed,
            rank=self._rank,
            world_size=self._world_size,
            progress=self._progress,
        )

    def val_dataloader(self) -> DataLoader:
        """Return the validation targets of this device."""
        return self._loader(self._target_batches(self.prepared.split.val, self.prepared.val_items))

    def test_dataloader(self) -> DataLoader:
        """Return the test targets of this device."""
        return self._loader(self._target_batches(self.prepared.split.test, self.prepared.test_items))

    def _count_targets(self) -> Tensor:
        """Count how often each row of the item table is what comes next in the windows of the first epoch."""
        data = self.prepared
        windows = self._training_batches().epoch_windows(0)
        behaviors, items = self._behaviors(data.log), data.log.items
        if behaviors is not None:
            items = np.where(data.log.is_of(slice(None), behaviors), items, 0)
        counts = count_targets(windows, items, data.catalog.num_items + 1)
        counts[0] = 0
        return torch.from_numpy(counts)

    def _task(self, log: InteractionLog) -> Callable[..., TrainingCollate]:
        horizon = {} if self.features.horizon is None else {"horizon": self.features.horizon}
        return partial(self.task, behaviors=self._behaviors(log), **horizon)

    def _behaviors(self, log: InteractionLog) -> tuple[int, ...] | None:
        return log.behavior_numbers(self.target_behaviors)

    def _windows(self, log: InteractionLog) -> WindowChoice:
        if self.target_behaviors is None:
            return self.windows
        return TargetWindows(windows=self.windows, events=events_of(log, self.target_behaviors))

    @property
    def _columns(self) -> frozenset[str]:
        """The optional columns that the models read; none without a model."""
        readers = (self.reader, None if self.trainer is None else self.trainer.lightning_module)
        return frozenset[str]().union(*(columns_read(reader) for reader in readers if reader is not None))

    def history_collate(self) -> HistoryCollate:
        """Return what gathers the batches of an evaluation, with the columns that the model reads."""
        log = self.prepared.log
        return HistoryCollate(
            log=log,
            max_length=self.max_length,
            seen=self.seen,
            columns=self._columns,
            seen_behaviors=self._behaviors(log),
            periods=self.periods,
            never=self.features.never(self.prepared),
        )

    def _target_batches(self, targets: Targets, items: Any) -> TargetBatches:
        return TargetBatches(
            targets=targets,
            items=items,
            collate=self.history_collate(),
            batch_size=self.batching.eval_batch_size,
            rank=self._rank,
            world_size=self._world_size,
        )

    def _loader(self, batches: TrainingBatches | TargetBatches) -> DataLoader:
        on_gpu = self.trainer is not None and self.trainer.strategy.root_device.type == "cuda"
        return DataLoader(batches, batch_size=None, pin_memory=on_gpu)

    def _progress(self) -> tuple[int, int]:
        if self.trainer is None:
            return 0, 0
        loop = self.trainer.fit_loop
        # a batch that is processed counts: a checkpoint at its end is written before Lightning calls it completed
        done: int = loop.epoch_loop.batch_progress.current.processed  # type: ignore[attr-defined]
        return self.trainer.current_epoch, done

    @property
    def _rank(self) -> int:
        return 0 if self.trainer is None else self.trainer.global_rank

    @property
    def _world_size(self) -> int:
        return 1 if self.trainer is None else self.trainer.world_size
