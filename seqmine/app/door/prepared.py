"""A log made ready from Python: what the program ``prepare`` does, returned instead of printed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqmine.app.job import quiet, settings_of
from seqmine.app.typed import setting
from seqmine.data.cleaning.audit import Audit
from seqmine.data.leakage import LeakReport
from seqmine.data.sources.files import plain_name
from seqmine.data.sources.frame import EventFrame, keep_items, of_histories
from seqmine.data.sources.histories import TABLES
from seqmine.runs.components import CONF_DIR, build
from seqmine.structs import UserError

if TYPE_CHECKING:
    from seqmine.data.datamodule import SequenceDataModule
    from seqmine.reporting.notebook import Picture

# setting of a column to the argument that names it
_COLUMNS = {"user_id": "user", "item_id": "item", "timestamp": "time"}
_COLUMNS |= {name: name for name in ("session", "behavior", "rating")}


@dataclass(frozen=True)
class Data:
    """A prepared log.

    Args:
        settings: what names the log and its preparation, as on the command line.
        outputs: folder below which the prepared log and the runs are kept.
        audit: what cleaning did, one row a step.
        leaks: whether anything of what is predicted is known to training.
        folder: where the prepared log is kept.
    """

    settings: tuple[str, ...]
    outputs: Path
    audit: Audit
    leaks: LeakReport
    folder: Path

    @cached_property
    def datamodule(self) -> "SequenceDataModule":
        """The log as Lightning's data module, for a ``lightning.Trainer`` of one's own."""
        return build_datamodule(self.settings)

    @property
    def num_users(self) -> int:
        """Number of histories."""
        return self.datamodule.prepared.log.num_users

    @property
    def num_items(self) -> int:
        """Number of items that training knows."""
        return self.datamodule.catalog.num_items

    @property
    def num_events(self) -> int:
        """Number of events of all users."""
        return self.datamodule.prepared.log.num_events

    def picture(self) -> "Picture":
        """Return the picture of the log: lengths of histories, counts of items, times, kinds of events, repeats."""
        from seqmine.reporting.log_picture import log_figure
        from seqmine.reporting.notebook import Picture

        return Picture.of(log_figure(self.datamodule.prepared, self.datamodule.seed))

    def __repr__(self) -> str:
        verdict = "none found" if self.leaks.passed else "FOUND"
        return f"Data({self.num_events:,} events, {self.num_users:,} users, {self.num_items:,} items, leaks: {verdict})"

    def _repr_html_(self) -> str:
        from seqmine.reporting.notebook import html_of
        from seqmine.reporting.preparation import audit_table, leak_table

        return html_of(repr(self), [audit_table(self.audit), leak_table(self.leaks)], width=150)


def prepare(
    log: Any,
    *,
    user: str = "user_id",
    item: str = "item_id",
    time: str | None = None,
    session: str | None = None,
    behavior: str | None = None,
    rating: str | None = None,
    items: Any = None,
    target_behavior: str | Sequence[str] | None = None,
    outputs: str | Path = "outputs",
    overrides: Sequence[str] = (),
) -> Data:
    """Clean, split and store a log; say what was dropped and whether anything leaks.

    Args:
        log: a table with one event a row (polars, pandas, Arrow, or a mapping from column to values), plain lists of
            items, the path of a file, folder or glob, or the name of a data set such as ``ml-1m``.
        user: column of user keys, of a table.
        item: column of item keys.
        time: column of times; None takes ``timestamp`` where there is one, else the order of the rows.
        session: column with the keys of sessions, each of which becomes a sequence; None leaves histories whole.
        behavior: column with the kind of event; None takes ``behavior`` where there is one.
        rating: column of ratings; None takes ``rating`` where there is one.
        items: a table of item attributes with a column of item keys, or its path.
        target_behavior: the kind of event that is predicted, or several; None predicts every event.
        outputs: folder below which the prepared log and the runs are kept.
        overrides: any other setting of ``python -m seqmine.prepare``, such as ``data/cleaning=core5``.

    Returns:
        The prepared log, with the audit and the verdict on leaks.

    Raises:
        UserError: the log cannot be read, or something leaks; the sentence says what to change.
    """
    columns = {"user": user, "item": item, "time": time, "session": session, "behavior": behavior, "rating": rating}
    kept = Path(outputs).absolute()
    source, replaced = _source_settings(log, columns, items, kept / "store" / "tables")
    if target_behavior is not None:
        source.append(setting("data.target_behavior", target_behavior))
    settings = (*source, setting("paths.outputs", kept), *overrides)
    try:
        with quiet():
            datamodule = build_datamodule(settings)
            datamodule.prepare_data()
            audit, leaks = datamodule.audit(), datamodule.leaks()
    except UserError as error:
        raise UserError(_in_words_of_python(str(error), replaced)) from None
    return Data(settings, kept, audit, leaks, datamodule.folder)


def settings_of_log(log: Any, outputs: str | Path) -> tuple[str, ...]:
    """Return what names a log whose columns have the names of the event schema; nothing is prepared.

    Args:
        log: as in ``prepare``.
        outputs: folder below which a table in memory is kept.
    """
    kept = Path(outputs).absolute()
    columns = {"user": "user_id", "item": "item_id", **dict.fromkeys(("time", "session", "behavior", "rating"))}
    return (*_source_settings(log, columns, None, kept / "store" / "tables")[0], setting("paths.outputs", kept))


def build_datamodule(settings: Iterable[str]) -> "SequenceDataModule":
    """Build the data module of a log from what names it."""
    config = settings_of("prepare", settings)
    return build(config.data.module, config.trusted)


def _source_settings(log: Any, columns: dict[str, Any], items: Any, folder: Path) -> tuple[list[str], dict[str, str]]:
    """Return the settings that name a log, and what a message should call by another name."""
    if isinstance(log, str | Path):
        return _file_settings(str(log), columns, items, folder)
    if isinstance(log, list | tuple) or (isinstance(log, Mapping) and columns["user"] not in log):
        log, columns = of_histories(log), {}
    kept = EventFrame(log, **columns, items=None if isinstance(items, str | Path) else items).keep(folder)
    if isinstance(items, str | Path):
        kept["items_path"] = Path(items).absolute()
    files = {name: path for name, path in kept.items() if path is not None}
    settings = [setting(f"data.{name}", path) for name, path in files.items()]
    if columns.get("session") is not None:
        settings += ["data.columns.session=session", "data/sessions=column"]
    return ["data=interactions", *settings], {str(kept["path"]): "the table"}


def _file_settings(log: str, columns: dict[str, Any], items: Any, folder: Path) -> tuple[list[str], dict[str, str]]:
    path = Path(log)
    if not path.exists() and not set("*?[") & set(log):
        if (CONF_DIR / "data" / f"{log}.yaml").is_file():
            return [f"data={log}"], {}
        known = ", ".join(sorted(file.stem for file in (CONF_DIR / "data").glob("*.yaml") if file.stem != "base"))
        raise UserError(f"log is {log!r}, which is neither a file here nor a data set ({known}); change log")
    named = [column for column in columns.values() if column not in (None, "user_id", "item_id")]
    is_table = path.is_dir() or bool(named) or plain_name(path).endswith(TABLES)
    settings = [f"data={'interactions' if is_table else 'sequences'}", setting("data.path", path.absolute())]
    if is_table:
        names = {setting_of: columns[argument] for setting_of, argument in _COLUMNS.items()}
        settings += [setting(f"data.columns.{name}", column) for name, column in names.items()]
        settings += [] if columns["session"] is None else ["data/sessions=column"]
    if items is not None:
        settings.append(setting("data.items_path", _items_file(items, columns, folder)))
    return settings, {}


def _items_file(items: Any, columns: dict[str, Any], folder: Path) -> Path:
    if isinstance(items, str | Path):
        return Path(items).absolute()
    return keep_items(items, columns["item"], folder)


def _in_words_of_python(sentence: str, replaced: dict[str, str]) -> str:
    """Return a sentence of the pipeline in which settings have the names of arguments."""
    arguments = {f"data.columns.{name}": argument for name, argument in _COLUMNS.items()}
    arguments |= {"data.path": "log", "data.items_path": "items", "data.target_behavior": "target_behavior"}
    for name, word in {**replaced, **arguments}.items():
        sentence = sentence.replace(name, word)
    return sentence
