"""What a page is about: a finished run, and what is read or asked of it when a section needs it, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray
from omegaconf import DictConfig

from seqmine.data.datamodule import SequenceDataModule
from seqmine.metrics.comparison import rank_gains
from seqmine.mining.against_model.held_out import held_out_cases
from seqmine.probing.cases import Cases
from seqmine.probing.queries import recommended
from seqmine.reporting.explanation import Names
from seqmine.reporting.page.blocks import Block, Note, Section
from seqmine.runs.comparable import Row, find_runs
from seqmine.runs.folder import read_config, read_metrics
from seqmine.runs.leaderboard import Leaderboard, compare_runs, read_gains
from seqmine.runs.reading import read_json, read_table, was_written
from seqmine.runs.release import FOLDER, PROMISE
from seqmine.runs.restore import Model, check_catalog, restore_run, run_catalog
from seqmine.structs import Catalog, UserError

METRIC = "ndcg@10"
"""What rows are tested and sliced by."""
TOP_K = 10
_MOST_CASES = 2000


class SectionWriter(Protocol):
    """Tells one part of what there is to tell of a run; built from a yaml of ``conf/sections``."""

    title: ClassVar[str]

    def __call__(self, subject: "Subject") -> Sequence[Block]:
        """Return what stands below the title.

        Raises:
            UserError: the run lacks what the section is about; the sentence says how to get it.
        """
        ...


@dataclass(frozen=True)
class Subject:
    """A finished run.

    Args:
        config: of the program, with ``run``, ``patterns``, ``data`` and ``trusted``.
        board: settings of a leaderboard, whose ``runs`` is None where no other runs are told of.
    """

    config: DictConfig
    board: DictConfig

    @cached_property
    def folder(self) -> Path:
        """The run folder."""
        return Path(self.config.run)

    @cached_property
    def settings(self) -> DictConfig:
        """The settings of the run."""
        return read_config(self.config.run)

    @property
    def name(self) -> str:
        """What the run is called."""
        return str(self.settings.run_name)

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """The numbers of the run.

        Raises:
            UserError: it is not finished.
        """
        if not (self.folder / "metrics.json").is_file():
            raise UserError(
                f"run {self.config.run!r} has no metrics.json, as it is not finished; set run to one that is"
            )
        return read_metrics(self.folder)

    @cached_property
    def promise(self) -> dict[str, Any] | None:
        """What a private run promises to each user; None of any other run."""
        path = self.folder / FOLDER / PROMISE
        return read_json(path) if was_written(path) else None

    @cached_property
    def environment(self) -> dict[str, Any]:
        """What the numbers depend on apart from the settings."""
        path = self.folder / "environment.json"
        return read_json(path) if was_written(path) else {}

    @cached_property
    def catalog(self) -> Catalog:
        """The items that the run knows."""
        return run_catalog(self.config.run)

    @cached_property
    def names(self) -> Names:
        """What items are called."""
        return Names(self.catalog)

    @cached_property
    def _restored(self) -> tuple[Model, SequenceDataModule]:
        _, module, datamodule = restore_run(self.config)
        check_catalog(datamodule.catalog, self.config.run)
        return module, datamodule

    @property
    def model(self) -> Model:
        """The trained model.

        Raises:
            UserError: the run has no checkpoint.
        """
        return self._restored[0]

    @property
    def data(self) -> SequenceDataModule:
        """The log of the run."""
        return self._restored[1]

    @cached_property
    def targets(self) -> pl.DataFrame:
        """The test targets by user, with their traits."""
        return self._targets_and_gains[0]

    @cached_property
    def gains(self) -> dict[str, NDArray[np.float64]]:
        """What each test target is worth to the model, then to each baseline whose ranks are kept."""
        targets, gains = self._targets_and_gains
        keys = ["user_id", "position"]
        for name, frame in self.rivals.items():
            ranks = targets.select(keys).join(frame.select(*keys, "rank"), on=keys, how="left", maintain_order="left")
            gains[name] = rank_gains(ranks["rank"].to_numpy(), METRIC)
        return gains

    @cached_property
    def _targets_and_gains(self) -> tuple[pl.DataFrame, dict[str, NDArray[np.float64]]]:
        [run] = find_runs([str(self.folder)])
        return read_gains([Row(self.name, [run])], METRIC)

    @cached_property
    def ranks(self) -> pl.DataFrame:
        """The rank of every test target for the model."""
        frame = read_table(self.folder / "per_user.parquet").filter(split="test")
        return frame.sort("user_id", "position")

    @cached_property
    def rivals(self) -> dict[str, pl.DataFrame]:
        """The ranks of the same targets for each baseline and ceiling, by name; empty where a run kept none."""
        path = self.folder / "baselines_per_user.parquet"
        if not was_written(path):
            return {}
        frame = read_table(path)
        parts = frame.partition_by("row", as_dict=True, maintain_order=True)
        return {
            str(name).removeprefix("baseline/"): part.sort("user_id", "position") for (name,), part in parts.items()
        }

    @cached_property
    def cases(self) -> Cases:
        """Test histories with the item that came next; drawn where there are very many users."""
        data = self.data.prepared
        collate = self.data.history_collate()
        cases = held_out_cases(collate, data.split.test, data.test_items, data.catalog.num_items)
        if len(cases) > _MOST_CASES:
            cases = cases.drawn(_MOST_CASES / len(cases), 0)
        return cases

    @cached_property
    def lists(self) -> NDArray[np.int64]:
        """(C, K) what the model recommends after the history of each case."""
        return recommended(self.model, self.cases, TOP_K, self.config.batch_size)

    @cached_property
    def leaderboard(self) -> Leaderboard | None:
        """The leaderboard of the run and others; None where none are named."""
        return None if self.board.runs is None else compare_runs(self.board)

    @cached_property
    def mined(self) -> Path:
        """The folder of a mining run: the one that is named, or the run itself.

        Raises:
            UserError: it has no patterns.
        """
        folder = Path(self.config.patterns or self.config.run)
        if not was_written(folder / "patterns.parquet"):
            raise UserError(
                "no patterns were mined for this run; run python -m seqmine.mine run=<this run> "
                "hydra.run.dir=<folder> and set patterns=<folder>"
            )
        return folder


def section_of(writer: SectionWriter, subject: Subject) -> Section:
    """Return a section; where the run lacks what it is about, the section says so."""
    try:
        return Section(writer.title, writer(subject))
    except UserError as error:
        text = str(error)
        return Section(writer.title, [Note(f"{text[:1].upper()}{text[1:]}.")])
