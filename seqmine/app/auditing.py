"""The audit of a run's privacy: the model tells members from others, and its promise is held against that."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig

from seqmine.data.datamodule import SequenceDataModule
from seqmine.data.windows import LatestWindow
from seqmine.models.module import SequenceModule
from seqmine.privacy.canaries import Canaries
from seqmine.privacy.membership import attack, history_losses, one_run_audit
from seqmine.privacy.memorization import memorized
from seqmine.runs.checkpoints import read_checkpoint
from seqmine.runs.folder import read_metrics
from seqmine.runs.restore import Model, check_catalog, restore_run
from seqmine.structs import SequenceBatch, UserError


def audit(config: DictConfig) -> dict[str, Any]:
    """Attack a finished run.

    Args:
        config: of ``audit``.

    Returns:
        What ``privacy_audit.json`` holds.

    Raises:
        UserError: a model without a likelihood of histories, or a run with nobody to tell members from.
    """
    _, module, data = restore_run(config)
    model = _attackable(module, f"run {config.run!r}")
    reference = None if config.reference is None else _reference(config, data)
    metrics, canaries = read_metrics(Path(config.run)), _canaries(config.run)
    people = _people(data)
    if canaries is None and people is None:
        raise UserError(
            f"run {config.run!r} has no planted users, and its split keeps no user out of training, so nobody tells "
            "members from others; train with privacy.canaries=1000 or data/split=user_holdout"
        )
    claimed = metrics.get("privacy/epsilon_spent")
    found: dict[str, Any] = {"run": str(config.run), "claimed_epsilon": claimed, "delta": metrics.get("privacy/delta")}
    if canaries is not None:
        scores = _scores(model, reference, canaries.rows())
        included = canaries.included.numpy()
        bound = one_run_audit(scores, included, metrics["privacy/delta"], config.confidence)
        bound["refutes_the_claim"] = bool(bound["epsilon_low"] > claimed)
        found |= {"one_run": bound, "canaries": attack(scores[included], scores[~included], config.confidence)}
        found["memorization"] = memorized(model, canaries, config.confidence)
    if people is not None:
        found["users"] = _attacked_by_length(model, reference, people, config.confidence)
    return found


def _attackable(module: Model, what: str) -> SequenceModule:
    if not isinstance(module, SequenceModule):
        raise UserError(f"{what} has a {type(module).__name__}, allowed are models with item vectors; change run")
    return module


def _reference(config: DictConfig, data: SequenceDataModule) -> SequenceModule:
    asked = config.copy()
    asked.run = config.reference
    _, module, _ = restore_run(asked)
    check_catalog(data.catalog, config.reference)
    return _attackable(module, f"reference {config.reference!r}")


def _canaries(run: str) -> Canaries | None:
    path = Path(run) / "checkpoints" / "best.ckpt"
    state = read_checkpoint(path, f"run is {run!r}")["callbacks"].get("PrivateTraining", {})
    return Canaries(state["items"], state["included"]) if "included" in state else None


def _scores(model: SequenceModule, reference: SequenceModule | None, rows: list[SequenceBatch]) -> NDArray[np.float64]:
    """Return how much more a model expects histories than another that did not see them, or than nothing does."""
    losses = history_losses(model, rows)
    return -losses if reference is None else history_losses(reference, rows) - losses


def _people(data: SequenceDataModule) -> tuple[list[SequenceBatch], list[SequenceBatch]] | None:
    """Return histories that were trained on and such that were not; None where the split keeps nobody out."""
    prepared = data.prepared
    stops = np.asarray(prepared.split.train_stops)
    lengths = np.diff(prepared.log.offsets)
    out = (stops == 0) & (lengths >= 2)
    if not out.any():
        return None
    batches = data._training_batches()
    chosen = LatestWindow().choose(
        prepared.log.offsets, np.where(out, lengths, stops), data.max_length, np.random.default_rng(0)
    )
    rows = batches.collate(chosen, np.arange(len(chosen)), np.random.default_rng(0)).rows()
    members = [row for row, user in zip(rows, chosen.users, strict=True) if not out[user]]
    return members, [row for row, user in zip(rows, chosen.users, strict=True) if out[user]]


def _attacked_by_length(
    model: SequenceModule,
    reference: SequenceModule | None,
    people: tuple[list[SequenceBatch], list[SequenceBatch]],
    confidence: float,
) -> dict[str, Any]:
    """Attack all users, and those with short and with long histories alone."""
    scores = [_scores(model, reference, rows) for rows in people]
    lengths = [torch.cat([row.lengths for row in rows]).numpy() for rows in people]
    border = float(np.median(np.concatenate(lengths)))
    found: dict[str, Any] = {"all": attack(scores[0], scores[1], confidence)}
    for name, chosen in (
        (f"up to {border:g} events", [part <= border for part in lengths]),
        (f"more than {border:g} events", [part > border for part in lengths]),
    ):
        if all(part.any() for part in chosen):
            members, others = (part[mask] for part, mask in zip(scores, chosen, strict=True))
            found[name] = attack(members, others, confidence)
    return found
