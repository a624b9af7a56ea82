"""What a mean over all targets hides: the value by user, on warm and cold parts, and beyond what is easily counted."""

from collections.abc import Collection, Mapping

import numpy as np
import polars as pl

from seqmine.metrics.comparison import rank_gains

_METRICS = ("hit_rate@10", "ndcg@10")
_TOP_K = 10
SHORT = ("markov", "ngram")
"""Baselines that look at the last item, and at the last two."""


def metrics_of_parts(test: pl.DataFrame, known_items: Collection[str]) -> dict[str, float]:
    """Return HR@10 and NDCG@10 as the mean over users where some have several targets, and on parts of the targets.

    The parts are cold users, of whom training has no event, and warm ones; items that training does not have and those
    that it has; and targets whose item never came right after the last item of the history in training
    (``unexplained``), which no table of transitions can tell. A part that is empty or everything is left out.

    Args:
        test: ranked targets with ``training_events`` and ``transitions``; see ``target_traits``.
        known_items: raw keys of the items that training has.
    """
    gains = test.with_columns(pl.Series(name, rank_gains(test["rank"].to_numpy(), name)) for name in _METRICS)
    parts = {"cold_users": pl.col("training_events") == 0, "cold_items": ~pl.col("item_id").is_in(list(known_items))}
    parts |= {name.replace("cold", "warm"): ~is_cold for name, is_cold in parts.items()}
    parts["unexplained"] = pl.col("transitions") == 0
    found: dict[str, float] = {}
    if gains["user_id"].is_duplicated().any():
        by_user = gains.group_by("user_id", maintain_order=True).agg(pl.col(_METRICS).mean())
        found |= {"test/num_users": len(by_user), "test/num_targets": len(gains)}
        found |= {f"test/by_user/{name}": float(by_user[name].mean()) for name in _METRICS}  # type: ignore[arg-type]
    for part, belongs in parts.items():
        inside = gains.filter(belongs)
        if 0 < len(inside) < len(gains):
            found |= {f"test/{part}/{name}": float(inside[name].mean()) for name in _METRICS}  # type: ignore[arg-type]
            found[f"test/{part}/num_targets"] = len(inside)
    return found


def beyond_shortcuts(
    test: pl.DataFrame, rivals: Mapping[str, pl.DataFrame], known_items: Collection[str]
) -> dict[str, float]:
    """Return what tells a model from simpler recommenders: shared hits, and the value of each rival on the same parts.

    Args:
        test: ranked targets of the model with their traits.
        rivals: the same targets, ranked by each rival, by name.
        known_items: raw keys of the items that training has.
    """
    found = shared_hits(test, rivals)
    for name, frame in rivals.items():
        parts = metrics_of_parts(test.with_columns(frame["rank"]), known_items)
        found |= {f"{name}/{key}": value for key, value in parts.items() if not key.startswith("test/num_")}
    return found


def shared_hits(test: pl.DataFrame, rivals: Mapping[str, pl.DataFrame]) -> dict[str, float]:
    """Return the share of the hits@10 of the model that are also hits of each rival, and of any that is a shortcut.

    Args:
        test: ranked targets of the model.
        rivals: the same targets, ranked by each rival, by name.

    >>> model, rival = (pl.DataFrame({"rank": ranks}) for ranks in ([1.0, 2.0, 11.0], [3.0, 90.0, 1.0]))
    >>> shared_hits(model, {"baseline/markov": rival})
    {'baseline/markov/shared_hits@10': 0.5}
    """
    hits = test["rank"].to_numpy() <= _TOP_K
    if not hits.any():
        return {}
    shared = {name: frame["rank"].to_numpy()[hits] <= _TOP_K for name, frame in rivals.items()}
    short = [shared[f"baseline/{name}"] for name in SHORT if f"baseline/{name}" in shared]
    if len(short) > 1:
        shared["shortcut"] = np.logical_or.reduce(short)
    return {f"{name}/shared_hits@{_TOP_K}": float(of.mean()) for name, of in shared.items()}
