"""What the explaining program is asked, and what it makes of it."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from omegaconf import DictConfig

from seqmine.app.subject import tell_of_horizon
from seqmine.data.collate import HistoryCollate
from seqmine.data.datamodule import SequenceDataModule
from seqmine.data.targets import Targets
from seqmine.explanation.faithfulness.judgement import FaithfulnessTest, Verdict, questions_of_lists
from seqmine.explanation.question import Explainer, Question
from seqmine.explanation.reason import Reason
from seqmine.explanation.support import count_precedents, supporting_patterns
from seqmine.mining.against_model.held_out import held_out_cases
from seqmine.probing.cases import Cases
from seqmine.probing.queries import recommended
from seqmine.reporting.explanation import Answer, show_answer
from seqmine.reporting.explanation_rows import write_many
from seqmine.reporting.page.explained import write_answer
from seqmine.runs.components import build
from seqmine.runs.folder import read_config
from seqmine.runs.placement import place, require_one_device
from seqmine.runs.reading import read_table, was_written
from seqmine.runs.restore import Model, check_catalog, require_scores, reranked, restore_run
from seqmine.serving.histories import Histories, run_histories
from seqmine.serving.ids import read_ids
from seqmine.structs import Catalog, InteractionLog, UserError, columns_read
from seqmine.structs.constraints import Constraints, gap_limits
from seqmine.structs.files import write_json

_log = logging.getLogger(__name__)
_NUM_LEADING = 3  # events whose other users are counted
_USERS_AT_ONCE = 32


@dataclass(frozen=True)
class _Asked:
    """A restored run with what is asked of it."""

    config: DictConfig
    explainer: Explainer
    module: Model
    datamodule: SequenceDataModule

    @property
    def catalog(self) -> Catalog:
        return self.datamodule.catalog


def answer(config: DictConfig) -> None:
    """Explain what is asked: one recommendation into ``explanation.json``, many into ``explanations.parquet``.

    Args:
        config: of the program.

    Raises:
        UserError: nobody, or more than one kind of asker, is named, or what is named the run does not know.
    """
    named = [name for name in ("user", "history", "users") if config[name] is not None]
    if len(named) != 1:
        raise UserError(
            f"{' and '.join(named) or 'none of them'} is set, allowed is one of user, history and users; "
            'write user=<id>, history="<item> <item>" or users=<file or number>'
        )
    asked = _asked(config)
    if named == ["users"]:
        return _explain_many(asked)
    found, folder = _explain_one(asked), Path(config.paths.run)
    write_json(folder / "explanation.json", found.to_json(asked.catalog))
    show_answer(found, asked.catalog)
    try:
        write_answer(found, asked.catalog, folder / "explanation.html")
    except UserError as error:  # the page is an extra, and the answer is there without it
        _log.warning("no explanation.html is written: %s", error)


def explanation_of(config: DictConfig) -> tuple[Answer, Catalog]:
    """Explain one recommendation to a caller; nothing is written.

    Args:
        config: of the program, with one of ``user`` and ``history``.

    Returns:
        The answer, and the catalog that names its items.

    Raises:
        UserError: what is named the run does not know.
    """
    asked = _asked(config)
    return _explain_one(asked), asked.catalog


def _asked(config: DictConfig) -> _Asked:
    require_one_device(config.trainer)
    settings, module, datamodule = restore_run(config)
    require_scores(module, config.run, "explain needs; set run to one of another model")
    check_catalog(datamodule.catalog, config.run)
    place(module, settings.trainer)
    module, _ = reranked(config, module, datamodule)
    tell_of_horizon(datamodule)
    return _Asked(config, build(config.explainer, config.trusted), module.eval(), datamodule)


def _explain_one(asked: _Asked) -> Answer:
    config, data = asked.config, asked.datamodule.prepared
    if config.user is None:
        cases, user = _of_items(asked, str(config.history)), None
    else:
        cases = cases_of_users(asked.datamodule, [str(config.user)], config.after)
        user = int(cases.users[0])
    item = _item(config.item, asked.catalog) or int(recommended(asked.module, cases, 1, config.batch_size)[0, 0])
    if not item:
        raise UserError("the user had every item, so that no item is recommended; set item to one to be explained")
    reason = Reason.of(
        asked.explainer,
        asked.module,
        cases,
        Question(0, item),
        top_k=config.top_k,
        size=config.size,
        num_items=asked.catalog.num_items,
        batch_size=config.batch_size,
    )
    min_users, leading = config.release.min_users, reason.leading_events(_NUM_LEADING)
    return Answer(
        user_id=None if config.user is None else str(config.user),
        explainer=type(asked.explainer).__name__.removesuffix("Explainer"),
        caution=asked.explainer.caution,
        reason=reason,
        precedents=count_precedents(data.training_log(), leading, item, user=user, min_users=min_users),
        min_users=min_users,
        patterns=_patterns(config, reason, asked.catalog),
        verdict=_verdict(asked),
    )


def _explain_many(asked: _Asked) -> None:
    config = asked.config
    user_ids = _drawn_ids(asked) if isinstance(config.users, int) else _ids_of(str(config.users))
    if not user_ids:
        raise UserError(f"users is {config.users!r}, which names nobody; set users to a number from 1 or a file of ids")
    if config.num_items < 1:
        raise UserError(f"num_items is {config.num_items}, allowed are whole numbers from 1; change num_items")
    cases = cases_of_users(asked.datamodule, user_ids, config.after)
    item = _item(config.item, asked.catalog)
    path = Path(config.paths.run) / "explanations.parquet"

    def blocks() -> Iterator[tuple[Cases, list[Question], list[str]]]:
        for start in range(0, len(cases), _USERS_AT_ONCE):
            rows = np.arange(start, min(start + _USERS_AT_ONCE, len(cases)))
            some, names = cases.take(rows), user_ids[start : start + len(rows)]
            if item:
                yield some, [Question(case, item) for case in range(len(some))], names
            else:
                yield some, questions_of_lists(asked.module, some, config.num_items, config.batch_size), names

    num_rows = write_many(path, asked.explainer, asked.module, asked.catalog, blocks(), config.batch_size)
    _log.info("%d users have explanations of %d events in %s", len(cases), num_rows, path)


def cases_of_users(datamodule: SequenceDataModule, user_ids: Sequence[str], after: str) -> Cases:
    """Return what users of a run have done.

    Args:
        datamodule: of the run.
        user_ids: raw keys, in the order of the cases; of a person with several sessions the latest is taken, and before
            test targets sessions are named.
        after: ``full`` for the whole history, ``test`` for all but the test target.

    Raises:
        UserError: a user that the run does not know, or one of whom it knows no event.
    """
    histories = _histories(datamodule, after)
    names, ends = histories.user_ids, histories.ends
    known = set(names)
    unknown = [user_id for user_id in user_ids if user_id not in known]
    if unknown:
        more = f" and {len(unknown) - 1:,} more" if len(unknown) > 1 else ""
        raise UserError(
            f"user {unknown[0]!r}{more} is not among the {len(known):,} users of the run; "
            'change user, or write the events as history="<item> <item>"'
        )
    row_of = {names[user]: row for row, user in enumerate(ends.users.tolist()) if ends.input_stops[row]}
    rows = [row_of.get(user_id) for user_id in user_ids]
    empty = [user_id for user_id, row in zip(user_ids, rows, strict=True) if row is None]
    if empty:
        raise UserError(
            f"user {empty[0]!r} has an empty history (after={after}), which explains nothing; change user or after"
        )
    targets = ends.take(np.array(rows, np.int64))
    return Cases(datamodule.history_collate(), targets, np.zeros(len(rows), np.int32))


def _histories(datamodule: SequenceDataModule, after: str) -> Histories:
    """Return the histories of the users; of several test targets of a user the last one counts."""
    if after not in ("full", "test"):
        raise UserError(f"after is {after!r}, allowed are full or test; change after")
    return run_histories(datamodule, after)


def _drawn_ids(asked: _Asked) -> list[str]:
    """Return the ids of as many users with a history as are asked for, in the order of the log."""
    histories = _histories(asked.datamodule, asked.config.after)
    names, ends = histories.user_ids, histories.ends
    able = np.unique(ends.users[ends.input_stops > 0])
    drawn = np.random.default_rng(0).permutation(able)[: max(asked.config.users, 0)]
    return list(dict.fromkeys(names[user] for user in np.sort(drawn).tolist()))


def _of_items(asked: _Asked, text: str) -> Cases:
    """Return the case of a history that is written as item ids with blanks between."""
    keys, catalog = text.split(), asked.catalog
    if not keys:
        raise UserError('history is empty, which explains nothing; write history="<item> <item>"')
    items = catalog.encode(keys)
    unknown = [key for key, item in zip(keys, items, strict=True) if not item]
    if unknown:
        raise UserError(
            f"history has item {unknown[0]!r}, which is not among the {catalog.num_items:,} items of the run; "
            "change history"
        )
    whole = asked.datamodule.history_collate()
    log = asked.datamodule.prepared.log
    of_log = {name for name in ("behaviors", "timestamps", "ratings") if getattr(log, name) is not None}
    missing = sorted(columns_read(asked.module) & of_log)
    if missing:
        raise UserError(
            f"history is items alone, but the model of the run reads {', '.join(missing)} too; set user instead"
        )
    history = replace(InteractionLog.from_lists([items]), users=catalog.unknown_users(1))
    collate = HistoryCollate(log=history, max_length=whole.max_length, seen=whole.seen, columns=whole.columns)
    return Cases(collate, Targets(np.arange(1), history.lengths), np.zeros(1, np.int32))


def _item(item_id: object, catalog: Catalog) -> int:
    """Return the item_index that is asked about, 0 where none is named."""
    if item_id is None:
        return 0
    [item] = catalog.encode([str(item_id)])
    if not item:
        raise UserError(
            f"item is {str(item_id)!r}, which is not among the {catalog.num_items:,} items of the run; change item"
        )
    return item


def _ids_of(path: str) -> list[str]:
    """Return the ids of a file; a list of ids is not taken here."""
    if not Path(path).is_file():
        raise UserError(f"users is {path!r}, which is no file; set users to a file with an id a line, or to a number")
    return read_ids(path, "users", ["user_id"])


def _patterns(config: DictConfig, reason: Reason, catalog: Catalog) -> pl.DataFrame | None:
    """Return the released patterns that speak for the item, the most frequent first; None where none were mined."""
    path = Path(config.patterns or config.run) / "patterns.parquet"
    if not was_written(path):
        if config.patterns is not None:
            raise UserError(f"patterns is {config.patterns!r}, which has no patterns.parquet; change patterns")
        return None
    frame = read_table(path)
    if "released" in frame.columns:
        frame = frame.filter("released")
    if frame["behaviors"].null_count() < len(frame):
        _log.warning("the patterns of %s are of kinds of events, which no item is; none is shown", path)
        frame = frame.clear()
    numbers = [tuple(catalog.encode(pattern)) for pattern in frame["pattern"].to_list()]
    rows = supporting_patterns(numbers, reason.history, reason.item, _limits(path.parent))
    return frame[rows].sort("support_count", descending=True, maintain_order=True)


def _limits(folder: Path) -> Constraints:
    """Return where patterns of a mining run may occur; anywhere, where it does not tell."""
    if not was_written(folder / "config.yaml"):
        return Constraints()
    miner = read_config(str(folder)).get("miner") or {}
    max_gap, min_gap = (gap_limits(name, miner.get(name))[0] for name in ("max_gap", "min_gap"))
    return Constraints(max_gap=max_gap, min_gap=min_gap, max_span=miner.get("max_span"))


def _verdict(asked: _Asked) -> Verdict | None:
    """Judge the explainer on validation users; None where that is not asked for."""
    config = asked.config
    if not config.faithfulness:
        return None
    test: FaithfulnessTest = build(config.faithfulness, config.trusted)
    data = asked.datamodule.prepared
    collate = asked.datamodule.history_collate()
    cases = held_out_cases(collate, data.split.val, data.val_items, data.catalog.num_items)
    return test.judge(asked.explainer, asked.module, cases, config.top_k)
