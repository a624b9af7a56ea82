"""The tables of a leaderboard, out of what finished runs stored: rows, paired tests, slices."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from omegaconf import DictConfig

from seqmine.metrics.comparison import compare, rank_gains
from seqmine.metrics.horizon import horizon_gains
from seqmine.metrics.slices import slice_values, split_at
from seqmine.runs.comparable import FinishedRun, Row, find_runs, group_rows, require_one_protocol
from seqmine.runs.reading import read_table
from seqmine.runs.results import table_rows
from seqmine.structs import UserError

_log = logging.getLogger(__name__)
_TRAITS = ["history_length", "repeat_share", "target_in_history", "training_events", "transitions"]
_COSTS = ("best_epoch", "parameters", "time/total_s", "time/train_epoch_s", "memory/peak_mib", "shared_hits@10")
_Gains = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Leaderboard:
    """Runs side by side.

    Args:
        metric: what is tested and sliced, such as ``ndcg@10``.
        reference: name of the row that the others are tested against.
        chosen: True when validation chose the reference, False when the user named it.
        rows: one row a model, baseline or ceiling, best test value first.
        comparisons: each model against the reference.
        slices: each model on parts of the targets; the slice ``all`` holds every target.
        seed_values: test value of each run by row.
    """

    metric: str
    reference: str
    chosen: bool
    rows: pl.DataFrame
    comparisons: pl.DataFrame
    slices: pl.DataFrame
    seed_values: dict[str, list[float]]


def compare_runs(config: DictConfig) -> Leaderboard:
    """Read the runs that match and compare them.

    Args:
        config: of the program.

    Raises:
        UserError: no run matches, runs cannot be compared, ``against`` is no row of models, or there is one row only.
    """
    runs = find_runs([config.runs] if isinstance(config.runs, str) else list(config.runs))
    require_one_protocol(runs)
    rows = group_rows(runs, config.free_settings)
    table = rows_frame(rows, config.metric)
    if len(table) == 1:
        raise UserError(
            f"runs={config.runs} matches the one row {rows[0].name!r}, without baselines, and there is nothing to "
            "compare it with; widen runs"
        )
    reference = _reference(rows, config.against, config.metric)
    targets, gains = read_gains(rows, config.metric)
    drawn = {"num_resamples": config.num_resamples, "confidence": config.confidence}
    return Leaderboard(
        metric=config.metric,
        reference=reference,
        chosen=config.against is None,
        rows=table,
        comparisons=comparisons_frame(targets, gains, reference=reference, seed=config.seed, **drawn),
        slices=slices_frame(targets, gains, config.slices, rng=np.random.default_rng(config.seed), **drawn),
        seed_values={row.name: [run.metrics[f"test/{config.metric}"] for run in row.runs] for row in rows},
    )


def rows_frame(rows: Sequence[Row], metric: str) -> pl.DataFrame:
    """Return a table of rows of models, baselines and ceilings: means over their runs, and deviations as ``<name> sd``.

    Args:
        rows: of models; baselines and ceilings are found in the metrics of their runs.
        metric: sorts the table by its test value, best first.

    Raises:
        UserError: a run was not measured by the metric.
    """
    for row in rows:
        row.mean(f"test/{metric}")  # raises where a run has none
    rivals: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for run in (run for row in rows for run in row.runs):
        for name, prefix in table_rows(run.name, run.metrics):
            if prefix:
                kind = prefix.split("/")[0]
                values = {
                    key.removeprefix(prefix): value for key, value in run.metrics.items() if key.startswith(prefix)
                }
                rivals.setdefault((name, kind), []).append(values)
    found = [_summary(row.name, "model", [run.metrics for run in row.runs]) for row in rows]
    found += [_summary(name, kind, metrics) for (name, kind), metrics in rivals.items()]
    frame = pl.DataFrame(found, infer_schema_length=None)
    return frame.sort(f"test/{metric}", descending=True, nulls_last=True, maintain_order=True)


def read_gains(rows: Sequence[Row], metric: str) -> tuple[pl.DataFrame, _Gains]:
    """Read what every test target, or the horizon of every user, is worth to every row, as the mean over its seeds.

    Returns:
        The targets, sorted, or the first of each horizon, with ``train_count`` and the traits that a run stored; and
        the gains of each row.

    Raises:
        UserError: two runs ranked different targets.
    """
    targets = _targets_of([run for row in rows for run in row.runs])
    has_horizon = "horizon" in rows[0].runs[0].protocol
    users = _user_numbers(targets)
    gains: _Gains = {}
    for row in rows:
        ranks = [_ranks(run) for run in row.runs]
        for run, frame in zip(row.runs, ranks, strict=True):
            if not _are_the_same(frame, targets):
                first = rows[0].runs[0].folder
                raise UserError(
                    f"runs {str(first)!r} and {str(run.folder)!r} ranked different users or targets "
                    f"({len(targets)} and {len(frame)}) and cannot be paired; score both by the same seqmine.evaluate"
                )
        values = [frame["rank"].to_numpy() for frame in ranks]
        by_seed = [horizon_gains(of, users, metric) if has_horizon else rank_gains(of, metric) for of in values]
        gains[row.name] = np.mean(by_seed, axis=0)
    return (targets.unique("user_id", keep="first", maintain_order=True) if has_horizon else targets), gains


def comparisons_frame(
    targets: pl.DataFrame, gains: Mapping[str, NDArray[np.float64]], *, reference: str, **options: Any
) -> pl.DataFrame:
    """Test every row against the reference on the same targets; see ``compare`` for the options."""
    tests = [asdict(test) for test in compare(gains, _user_numbers(targets), reference=reference, **options)]
    columns = ["mean", "difference", "low", "high", "bootstrap_p", "wilcoxon_p"]
    schema = {"name": pl.String, **dict.fromkeys(columns, pl.Float64)}
    frame = pl.DataFrame(tests, schema=schema).sort("difference", descending=True, maintain_order=True)
    return frame.select(pl.col("name").alias("row"), pl.lit(reference).alias("against"), *columns)


def slices_frame(
    targets: pl.DataFrame,
    gains: Mapping[str, NDArray[np.float64]],
    edges: Mapping[str, Sequence[float]],
    **options: Any,
) -> pl.DataFrame:
    """Measure every row on every part of the targets; see ``slice_values`` for the options."""
    users, found = _user_numbers(targets), []
    for name, part, inside in _parts(targets, edges):
        inner = {row: values[inside] for row, values in gains.items()}
        values = [asdict(value) for value in slice_values(inner, users[inside], **options)]
        found += [{"slice": name, "part": part, **value} for value in values]
    return pl.DataFrame(found).rename({"model": "row"})


def _parts(targets: pl.DataFrame, edges: Mapping[str, Sequence[float]]) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    yield "all", "all", np.ones(len(targets), np.bool_)
    for name, at in edges.items():
        if name not in (*_TRAITS, "train_count"):
            raise UserError(
                f"slices.{name} is unknown, allowed are {', '.join(_TRAITS)} and train_count; change slices"
            )
        if name in targets.columns:
            for part, inside in split_at(targets[name].to_numpy(), [float(edge) for edge in at]):
                yield name, part, inside


def _reference(rows: Sequence[Row], against: str | None, metric: str) -> str:
    names = [row.name for row in rows]
    if against is None:
        validated = [row for row in rows if all(f"val/{metric}" in run.metrics for run in row.runs)]
        if not validated:
            raise UserError(
                f"no row has val/{metric}, by which the reference is chosen; set against to one of "
                f"{', '.join(map(repr, names))}"
            )
        return max(validated, key=lambda row: row.mean(f"val/{metric}")).name
    if against not in names:
        raise UserError(f"against is {against!r}, allowed are the models {', '.join(map(repr, names))}; change against")
    return against


def _summary(name: str, kind: str, metrics: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return means and deviations over runs of what all of them measured."""
    names = [key for key in metrics[0] if key.startswith(("val/", "test/")) or key in _COSTS]
    row: dict[str, Any] = {"row": name, "kind": kind, "num_runs": len(metrics)}
    for key in names:
        values = [run[key] for run in metrics if key in run]
        if len(values) == len(metrics):
            row[key] = float(np.mean(values))
            row[f"{key} sd"] = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return row


