"""What a training or an evaluation leaves, as values: whoever measured something gives it by what it offers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import polars as pl
from lightning import Trainer


@runtime_checkable
class Measures(Protocol):
    """A callback with numbers of the run as a whole."""

    @property
    def results(self) -> Mapping[str, float]:
        """Numbers by name."""
        ...


@runtime_checkable
class Ranks(Protocol):
    """A callback with the rank of every target."""

    @property
    def per_user(self) -> Mapping[str, pl.DataFrame]:
        """One row a target, by part."""
        ...


@runtime_checkable
class RanksRivals(Protocol):
    """A callback with the rank of every test target for baselines and explanations."""

    @property
    def rivals_per_user(self) -> Mapping[str, pl.DataFrame]:
        """One row a target, by name of the rival, such as ``baseline/markov``."""
        ...


@runtime_checkable
class Remembers(Protocol):
    """A callback with the numbers of every epoch."""

    @property
    def epochs(self) -> Sequence[Mapping[str, float]]:
        """Numbers by name, the first epoch first."""
        ...


@dataclass(frozen=True)
class Results:
    """What was measured; empty where no callback of the run measures it.

    Args:
        metrics: numbers of the run as a whole.
        per_user: rank of every target, by part.
        epochs: the learning curve, numbers of every epoch.
        rivals_per_user: rank of every test target for each baseline and ceiling, by name.
    """

    metrics: Mapping[str, float]
    per_user: Mapping[str, pl.DataFrame]
    epochs: Sequence[Mapping[str, float]]
    rivals_per_user: Mapping[str, pl.DataFrame]


def results_of(trainer: Trainer) -> Results:
    """Return what the callbacks of a trainer measured, also callbacks of a user's own."""
    metrics: dict[str, float] = {}
    per_user: dict[str, pl.DataFrame] = {}
    rivals_per_user: dict[str, pl.DataFrame] = {}
    epochs: Sequence[Mapping[str, float]] = ()
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Measures):
            metrics |= callback.results
        if isinstance(callback, Ranks):
            per_user |= callback.per_user
        if isinstance(callback, RanksRivals):
            rivals_per_user |= callback.rivals_per_user
        if isinstance(callback, Remembers):
            epochs = callback.epochs
    return Results(metrics, per_user, epochs, rivals_per_user)
