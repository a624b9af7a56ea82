"""A picture of a prepared log: what kind of histories are these?"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqmine.data.sequences import PreparedData
from seqmine.data.traits import repeated_events
from seqmine.structs import InteractionLog
from seqmine.structs.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_USERS = 200_000
"""Users that times, behaviors and repeats are counted for; lengths and popularity look at all."""
_FIRST_EVENTS = 50


def draw_log(data: PreparedData, path: Path, seed: int) -> None:
    """Write the picture of a log as a PNG, as a whole or not at all; see ``log_figure``."""
    figure = log_figure(data, seed)
    write_atomically(path, lambda temporary: figure.savefig(temporary, format="png", dpi=110))


def log_figure(data: PreparedData, seed: int) -> "Figure":
    """Draw lengths, popularity, events over time, behaviors and repeats as panels of one picture.

    Args:
        data: the prepared log.
        seed: decides which users are looked at when there are more than ``MAX_USERS``.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    log = draw_users(data.log, MAX_USERS, seed)
    figure = Figure(figsize=(12, 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, 3).flat
    _draw_lengths(panels[0], data.log.lengths)
    _draw_popularity(panels[1], data.catalog.train_counts[1:].numpy())
    _draw_times(panels[2], log)
    _draw_behaviors(panels[3], log)
    _draw_repeats(panels[4], log)
    panels[5].axis("off")
    panels[5].text(0, 0.5, describe_log(data, log), va="center", fontsize=10, linespacing=1.6, in_layout=False)
    for panel in panels[:5]:
        panel.grid(alpha=0.3)
    return figure


def draw_users(log: InteractionLog, max_users: int, seed: int) -> InteractionLog:
    """Return the histories of at most ``max_users`` users, sampled at random when there are more."""
    if log.num_users <= max_users:
        return log
    return log.take_users(np.sort(np.random.default_rng(seed).choice(log.num_users, max_users, replace=False)))


def describe_log(data: PreparedData, log: InteractionLog) -> str:
    """Return the size of a log in words.

    Args:
        data: the prepared log.
        log: the histories that are drawn.
    """
    whole = data.log
    lines = [
        f"{whole.num_events:,} events",
        f"{whole.num_users:,} users",
        f"{data.catalog.num_items:,} items in training",
        f"{len(data.unseen_item_ids):,} items later only",
        f"{len(data.split.val):,} validation targets",
        f"{len(data.split.test):,} test targets",
        f"median history {np.median(whole.lengths):.0f} events, longest {whole.lengths.max():,}",
        f"{repeated_events(log).mean():.1%} of events repeat an item",
    ]
    if log.num_users < whole.num_users:
        lines.append(f"times, kinds, repeats: {log.num_users:,} users drawn")
    return "\n".join(lines)


def _draw_lengths(panel: Any, lengths: NDArray[np.int64]) -> None:
    present = lengths[lengths > 0]
    edges = np.unique(np.round(np.geomspace(1, max(int(present.max(initial=1)), 2) + 1, 40)))
    panel.hist(present, bins=edges)
    panel.set(xscale="log", title="lengths of histories", xlabel="events per user", ylabel="users")
    _thin_ticks(panel.xaxis)


def _draw_popularity(panel: Any, counts: NDArray[np.int64]) -> None:
    ranked = np.sort(counts)[::-1]
    rows = np.unique(np.geomspace(1, len(ranked), 400).astype(np.int64)) - 1
    panel.plot(rows + 1, ranked[rows])
    top = ranked[: max(len(ranked) // 10, 1)].sum() / max(ranked.sum(), 1)
    title = f"popularity: the top tenth has {top:.0%}"
    panel.set(xscale="log", yscale="log", title=title, xlabel="rank of the item", ylabel="training events")
    _thin_ticks(panel.xaxis)
    _thin_ticks(panel.yaxis)


def _thin_ticks(axis: Any) -> None:
    """Label a logarithmic axis at few round numbers, however small its range; Matplotlib labels every minor tick."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=8))
    axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axis.set_minor_formatter(NullFormatter())


def _draw_times(panel: Any, log: InteractionLog) -> None:
    panel.set(title="events over time", ylabel="events")
    if log.timestamps is None:
        panel.text(0.5, 0.5, "the log has no times", ha="center", va="center", transform=panel.transAxes)
        return
    counts, edges = np.histogram(log.timestamps, bins=60)
    panel.stairs(counts, edges.astype("datetime64[s]"), fill=True)
    panel.tick_params(axis="x", rotation=30)


def _draw_behaviors(panel: Any, log: InteractionLog) -> None:
    panel.set(title="kinds of events", xlabel="events")
    if log.behaviors is None:
        panel.text(0.5, 0.5, "the log has one kind of event", ha="center", va="center", transform=panel.transAxes)
        return
    counts = np.bincount(log.behaviors, minlength=len(log.behavior_names) + 1)[1:]
    rows = np.argsort(counts)[-12:]
    panel.barh([log.behavior_names[row] for row in rows], counts[rows])
    panel.bar_label(panel.containers[0], [f"{counts[row] / counts.sum():.1%}" for row in rows], padding=2)
    panel.margins(x=0.15)


def _draw_repeats(panel: Any, log: InteractionLog) -> None:
    position = log.event_positions
    early = position < _FIRST_EVENTS
    seen = np.bincount(position[early], minlength=1)
    share = np.bincount(position[early], weights=repeated_events(log)[early], minlength=1) / np.maximum(seen, 1)
    panel.plot(np.arange(1, len(share) + 1), share)
    panel.set(title="share of repeats", xlabel="place in the history", ylabel="item known to the user", ylim=(0, 1))
