"""Finished runs side by side: which may be compared, and which are one row, told apart by nothing but their seed."""

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from glob import escape, glob
from itertools import pairwise
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from seqmine.runs.folder import read_config, read_metrics
from seqmine.runs.reading import read_settings, was_written
from seqmine.runs.settings import nodes
from seqmine.structs import UserError

_log = logging.getLogger(__name__)
# parts of the stated protocol that may differ between runs whose numbers are comparable
_FREE_OF_PROTOCOL = ("seed", "chosen_by", "max_length")
# a name of more settings than this helps nobody
_MAX_SETTINGS = 4


@dataclass(frozen=True)
class FinishedRun:
    """What a finished run left behind.

    Args:
        folder: of the run.
        name: its ``run_name``.
        seed: of its training.
        settings: value of each setting of its training by full name; references are not followed.
        protocol: all that has to agree between comparable runs.
        metrics: its numbers.
    """

    folder: Path
    name: str
    seed: int
    settings: dict[str, Any]
    protocol: dict[str, Any]
    metrics: dict[str, Any]


@dataclass(frozen=True)
class Row:
    """Runs of the same settings.

    Args:
        name: the ``run_name``, and the settings that tell the row from others of that name.
        runs: one a seed, by seed.
    """

    name: str
    runs: list[FinishedRun]

    def mean(self, metric: str) -> float:
        """Return the mean of a metric over the runs.

        Raises:
            UserError: a run does not have the metric.
        """
        values = [run.metrics[metric] for run in self.runs if metric in run.metrics]
        if len(values) < len(self.runs):
            known = ", ".join(name for name in self.runs[0].metrics if name.startswith(f"{metric.partition('/')[0]}/"))
            raise UserError(f"run {str(self.runs[0].folder)!r} has no {metric}, it has {known}; change metric")
        return float(sum(values) / len(values))


def find_runs(patterns: Sequence[str]) -> list[FinishedRun]:
    """Read the finished runs among the folders that match; unfinished ones are named in the log.

    Args:
        patterns: globs of run folders.

    Raises:
        UserError: no finished run matches, or a run has no ranks of its users.
    """
    folders = sorted({path for pattern in patterns for path in matching(pattern)})
    started = [folder for folder in folders if was_written(folder / "config.yaml")]
    finished = [folder for folder in started if was_written(folder / "metrics.json")]
    if not finished:
        raise UserError(
            f"runs={', '.join(patterns)} matches no finished run among {len(folders)} paths; set runs to a glob of "
            "folders that seqmine.train wrote, such as outputs/train/*"
        )
    if left_out := [folder.name for folder in started if folder not in finished]:
        _log.warning("%d matching folders hold no finished run and are left out: %s", len(left_out), _listed(left_out))
    for folder in finished:
        if not was_written(folder / "per_user.parquet"):
            raise UserError(
                f"run {str(folder)!r} has no per_user.parquet, which paired tests need; run seqmine.evaluate on it, or "
                "leave it out of runs"
            )
    return [_read_run(folder) for folder in finished]


def matching(pattern: str) -> list[Path]:
    """Return the paths that a glob matches; its leading folders that exist by name are no glob, brackets and all."""
    parts, known = Path(pattern).parts, Path()
    while parts and (known / parts[0]).exists():
        known, parts = known / parts[0], parts[1:]
    if not parts:
        return [known]
    return [Path(path) for path in glob(str(Path(escape(str(known)), *parts)), recursive=True)]  # noqa: PTH207 - absolute too


def require_one_protocol(runs: Sequence[FinishedRun]) -> None:
    """Refuse runs whose numbers were measured in different ways or on different data.

    Raises:
        UserError: names what differs, and the runs of each value.
    """
    differing = []
    for key in runs[0].protocol:
        values: dict[str, list[str]] = {}
        for run in runs:
            values.setdefault(str(run.protocol.get(key)), []).append(str(run.folder))
        if len(values) > 1:
            differing.append(f"{key} is " + " and ".join(f"{value} in {_listed(values[value])}" for value in values))
    if differing:
        raise UserError(
            f"the runs were not measured alike and cannot be compared: {'; '.join(differing)}; narrow runs to those of "
            "one protocol, or score them alike with seqmine.evaluate"
        )


