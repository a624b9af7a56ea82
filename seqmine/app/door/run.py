"""A finished run from Python: its numbers, its pictures, and its recommendations."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from omegaconf import DictConfig, OmegaConf

from seqmine.app.job import plain_errors, quiet, settings_of
from seqmine.app.typed import setting
from seqmine.runs.folder import read_config, read_metrics
from seqmine.runs.reading import read_settings, read_table
from seqmine.structs import Catalog, UserError

if TYPE_CHECKING:
    from seqmine.app.door.explained import Explained
    from seqmine.reporting.notebook import Picture
    from seqmine.runs.restore import Model
    from seqmine.serving.histories import Histories

_SHOWN = ("val/ndcg@10", "test/ndcg@10", "test/hit_rate@10")
_NO_LISTS = pl.DataFrame(schema={"user_id": pl.String, "rank": pl.Int64, "item_id": pl.String, "score": pl.Float64})


@dataclass(frozen=True)
class Run:
    """A finished run: its numbers, and the model that it trained.

    Args:
        folder: of the run.
    """

    folder: Path
    _models: dict[tuple[str | None, str | None], "_Restored"] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """Every number by name, such as ``test/ndcg@10`` and ``baseline/markov/test/ndcg@10``, and the protocol."""
        return read_metrics(self.folder)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Every setting of the run as plain values."""
        settings = OmegaConf.to_container(read_settings(self.folder / "config.yaml"))
        assert isinstance(settings, dict)
        return {str(name): value for name, value in settings.items()}

    @property
    def per_user(self) -> pl.DataFrame:
        """The rank of the target of every user, with what is known of the history before it."""
        return read_table(self.folder / "per_user.parquet")

    @property
    def items(self) -> pl.DataFrame:
        """The items that the model knows, with their counts in training and their attributes."""
        return read_table(self.folder / "catalog.parquet")

    @property
    def learning_curve(self) -> "Picture":
        """The picture of loss and metric over the epochs."""
        from seqmine.reporting.notebook import Picture

        path = self.folder / "learning_curve.png"
        if not path.is_file():
            raise UserError(f"run {str(self.folder)!r} has no learning curve, as it trained no epoch; use another run")
        return Picture(path.read_bytes())

    def recommend(
        self,
        users: Iterable[Any] | None = None,
        *,
        histories: Any = None,
        top_k: int = 10,
        seen: str | None = None,
        history: str = "full",
        rerank: str | None = None,
        batch_size: int = 256,
        accelerator: str | None = None,
    ) -> pl.DataFrame:
        """Return the best next items; nothing is written, and the model is loaded only by the first call.

        Args:
            users: of the log of the run; None means all of them.
            histories: of any users instead: lists of items, a mapping from user to list, or a table with the columns
                ``user_id`` and ``item_id``, oldest first; items that the model does not know are left out. Users of
                plain lists are named by their place, from 0.
            top_k: length of the lists.
            seen: which items are not recommended again: ``full``, ``window`` or ``none``; None keeps that of the run.
            history: ``full``, or ``test`` to leave the test targets out of what is known.
            rerank: ``patterns`` corrects the model by them, ``none`` does not; None keeps that of the training.
            batch_size: users scored at once.
            accelerator: where the model computes: ``auto``, ``gpu`` or ``cpu``; None follows the run.

        Returns:
            user_id, rank (from 1), item_id and score, best first.

        Raises:
            UserError: a user or a setting that does not exist.
        """
        from seqmine.serving.recommendations import ListSettings, recommend_to

        if users is not None and histories is not None:
            raise UserError("users and histories are both set, allowed is one of them; leave out users or histories")
        with plain_errors():
            restored = self._restored(rerank, accelerator)
            asked = restored.known(history, users) if histories is None else restored.given(histories)
            if asked is None:
                return _NO_LISTS
            model = restored.on_the_log if histories is None else restored.own
            seen = restored.datamodule.seen if seen in (None, "auto") else seen
            lists = recommend_to(*model, asked, ListSettings(top_k, batch_size, seen))
            return pl.concat([_NO_LISTS, *lists], how="diagonal")  # a catalog may add titles

    def explain(
        self,
        user: Any = None,
        *,
        history: Iterable[Any] | None = None,
        item: Any = None,
        explainer: str = "deletion",
        overrides: Sequence[str] = (),
    ) -> "Explained":
        """Tell why an item is recommended: which events made it, and what would change it; nothing is written.

        Args:
            user: of the log of the run, after the whole history.
            history: items of anybody instead, oldest first.
            item: what is explained; None takes the first recommendation.
            explainer: a name of ``conf/explainer``, such as ``shapley`` or ``integrated_gradients``.
            overrides: any other setting of ``python -m seqmine.explain``; how faithful the explainer is costs time and
                is measured with ``faithfulness=default``.

        Raises:
            UserError: not one of user and history, or what the run does not know.
        """
        from seqmine.app.door.explained import explain

        return explain(self.folder, user, history, item, [f"explainer={explainer}", *overrides])

    def report(self, path: str | Path | None = None, *, sections: str = "full", overrides: Sequence[str] = ()) -> Path:
        """Write the page of the run and return where it is; see ``python -m seqmine.report``.

        Args:
            path: of the HTML file; None takes ``report.html`` in the run folder.
            sections: ``full``, or ``quick`` without explanations.
            overrides: any other setting of the program, such as ``patterns=<folder>`` or ``runs=<glob>``.

        Raises:
            UserError: a setting that does not exist, or the extra ``report`` is not installed.
        """
        from seqmine.app.telling import sections_of, subject_of_page
        from seqmine.reporting.page.file import write_page

        path = self.folder / "report.html" if path is None else Path(path)
        own = [setting("run", self.folder), setting("hydra.run.dir", self.folder), f"sections={sections}"]
        with quiet():
            config = settings_of("report", [*own, *overrides])
            subject = subject_of_page(config)
            write_page(subject, sections_of(config, subject), path)
        return path

    def _restored(self, rerank: str | None, accelerator: str | None) -> "_Restored":
        name = (rerank, accelerator)
        if name not in self._models:
            arguments = [
                setting("run", self.folder),
                setting("hydra.run.dir", self.folder),
                f"rerank={rerank or 'null'}",
            ]
            arguments.append(setting("trainer.accelerator", accelerator))
            with quiet():
                self._models[name] = _Restored(settings_of("recommend", arguments))
        return self._models[name]

    def __repr__(self) -> str:
        shown = [f"{name} {self.metrics[name]:.4f}" for name in _SHOWN if name in self.metrics]
        return f"Run({', '.join([repr(str(self.folder)), *shown])})"

    def _repr_html_(self) -> str:
        from seqmine.reporting.notebook import html_of, image_html
        from seqmine.reporting.run_table import metrics_table, stated_protocol

        table = html_of(
            repr(self), [metrics_table(self.settings["run_name"], self.metrics), stated_protocol(self.metrics)]
        )
        curve = self.folder / "learning_curve.png"
        return table + (image_html(curve.read_bytes()) if curve.is_file() else "")


