"""The Lightning data module: prepares a log once, then serves batches from memory-mapped arrays."""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from lightning import LightningDataModule
from torch.utils.data import DataLoader

from seqmine.data.batching import TargetBatches, TrainingBatches
from seqmine.data.cleaning.pipeline import Cleaning, describe
from seqmine.data.collate import HistoryCollate
from seqmine.data.disk import writing_to
from seqmine.data.engines.parts import Engine
from seqmine.data.leakage import find_leaks
from seqmine.data.sequences import PreparedData, prepare_sequences
from seqmine.data.splits import Splitter, Targets
from seqmine.data.store import STORE_VERSION, read_store, write_store
from seqmine.data.truth import KnownTruth, TrueProbabilities
from seqmine.data.windows import WindowChoice
from seqmine.structs import Catalog, Recommender, Source, UserError

_log = logging.getLogger(__name__)


class SequenceDataModule(LightningDataModule):
    """Next-item sequences of a log.

    Args:
        source: reads the raw log.
        engine: sorts the raw log and runs the cleaning; every engine prepares the same data.
        cleaning: steps that the raw log goes through.
        split: decides what is trained on and what is predicted.
        windows: chooses the stretches of history that are trained on.
        max_length: longest input L, in events.
        batch_size: training sequences a batch and device.
        eval_batch_size: histories scored at once.
        seen: which items leave the candidates of an evaluation: ``full``, ``window`` or ``none``.
        seed: decides windows and the order of batches.
        store: folder in which prepared logs are kept, one subfolder each.
    """

    # a device may have no user to evaluate when there are fewer users than devices
    allow_zero_length_dataloader_with_multiple_devices = True

    def __init__(
        self,
        *,
        source: Source,
        engine: Engine,
        cleaning: Cleaning,
        split: Splitter,
        windows: WindowChoice,
        max_length: int,
        batch_size: int,
        eval_batch_size: int,
        seen: str,
        seed: int,
        store: str,
    ) -> None:
        super().__init__()
        for name, value in {
            "max_length": max_length,
            "batch_size": batch_size,
            "eval_batch_size": eval_batch_size,
        }.items():
            if value < 1:
                raise UserError(f"data.{name} is {value}, allowed are whole numbers from 1; change data.{name}")
        self.source, self.engine, self.cleaning = source, engine, cleaning
        self.split, self.windows = split, windows
        self.max_length, self.batch_size, self.eval_batch_size = max_length, batch_size, eval_batch_size
        self.seen, self.seed, self.store = seen, seed, Path(store)
        self._prepared: PreparedData | None = None

    @property
    def prepared(self) -> PreparedData:
        """The prepared log; made on first use."""
        if self._prepared is None:
            self.prepare_data()
            self._prepared = read_store(self.folder)
        return self._prepared

    @property
    def catalog(self) -> Catalog:
        """The items that training knows."""
        return self.prepared.catalog

    def ceilings(self, part: str) -> dict[str, Recommender]:
        """Return the best possible recommender by name, of a source that knows its truth; nothing otherwise.

        A log that was cleaned has none: the truth of its source is told by the number of events before, and cleaning
        takes events away.

        Args:
            part: ``val`` or ``test``, whose targets it is asked for.
        """
        if not isinstance(self.source, KnownTruth) or self.cleaning.steps:
            return {}
        targets = getattr(self.prepared.split, part)
        return {"ceiling/": TrueProbabilities(source=self.source, data=self.prepared, targets=targets)}

    @property
    def folder(self) -> Path:
        """Where the prepared log is kept: named by content and settings, so it is reused only when both match."""
        return self.store / self.fingerprint

    @property
    def fingerprint(self) -> str:
        """A hash of the content of the log and of everything that shapes its preparation."""
        if not hasattr(self, "_fingerprint"):
            steps = [describe(step) for step in self.cleaning.steps]
            made_of = [
                STORE_VERSION,
                self.source.fingerprint(),
                steps,
                describe(self.cleaning.edge),
                describe(self.split),
            ]
            parts = json.dumps(made_of)
            self._fingerprint = hashlib.blake2b(parts.encode(), digest_size=12).hexdigest()
        return self._fingerprint

    def prepare_data(self) -> None:
        """Read, clean, split and store the log, unless a store of the same fingerprint is there.

        Raises:
            UserError: when the log cannot be read, or when a part that is asked for is known to training.
        """
        if self.folder.exists():
            _log.info("prepared data are read from %s", self.folder)
            return
        with writing_to(self.store):
            self._write_store()
        _log.info("prepared data are kept in %s", self.folder)

    def _write_store(self) -> None:
        self.store.mkdir(parents=True, exist_ok=True)
        with self.engine.number(self.source, self.store) as raw:
            log, audit = self.cleaning.clean(raw)
            data = prepare_sequences(log, self.source.item_features(), self.split)
        leaks = find_leaks(
            data, splitter=self.split, windows=self.windows, max_length=self.max_length, audit=audit, seed=self.seed
        )
        leaks.require_passed()
        description = {"fingerprint": self.fingerprint, "split": describe(self.split)}
        write_store(data, self.folder, description, {"audit.json": audit.to_json(), "leaks.json": leaks.to_json()})

    def setup(self, stage: str) -> None:  # noqa: ARG002 - all stages read the same store
        """Open the prepared log in every process."""
        _ = self.prepared

    def train_dataloader(self) -> DataLoader:
        """Return the training batches of this device."""
        data = self.prepared
        batches = TrainingBatches(
            log=data.log,
            train_stops=data.split.train_stops,
            windows=self.windows,
            max_length=self.max_length,
            batch_size=self.batch_size,
            seed=self.seed,
            rank=self._rank,
            world_size=self._world_size,
            progress=self._progress,
        )
        return self._loader(batches)

    def val_dataloader(self) -> DataLoader:
        """Return the validation targets of this device."""
        return self._loader(self._target_batches(self.prepared.split.val, self.prepared.val_items))

    def test_dataloader(self) -> DataLoader:
        """Return the test targets of this device."""
        return self._loader(self._target_batches(self.prepared.split.test, self.prepared.test_items))

    def _target_batches(self, targets: Targets, items: Any) -> TargetBatches:
        collate = HistoryCollate(log=self.prepared.log, max_length=self.max_length, seen=self.seen)
        return TargetBatches(
            targets=targets,
            items=items,
            collate=collate,
            batch_size=self.eval_batch_size,
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
        return self.trainer.current_epoch, loop.epoch_loop.batch_progress.current.completed

    @property
    def _rank(self) -> int:
        return 0 if self.trainer is None else self.trainer.global_rank

    @property
    def _world_size(self) -> int:
        return 1 if self.trainer is None else self.trainer.world_size
