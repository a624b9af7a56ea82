"""Lists from the released rules of a mined folder, with the rule behind each item: what else do these people take?"""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from omegaconf import DictConfig, OmegaConf

from seqmine.data.preparation import read_cleaned
from seqmine.data.sequences import feature_columns, person_keys
from seqmine.mining.at_work.cross_selling import RuleLists, lists_by_rules
from seqmine.mining.symbols import SymbolLog
from seqmine.reporting.lists import show_lists
from seqmine.runs.components import build
from seqmine.runs.folder import read_command, read_config
from seqmine.serving.ids import keep_known, read_ids
from seqmine.serving.shards import write_tables
from seqmine.structs import PatternTable, UserError

_log = logging.getLogger(__name__)
_OF_MODELS = {"input": None, "items": None, "history": "full", "fallback": "none", "scores": "raw", "at": None}
"""Settings that only lists of a model know, with the value that asks for nothing."""


def is_mined(run: str) -> bool:
    """Return whether a folder is one that ``seqmine.mine`` wrote."""
    return (Path(run) / "patterns.parquet").is_file()


def cross_sell(config: DictConfig, output: Path) -> None:
    """Write the lists that the released rules of a mined folder make of the whole log.

    Args:
        config: of the recommending program.
        output: file of the lists.

    Raises:
        UserError: a setting that only models know, a folder without released rules of items, or lists that are empty.
    """
    again = _check(config)
    mined = read_config(config.run)
    for name in ("path", "query", "connection"):
        if config.data[name] is not None:
            OmegaConf.update(mined, f"data.{name}", config.data[name], force_add=True)
    data = build(mined.data.module, config.trusted)
    log, user_ids, item_ids = read_cleaned(data.store, data.source, data.cleaning)
    symbols = build(mined.projection, config.trusted)(
        log, item_ids, feature_columns(item_ids, data.source.item_features())
    )
    rules, frame = _released(config.run, item_ids)
    people = np.unique(symbols.log.owners, return_index=True)[1]
    names = np.array(person_keys(symbols.log, user_ids), dtype=object)[people]
    lists = lists_by_rules(
        symbols.log, rules, rules.columns["strength"], build(mined.miner, config.trusted).constraints,
        top_k=config.top_k, allowed=_allowed(config, item_ids), again=again,
    )  # fmt: skip
    table = _table(lists, symbols, rules, frame, names)
    if config.users is not None:
        wanted = keep_known(read_ids(_plain(config.users), "users", ["user_id"]), set(names), "users", "users")
        table = table.filter(pl.col("user_id").is_in(wanted))
    if table.is_empty():
        raise UserError("no rule leads anybody to an item that may be in a list; change users, only or exclude")
    write_tables([table], output)
    show_lists(table, config.num_shown)
    _log.info("%d lists by %d rules are in %s", table["user_id"].n_unique(), len(rules), output)


def _check(config: DictConfig) -> bool:
    """Refuse what only models know; return whether items that a person has had may come again."""
    for name, nothing in _OF_MODELS.items():
        if config[name] != nothing:
            raise UserError(
                f"{name} is {config[name]!r}, but run is a mined folder, whose rules make lists of its own log; leave "
                f"{name} out, or set run to a trained one"
            )
    if config.evaluation.candidates is not None:
        raise UserError(
            f"evaluation.candidates is {config.evaluation.candidates!r}, but the lists of a mined folder look at no "
            "time; leave evaluation.candidates out, and name what is there with only"
        )
    if config.get("rerank"):
        raise UserError("rerank orders the lists of a model, but run is a mined folder; set rerank=none")
    if config.seen not in (None, "auto", "full", "none"):
        raise UserError(f"seen is {config.seen!r}, allowed for a mined folder are auto, full and none; change seen")
    choice = read_command(config.run)["choices"].get("projection")
    if choice != "item":
        raise UserError(
            f"run {config.run!r} was mined with projection={choice}, but lists are of items; mine with projection=item"
        )
    return config.seen == "none"


def _released(run: str, item_ids: list[str]) -> tuple[PatternTable, pl.DataFrame]:
    """Return the released rules by numbers of items, with their strength, and their measures."""
    frame = pl.read_parquet(Path(run) / "patterns.parquet", glob=False)
    if "released" not in frame.columns:
        raise UserError(f"run {run!r} was mined with evidence=none, which releases nothing; mine with evidence=full")
    number = {name: place + 1 for place, name in enumerate(item_ids)}
    frame = frame.filter((pl.col("released") == 1) & (pl.col("pattern").list.len() > 1))
    frame = frame.filter(pl.Series([all(name in number for name in row) for row in frame["pattern"]], dtype=pl.Boolean))
    if frame.is_empty():
        raise UserError(
            f"run {run!r} has released no rule of items of its log; see the reasons in its rules.csv, and mine again"
        )
    rows = [[number[name] for name in row] for row in frame["pattern"]]
    table = PatternTable.from_lists(rows, frame["support_count"].to_list(), 0)
    strength = frame.select(pl.col("holdout_confidence").fill_nan(None).fill_null(pl.col("confidence"))).to_series()
    return table.with_columns(strength=strength.to_numpy()), frame


def _allowed(config: DictConfig, item_ids: list[str]) -> np.ndarray:
    """Return which items may be in a list, by number."""
    known, allowed = {name: place + 1 for place, name in enumerate(item_ids)}, np.ones(len(item_ids) + 1, np.bool_)
    for setting in ("only", "exclude"):
        if config[setting] is not None:
            names = keep_known(read_ids(_plain(config[setting]), setting, ["item_id"]), known, setting, "items")
            is_named = np.isin(np.arange(len(allowed)), [known[name] for name in names])
            allowed &= is_named if setting == "only" else ~is_named
    return allowed


def _table(
    lists: RuleLists, symbols: SymbolLog, rules: PatternTable, frame: pl.DataFrame, names: np.ndarray
) -> pl.DataFrame:
    """Return the lists with keys, and the rule behind each item in words and numbers."""
    reasons = [symbols.shown_pattern(pattern[:-1]) for pattern in rules.patterns()]
    titles = {symbol: symbols.titles[symbol - 1] for symbol in set(lists.items.tolist())}
    columns: dict[str, Any] = {
        "user_id": names[lists.people].tolist(),
        "item_id": [symbols.key(item) for item in lists.items.tolist()],
        "rank": lists.ranks,
        "title": [titles[item] for item in lists.items.tolist()],
        "because": [reasons[rule] for rule in lists.rules.tolist()],
        "score": rules.columns["strength"][lists.rules],
        "lift": frame["lift"].to_numpy()[lists.rules],
        "people": frame["support_count"].to_numpy()[lists.rules],
    }
    table = pl.DataFrame(columns, schema_overrides={"user_id": pl.String, "item_id": pl.String, "title": pl.String})
    return table.drop("title") if table["title"].is_null().all() else table


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