def _targets_of(runs: Sequence[FinishedRun]) -> pl.DataFrame:
    """Return the targets with all that any of the runs knows of them; the traits do not depend on the run."""
    counts = read_table(runs[0].folder / "catalog.parquet", ["item_id", "train_count"])
    targets = max((_ranks(run) for run in runs), key=lambda frame: len(set(_TRAITS) & set(frame.columns)))
    missing = [name for name in _TRAITS if name not in targets.columns]
    if missing:
        _log.warning("no run stored %s, so these slices are left out; run seqmine.evaluate on one", ", ".join(missing))
    return (
        targets.drop("rank", "split")
        .join(counts, on="item_id", how="left", maintain_order="left")
        .with_columns(pl.col("train_count").fill_null(0))
    )


def _ranks(run: FinishedRun) -> pl.DataFrame:
    """Return the ranked test targets of a run by user and position.

    Raises:
        UserError: a user has several targets that nothing tells apart.
    """
    frame = read_table(run.folder / "per_user.parquet").filter(split="test")
    if "position" not in frame.columns:
        if frame["user_id"].is_duplicated().any():
            raise UserError(
                f"run {str(run.folder)!r} ranked several targets of a user, and its per_user.parquet is of an earlier "
                "version without their position; run seqmine.evaluate on it, or leave it out of runs"
            )
        frame = frame.with_columns(position=pl.lit(None, pl.Int64))
    return frame.sort("user_id", "position")


def _are_the_same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    """Tell whether two runs ranked the same targets; one target a user may have no position in one of them."""
    keys = ["user_id", "item_id"]
    if not one.select(keys).equals(other.select(keys)):
        return False
    told = one["position"].is_not_null() & other["position"].is_not_null()
    return bool((one["position"] == other["position"]).filter(told).all())


def _user_numbers(targets: pl.DataFrame) -> NDArray[np.int64]:
    """Number the users of sorted targets."""
    return targets["user_id"].rle_id().to_numpy().astype(np.int64)
