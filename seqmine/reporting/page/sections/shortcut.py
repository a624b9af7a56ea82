"""Is it more than a shortcut? What baselines that look at the last one or two items find as well."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from seqmine.reporting.page import charts
from seqmine.reporting.page.blocks import Block, Chart, Grid, Words
from seqmine.reporting.page.sections.standing import NO_RANKS
from seqmine.reporting.page.subject import TOP_K, Subject
from seqmine.runs.parts import SHORT
from seqmine.structs import UserError


class Shortcut:
    """How many hits of the model are hits of simpler recommenders too."""

    title: ClassVar[str] = "Is it more than a shortcut?"

    def __call__(self, subject: Subject) -> Sequence[Block]:
        """Return the overlap with each baseline, and with all that look at the last items together."""
        rivals = {name: frame for name, frame in subject.rivals.items() if name != "ceiling"}
        if not rivals:
            raise UserError(NO_RANKS)
        keys = ["user_id", "position"]
        ranks = {
            name: subject.ranks.select(keys)
            .join(frame.select(*keys, "rank"), on=keys, how="left", maintain_order="left")["rank"]
            .to_numpy()
            for name, frame in rivals.items()
        }
        hits = {name: values <= TOP_K for name, values in ranks.items()}
        own = subject.ranks["rank"].to_numpy() <= TOP_K
        if not own.any():
            raise UserError("the model hits nothing, so that there is nothing to share")
        short = [name for name in SHORT if name in hits]
        if len(short) > 1:
            hits[f"{' or '.join(short)}"] = np.logical_or.reduce([hits[name] for name in short])
        rows = overlap_rows(own, hits)
        words = _verdict(own, hits, short)
        caption = f"Hits in the top {TOP_K}: what the model shares with each baseline"
        columns = [
            "baseline",
            "its hit rate",
            "share of the model's hits that it has",
            "hits of the model alone",
            "hits of it alone",
        ]
        bars = [{"name": str(row[0]), "value": row[2]} for row in rows]
        chart = charts.bars(bars, x="share of the model's hits", y="baseline")
        return [
            Words(words),
            Chart("Hits of the model that a baseline has too", words, chart),
            Grid(caption, columns, rows),
        ]


def overlap_rows(own: NDArray[np.bool_], hits: Mapping[str, NDArray[np.bool_]]) -> list[tuple]:
    """Return name, hit rate, share of the model's hits, hits of only the model and of only the other.

    >>> overlap_rows(np.array([True, True, False]), {"markov": np.array([True, False, True])})
    [('markov', 0.6666666666666666, 0.5, 1, 1)]
    """
    return [
        (name, float(other.mean()), float(other[own].mean()), int((own & ~other).sum()), int((other & ~own).sum()))
        for name, other in hits.items()
    ]


def _verdict(own: NDArray[np.bool_], hits: Mapping[str, NDArray[np.bool_]], short: Sequence[str]) -> str:
    if not short:
        return "No baseline of this run looks at the last items alone; set baselines=default and train again."
    either = np.logical_or.reduce([hits[name] for name in short])
    return (
        f"Of {int(own.sum()):,} hits of the model, {either[own].mean():.1%} are hits of {' or '.join(short)} too, "
        f"which look at the last one or two items; {(~either[own]).mean():.1%} need more than that."
    )