def group_rows(runs: Sequence[FinishedRun], free_settings: Sequence[str]) -> list[Row]:
    """Put runs that differ only by seed into one row.

    Args:
        runs: finished runs.
        free_settings: names of settings, or of groups of them, in which runs of one row may differ.

    Raises:
        UserError: a row has a seed twice.
    """
    groups: dict[str, list[FinishedRun]] = {}
    for run in runs:
        groups.setdefault(json.dumps(_fixed(run, free_settings), sort_keys=True), []).append(run)
    rows = [sorted(group, key=lambda run: run.seed) for group in groups.values()]
    for row in rows:
        _require_seeds_once(row)
    names = {row[0].name: [other for other in rows if other[0].name == row[0].name] for row in rows}
    return [Row(_row_name(row, names[row[0].name], free_settings), row) for row in rows]


def _read_run(folder: Path) -> FinishedRun:
    resolved, config, metrics = read_settings(folder / "config.yaml"), read_config(str(folder)), read_metrics(folder)
    if config.program == "evaluate":
        asked, config = config, read_config(config.run)
        if asked.get("rerank") is not None:
            OmegaConf.update(config, "rerank", asked.rerank, merge=False, force_add=True)
    free = [name for name in _FREE_OF_PROTOCOL if name != "max_length" or metrics["protocol"]["seen"] != "window"]
    protocol = {name: value for name, value in metrics["protocol"].items() if name not in free}
    if protocol["candidates"] not in ("full", "available"):
        protocol["candidates_seed"] = resolved.evaluation.seed
    settings = _settings(config)
    if (
        "model_catalog" in metrics
    ):  # a model of another log is not the one that was trained on this, whatever else agrees
        settings["model_catalog"] = metrics["model_catalog"]
    return FinishedRun(folder, str(resolved.run_name), resolved.seed, settings, protocol, metrics)


def _settings(config: DictConfig) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, node in nodes(config):
        if isinstance(node, ListConfig):
            found[name] = OmegaConf.to_container(node)
        elif not isinstance(node, DictConfig) or node._is_interpolation() or node._is_none():
            found[name] = node._value()
    return found


def _fixed(run: FinishedRun, free_settings: Iterable[str]) -> dict[str, Any]:
    free = tuple(f"{name}." for name in free_settings)
    return {name: value for name, value in run.settings.items() if not f"{name}.".startswith(free)}


def _require_seeds_once(row: Sequence[FinishedRun]) -> None:
    for first, second in pairwise(row):
        if first.seed == second.seed:
            raise UserError(
                f"runs {str(first.folder)!r} and {str(second.folder)!r} have the same settings and the same seed "
                f"{first.seed}; leave one of them out of runs"
            )


def _row_name(row: Sequence[FinishedRun], namesakes: Sequence[Sequence[FinishedRun]], free: Sequence[str]) -> str:
    """Name a row after its run_name and the settings in which it differs from its namesakes."""
    settings = [_fixed(other[0], free) for other in namesakes]
    own, absent = _fixed(row[0], free), object()
    names = dict.fromkeys(name for other in settings for name in other)
    differing = [name for name in names if any(other.get(name, absent) != own.get(name, absent) for other in settings)]
    differing = [name for name in differing if not _told_by_its_component(name, settings, differing)]
    if len(differing) > _MAX_SETTINGS:
        return f"{row[0].name} ({row[0].folder.name})"
    labels = [name.removesuffix("._target_").rpartition(".")[2] for name in differing]
    shown = [label if labels.count(label) == 1 else name for label, name in zip(labels, differing, strict=True)]
    values = [f"{label}={_shown(own[name])}" for label, name in zip(shown, differing, strict=True) if name in own]
    return " ".join([row[0].name, *values])


def _told_by_its_component(name: str, settings: Sequence[dict[str, Any]], differing: Sequence[str]) -> bool:
    """Tell whether a setting is the same wherever it is, and comes and goes with a component that is named already."""
    values = {str(other[name]) for other in settings if name in other}
    is_everywhere = all(name in other for other in settings)
    parts = name.split(".")
    owners = {".".join([*parts[:length], "_target_"]) for length in range(1, len(parts))} - {name}
    return len(values) == 1 and not is_everywhere and not owners.isdisjoint(differing)


def _shown(value: Any) -> str:
    """Return a value as yaml writes it, a class by its own name alone."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.rpartition(".")[2] if isinstance(value, str) else str(value)


def _listed(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
