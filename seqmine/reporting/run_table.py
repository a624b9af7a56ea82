"""What a person sees of a finished run: model, baselines and ceiling side by side, with the protocol."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig

from seqmine.runs.parts import SHORT
from seqmine.runs.results import table_rows

if TYPE_CHECKING:
    from rich.table import Table

_SHARED = "shared_hits@10"
_PARTS = {
    "cold_users": "cold users",
    "warm_users": "warm users",
    "cold_items": "items that training never saw",
    "warm_items": "other items",
    "unexplained": "targets that no transition of the training part explains",
}
_COLUMNS = ("hit_rate@10", "recall@10", "ndcg@10", "mrr@10", "coverage@10", "popularity_bias@10")


@rank_zero_only
def print_table(config: DictConfig, metrics: dict[str, Any]) -> None:
    """Print model, baselines and ceiling side by side, with the protocol below."""
    from seqmine.reporting.terminal import Terminal

    console = Terminal()
    console.print(metrics_table(config.run_name, metrics))
    console.print(stated_protocol(metrics), highlight=False)
    for sentence in [*promise_kept(metrics), *parts_found(metrics), *shortcut_found(metrics), *order_found(metrics)]:
        console.print(sentence, highlight=False)
    if chosen := ", ".join(f"{name} {value:g}" for name, value in metrics.items() if name.startswith("rerank/")):
        console.print(f"the scores of the model are corrected: {chosen}", highlight=False)
    if "items/new" in metrics:
        counts = ", ".join(f"{metrics[f'items/{name}']} {name}" for name in ("known", "new", "gone"))
        console.print(f"items of this log for the model of another: {counts}", highlight=False)
    seconds = sorted(name for name in metrics if name.startswith("time/"))
    spent = [f"{name.removeprefix('time/')} {metrics[name]:.1f}" for name in seconds]
    if "memory/peak_mib" in metrics:
        spent.append(f"peak memory {metrics['memory/peak_mib']:.0f} MiB")
    if spent:
        console.print(", ".join(spent), highlight=False)
    console.print(f"run folder: {config.paths.run}", highlight=False, soft_wrap=True)


def metrics_table(run_name: str, metrics: dict[str, Any]) -> "Table":
    """Return the test metrics of model, baselines and ceiling side by side."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=f"test: {escape(run_name)}", title_justify="left")
    table.add_column("row", overflow="fold")
    # only a horizon has several targets, for which recall is more than the hit rate
    columns = [column for column in _COLUMNS if column != "recall@10" or "test/recall@10" in metrics]
    for column in columns:
        table.add_column(column.replace("_", " ").replace("@", "\n@"), justify="right", overflow="fold")
    names = [f"test/{column}" for column in columns]
    if any(name.endswith(_SHARED) for name in metrics):
        table.add_column("hits of\nthe model\nshared", justify="right", overflow="fold")
        names.append(_SHARED)
    for name, prefix in table_rows(run_name, metrics):
        values = [metrics.get(f"{prefix}{name}") for name in names]
        style = "bold" if prefix == "" else None
        table.add_row(escape(name), *("" if value is None else f"{value:.4f}" for value in values), style=style)
    return table


def shortcut_found(metrics: dict[str, Any]) -> list[str]:
    """Return how much of what the model hits looking at the last one or two items finds as well.

    >>> shortcut_found({"shortcut/shared_hits@10": 0.75})
    ['75.0% of the hits of the model are hits of markov or ngram too, which look at the last one or two items']
    """
    share = metrics.get("shortcut/shared_hits@10")
    names = " or ".join(SHORT)
    look = "which look at the last one or two items"
    return [] if share is None else [f"{share:.1%} of the hits of the model are hits of {names} too, {look}"]


