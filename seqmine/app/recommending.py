"""What the recommending program is asked, and the lists that it makes: by one process or by several, part by part."""

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
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from omegaconf import DictConfig, OmegaConf

from seqmine.data.datamodule import SequenceDataModule
from seqmine.data.sources.histories import source_of_histories
from seqmine.data.sources.interactions import InteractionFiles
from seqmine.data.sources.timestamps import to_epoch
from seqmine.reporting.lists import show_lists
from seqmine.reporting.progress import progress_bar
from seqmine.runs.folder import checkpoint_fingerprint
from seqmine.runs.newer_log import for_histories
from seqmine.runs.restore import Model, reranked, restore_run
from seqmine.runs.settings import plain
from seqmine.serving.histories import Histories, given_histories, run_histories
from seqmine.serving.ids import keep_known, read_ids
from seqmine.serving.recommendations import ListSettings, recommend_to
from seqmine.serving.shards import Shards
from seqmine.structs import Catalog, UserError

_log = logging.getLogger(__name__)
# what lists do not depend on
_FREE = ("output", "paths", "trainer", "debug", "num_shown", "program", "users_per_file", "run", "input", "users")
_STOPPED = 130  # the status of a program that ctrl-c stopped


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
        _, module, datamodule = restore_run(config)
        module, catalog = for_histories(config, module, datamodule)
        module, chosen = reranked(config, module, datamodule)
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
        return [key, *([source.columns[key] or key] if isinstance(source, InteractionFiles) else [])]


def recommend(config: DictConfig) -> None:
    """Make the lists that are asked for, and write them.

    Args:
        config: of the program.

    Raises:
        UserError: a setting that cannot be, or nobody who could get a list.
    """
    output = Path(config.output or Path(config.paths.run) / "recommendations.parquet")
    Shards(output, 0, config.shard_size)  # refuses an ending before the model is loaded
    if config.trainer.devices < 1:
        raise UserError(
            f"trainer.devices is {config.trainer.devices}, allowed are whole numbers from 1; change trainer.devices"
        )
    restored = Restored.of(config)
    restored.settings.require_fit(restored.catalog)
    histories = asked_histories(restored)
    shards = Shards(output, len(histories.ends), config.shard_size)
    shards.open_for(_belonging(restored, histories))
    try:
        _fill(shards, restored, histories)
    except KeyboardInterrupt:
        _log.warning(
            "stopped with %d of %d parts made; the same command with output=%s goes on there",
            len(shards) - len(shards.missing()),
            len(shards),
            output,
        )
        raise SystemExit(_STOPPED) from None
    first = next(shards.tables())
    shards.finish(config.users_per_file)
    show_lists(first, config.num_shown)
    _log.info("%d lists are in %s", len(histories.ends), output)


def asked_histories(restored: Restored) -> Histories:
    """Return the histories that lists are asked for, and what may be in the lists.

    Raises:
        UserError: nobody is left, or not one of the users or items that are named is known.
    """
    config, datamodule, catalog = restored.config, restored.datamodule, restored.catalog
    if config.input is None:
        histories = run_histories(datamodule, config.history)
    else:
        events = source_of_histories(str(config.input), datamodule.source).read()
        histories = given_histories(events, datamodule, catalog)
    if config.users is not None:
        histories = _of_users(restored, histories)
    histories = _with_moment(config, histories)
    allowed = _allowed(restored)
    histories = histories if allowed is None else histories.allowing(allowed)
    if config.fallback == "none":
        histories = histories.known()
    if not len(histories.ends):
        raise UserError(
            f"not one user of {'the run' if config.input is None else repr(str(config.input))} has an item that the "
            "model knows; change input, or set fallback=popularity"
        )
    return histories


def _of_users(restored: Restored, histories: Histories) -> Histories:
    config = restored.config
    names = read_ids(_plain(config.users), "users", restored.columns("user_id"))
    known = keep_known(names, histories.rows_of, "users", "users")
    if config.fallback == "none":
        return histories.of(known)
    strangers = [name for name in names if name not in histories.rows_of]
    return histories.with_strangers(strangers).of(names)


def _allowed(restored: Restored) -> np.ndarray | None:
    """Return which items may be recommended at all; None where that is not asked."""
    config, index = restored.config, restored.catalog.item_index
    if config.exclude is None and config.only is None:
        return None
    allowed = np.ones(restored.catalog.num_items + 1, bool)
    for setting in ("only", "exclude"):
        if config[setting] is None:
            continue
        names = read_ids(_plain(config[setting]), setting, restored.columns("item_id"))
        named = np.zeros(len(allowed), bool)
        named[[index[name] for name in keep_known(names, index, setting, "items")]] = True
        allowed &= named if setting == "only" else ~named
    allowed[0] = False
    if not allowed.any():
        raise UserError("only and exclude leave no item that could be recommended; change only or exclude")
    return allowed


def _with_moment(config: DictConfig, histories: Histories) -> Histories:
    if config.at is None:
        return histories
    if histories.periods is None:
        raise UserError(
            f"at is {config.at!r}, but lists look at no time; set evaluation.candidates=available, or at=null"
        )
    moment = to_epoch(pl.Series([str(config.at)]), lambda _: "at")["timestamp"].item()
    return histories.at(int(moment))


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value) if OmegaConf.is_config(value) else value


def _belonging(restored: Restored, histories: Histories) -> dict[str, Any]:
    """Return what the parts of the lists belong to."""
    config = restored.config
    settings = {name: value for name, value in plain(config).items() if name not in _FREE}
    known = {
        "run": checkpoint_fingerprint(config.run),
        "users and items": histories.fingerprint(),
        "chosen": restored.chosen,
        **settings,
    }
    return json.loads(json.dumps(known))


def _fill(shards: Shards, restored: Restored, histories: Histories) -> None:
    """Make the parts that are missing."""
    missing, devices = shards.missing(), min(restored.config.trainer.devices, len(shards.missing()))
    with progress_bar(shards.num_lists, "lists") as advance:
        advance(sum(len(shards.rows(number)) for number in range(len(shards)) if number not in set(missing)))
        if devices > 1:
            return _share_out(shards, restored, histories, devices, advance)
        with one_thread():
            for number in missing:
                shards.write(number, restored.lists(histories.alone(shards.rows(number))))
                advance(len(shards.rows(number)))
    return None


def _share_out(
    shards: Shards, restored: Restored, histories: Histories, devices: int, advance: Callable[[int], None]
) -> None:
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
                part = histories.alone(shards.rows(number))
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
    for step in (config.rerank or {}).values():
        for name, value in step.items():
            if value is None and f"rerank/{name}" in restored.chosen:
                step[name] = restored.chosen[f"rerank/{name}"]
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