class _Restored:
    """What a run needs to recommend: its model and its log, which is read when it is asked for.

    Args:
        config: of ``recommend``.
    """

    def __init__(self, config: DictConfig) -> None:
        from seqmine.runs.placement import place
        from seqmine.runs.restore import restore_run

        self.config = config
        self.settings, module, self.datamodule = restore_run(config)
        self.module = place(module, self.settings.trainer)

    @cached_property
    def own(self) -> "tuple[Model, Catalog]":
        """The model and the items of the run; and the items of the log where it is needed too."""
        from seqmine.runs.newer_log import needs_log
        from seqmine.runs.restore import run_catalog

        of_the_log = needs_log(self.config, self.datamodule)
        return self.on_the_log if of_the_log else (self.module, run_catalog(self.config.run))

    @cached_property
    def on_the_log(self) -> "tuple[Model, Catalog]":
        """The model as it scores the items of the log."""
        from seqmine.runs.newer_log import on_the_log
        from seqmine.runs.placement import place
        from seqmine.runs.restore import reranked

        module, _ = on_the_log(self.config.run, self.module, self.datamodule)
        module, _ = reranked(self.config, place(module, self.settings.trainer), self.datamodule)
        return module, self.datamodule.catalog

    def known(self, history: str, users: Iterable[Any] | None) -> "Histories":
        from seqmine.serving.histories import run_histories

        histories = run_histories(self.datamodule, history)
        return histories if users is None else histories.of([str(user) for user in users])

    def given(self, histories: Any) -> "Histories | None":
        from seqmine.data.sources.frame import EventFrame, of_histories
        from seqmine.serving.histories import given_histories, warn_of_unknown, without_empty

        is_table = hasattr(histories, "__arrow_c_stream__") or isinstance(histories, pl.LazyFrame)
        events = EventFrame(histories).read() if is_table else of_histories(histories)
        if events.is_empty():
            return None
        warn_of_unknown(events.lazy(), self.own[1])
        return without_empty(given_histories(events, self.datamodule, self.own[1]))


def load(folder: str | Path) -> Run:
    """Return a finished run, whether a program or Python trained it.

    Args:
        folder: of the run.

    Raises:
        UserError: it is no folder of a finished run.
    """
    read_config(str(folder))
    if not (Path(folder) / "metrics.json").is_file():
        raise UserError(f"run {str(folder)!r} has no metrics.json, as it is not finished; set folder to a finished run")
    return Run(Path(folder))