def promise_kept(metrics: dict[str, Any]) -> list[str]:
    """Return what a private run promises to each user, what it spent, and how.

    >>> names = ("epsilon", "epsilon_spent", "delta", "steps", "sample_rate", "noise_multiplier", "max_grad_norm")
    >>> found = {f"privacy/{name}": value for name, value in zip(names, (8.0, 7.99, 1e-5, 120, 0.25, 1.4, 1.0))}
    >>> promise_kept(found)  # doctest: +NORMALIZE_WHITESPACE
    ['privacy of each user: epsilon 7.990 of 8 spent at delta 1e-05, in 120 steps with a share of 0.2500 of the users,
      noise 1.400 times the clip of 1; only release/ may leave the run folder']
    """
    told = {name.removeprefix("privacy/"): value for name, value in metrics.items() if name.startswith("privacy/")}
    if not told:
        return []
    public = told.get("public_users")
    chosen = "" if public is None else f"chosen by {public:,} public users, who have no promise; "
    return [
        f"privacy of each user: epsilon {told['epsilon_spent']:.3f} of {told['epsilon']:g} spent at delta "
        f"{told['delta']:g}, in {told['steps']} steps with a share of {told['sample_rate']:.4f} of the users, noise "
        f"{told['noise_multiplier']:.3f} times the clip of {told['max_grad_norm']:g}; {chosen}only release/ may leave "
        "the run folder",
        *_attacked(told),
    ]


def _attacked(told: Mapping[str, Any]) -> list[str]:
    if "attack_auc" not in told:
        return []
    return [
        f"attack on {told['planted_users']:,} planted users: AUC {told['attack_auc']:.3f} "
        f"({told['attack_auc_low']:.3f} to {told['attack_auc_high']:.3f}, .5 is chance), which proves an "
        f"epsilon of {told['epsilon_low']:.2f} at least"
    ]


def parts_found(metrics: dict[str, Any]) -> list[str]:
    """Return NDCG@10 of the model by user, and on the parts of the targets that were told apart.

    >>> parts_found({"test/cold_users/ndcg@10": 0.1, "test/cold_users/num_targets": 7, "test/warm_users/ndcg@10": 0.3})
    ['NDCG@10 on parts of the targets: cold users .1000 (7), warm users .3000']
    """
    sentences = []
    if (by_user := metrics.get("test/by_user/ndcg@10")) is not None:
        users, targets = metrics["test/num_users"], metrics["test/num_targets"]
        sentences.append(f"NDCG@10 as the mean over {users:,} users with {targets:,} targets: {_shown(by_user)}")
    parts = []
    for part, words in _PARTS.items():
        if (value := metrics.get(f"test/{part}/ndcg@10")) is not None:
            count = metrics.get(f"test/{part}/num_targets")
            parts.append(f"{words} {_shown(value)}" + ("" if count is None else f" ({count:,})"))
    return [*sentences, *([f"NDCG@10 on parts of the targets: {', '.join(parts)}"] if parts else [])]


def _shown(value: float) -> str:
    return f"{value:.4f}".removeprefix("0")


def stated_protocol(metrics: dict[str, Any]) -> str:
    """Return in words how the numbers were measured."""
    words = ", ".join(f"{key} {value}" for key, value in metrics["protocol"].items() if key != "data_fingerprint")
    return f"protocol: {words}"


def order_found(metrics: dict[str, Any]) -> list[str]:
    """Return, for each baseline that is blind to order, whether the model found order beyond it.

    >>> tie = {"order_gain/ndcg@10": 0.001, "order_gain/low": -0.002, "order_gain/high": 0.004}
    >>> order_found({f"baseline/ease/{name}": value for name, value in tie.items()})
    ['no order to mine: ease, which is blind to order, does as well (NDCG@10 +0.0010, 95% interval -0.0020 to +0.0040)']
    """
    sentences = []
    for name, low in metrics.items():
        if name.endswith("/order_gain/low"):
            prefix = name.removesuffix("low")
            gain, high = metrics[f"{prefix}ndcg@10"], metrics[f"{prefix}high"]
            found = f"{name.split('/')[1]}, which is blind to order, does"
            worth = f"(NDCG@10 {gain:+.4f}, 95% interval {low:+.4f} to {high:+.4f})"
            if low > 0:
                sentences.append(f"order was found: {found} worse {worth}")
            elif high < 0:
                sentences.append(f"order was not learned: {found} better {worth}")
            else:
                sentences.append(f"no order to mine: {found} as well {worth}")
    return sentences
