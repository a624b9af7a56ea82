"""Lists made by one process or by several, part by part: rows do not depend on the number of processes."""

import json
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing.process import BaseProcess
from multiprocessing.queues import SimpleQueue
from typing import Any

import polars as pl
import torch
from omegaconf import DictConfig, OmegaConf

from seqmine.data.datamodule import SequenceDataModule
from seqmine.data.sources.interactions import InteractionFiles
from seqmine.data.sources.query import DatabaseQuery
from seqmine.reporting.progress import progress_bar
from seqmine.runs.newer_log import for_histories
from seqmine.runs.placement import place
from seqmine.runs.restore import Model, keep_choices, reranked, restore_run
from seqmine.serving.divided import Asked
from seqmine.serving.histories import Histories
from seqmine.serving.recommendations import ListSettings, recommend_to
from seqmine.serving.shards import Shards
from seqmine.structs import Catalog, UserError


@dataclass(frozen=True)
class Restored:
    """A run that recommends.

    Args:
        config: of the program.
        module: of the run, corrected where that is asked for.
        datamodule: of the run.
        catalog: in which the module scores items.
        chosen: what was chosen for the correction, by the name that it is reported with.
    """

    config: DictConfig
    module: Model
    datamodule: SequenceDataModule
    catalog: Catalog
    chosen: dict[str, float]

    @classmethod
    def of(cls, config: DictConfig) -> "Restored":
        """Restore the run of a configuration."""
        settings, module, datamodule = restore_run(config)
        module, catalog = for_histories(config, module, datamodule)
        module, chosen = reranked(config, place(module, settings.trainer), datamodule)
        return cls(config, module.eval(), datamodule, catalog, chosen)

    def lists(self, histories: Histories) -> Iterator[pl.DataFrame]:
        """Return the lists of some histories."""
        return recommend_to(self.module, self.catalog, histories, self.settings)

    @property
    def settings(self) -> ListSettings:
        """What the lists are like."""
        config = self.config
        return ListSettings(config.top_k, config.batch_size, self.datamodule.seen, config.scores, config.fallback)

    def columns(self, key: str) -> list[str]:
        """Return what a column of user or item ids may be called: as usual, or as in the log of the run."""
        source = self.datamodule.source
        return [key, *([source.columns[key] or key] if isinstance(source, InteractionFiles | DatabaseQuery) else [])]


def fill(shards: Shards, restored: Restored, asked: Asked) -> None:
    """Make the parts that are missing, with one process or as many as ``trainer.devices`` says.

    Args:
        shards: of the lists.
        restored: makes them.
        asked: the histories of all lists.
    """
    missing, devices = shards.missing(), min(restored.config.trainer.devices, len(shards.missing()))
    with progress_bar(shards.num_lists, "lists") as advance:
        advance(sum(len(shards.rows(number)) for number in range(len(shards)) if number not in set(missing)))
        if devices > 1:
            return _share_out(shards, restored, asked, devices, advance)
        with one_thread():
            for number in missing:
                shards.write(number, restored.lists(asked.alone(shards.rows(number))))
                advance(len(shards.rows(number)))
    return None


def _share_out(shards: Shards, restored: Restored, asked: Asked, devices: int, advance: Callable[[int], None]) -> None:
    """Let processes make the missing parts, each with one thread or one GPU; few parts are under way at a time."""
    context = multiprocessing.get_context("spawn")
    numbers: SimpleQueue = context.SimpleQueue()
    for number in range(devices):
        numbers.put(number)
    settings = json.dumps(_settled(restored))
    todo, doing = iter(shards.missing()), {}
    pool = ProcessPoolExecutor(devices, context, initializer=_start, initargs=(numbers,))
    try:
        while True:
            for number in todo:
                part = asked.alone(shards.rows(number))
                doing[pool.submit(_write_part, settings, shards, number, part)] = number
                if len(doing) > devices:
                    break
            if not doing:
                break
            for future in wait(doing, return_when=FIRST_COMPLETED).done:
                future.result()
                advance(len(shards.rows(doing.pop(future))))
    except BrokenProcessPool as error:
        raise UserError(
            f"a process of trainer.devices={restored.config.trainer.devices} was ended from outside, perhaps for want "
            "of memory; the parts that are made are kept, so run the same command again, perhaps with fewer devices"
        ) from error
    finally:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        pool.shutdown(cancel_futures=True)


def _settled(restored: Restored) -> dict[str, Any]:
    """Return the configuration as plain values, with what was chosen, so that every process scores alike."""
    config = OmegaConf.create(OmegaConf.to_container(restored.config, resolve=True))
    assert isinstance(config, DictConfig)
    config.evaluation.seen = restored.datamodule.seen
    if config.get("rerank"):
        keep_choices(config.rerank, restored.chosen)
    found = OmegaConf.to_container(config)
    assert isinstance(found, dict)
    return {str(name): value for name, value in found.items()}


def _start(numbers: SimpleQueue) -> None:
    """Prepare a process: its GPU, one thread, and an end with the program that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.WARNING)  # the program has said it
    parent, number = multiprocessing.parent_process(), numbers.get()
    if torch.cuda.is_available():
        torch.cuda.set_device(number % torch.cuda.device_count())
    torch.set_num_threads(1)
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _write_part(settings: str, shards: Shards, number: int, histories: Histories) -> None:
    shards.write(number, _restored_once(settings).lists(histories))


@cache
def _restored_once(settings: str) -> Restored:
    config = OmegaConf.create(json.loads(settings))
    assert isinstance(config, DictConfig)
    return Restored.of(config)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread, as each of several processes does, so that every digit is the same."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
