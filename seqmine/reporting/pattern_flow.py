"""A picture of rules: what people did on the left, what they do next on the right, bands as wide as their number."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqmine.structs import PatternTable
from seqmine.structs.files import write_atomically

_GAP = 0.25
_LONGEST_LABEL = 42


def stack_bands(groups: Sequence[str], widths: NDArray[np.float64]) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Return where each band begins on a side, and the middle of each group, from the top down.

    Bands of one group touch; groups come by falling total width with a gap between them.

    >>> stack_bands(["a", "b", "a"], np.array([1.0, 4.0, 1.0]))[0].tolist()
    [4.25, 0.0, 5.25]
    """
    totals = {group: float(widths[[other == group for other in groups]].sum()) for group in groups}
    begins, middles, top = np.zeros(len(groups)), {}, 0.0
    gap = _GAP * float(np.mean(list(totals.values()))) if len(groups) > 3 else _GAP
    for group in sorted(totals, key=lambda name: (-totals[name], name)):
        middles[group] = top + totals[group] / 2
        for index, other in enumerate(groups):
            if other == group:
                begins[index] = top
                top += widths[index]
        top += gap
    return begins, middles


def draw_flow(table: PatternTable, name: Callable[[int], str], path: Path) -> None:
    """Draw the rules of a table as bands from antecedent to consequent and write the picture.

    Args:
        table: patterns of two or more symbols, the most important first.
        name: what to call a symbol.
        path: of the PNG.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Curve

    patterns = table.patterns()
    befores = [" → ".join(_short(name(symbol)) for symbol in pattern[:-1]) for pattern in patterns]
    afters = [_short(name(pattern[-1])) for pattern in patterns]
    widths = table.support_count.astype(np.float64)
    left, left_middles = stack_bands(befores, widths)
    right, right_middles = stack_bands(afters, widths)
    colors = {before: index % 10 for index, before in enumerate(dict.fromkeys(befores))}
    figure = Figure(figsize=(12, max(4.0, 0.36 * max(len(left_middles), len(right_middles)) + 1.5)), dpi=130)
    axes = figure.add_axes((0.34, 0.03, 0.36, 0.88))
    for index, width in enumerate(widths):
        a, b = left[index], right[index]
        corners = [
            (0, a),
            (0.5, a),
            (0.5, b),
            (1, b),
            (1, b + width),
            (0.5, b + width),
            (0.5, a + width),
            (0, a + width),
        ]
        codes = [Curve.MOVETO, *[Curve.CURVE4] * 3, Curve.LINETO, *[Curve.CURVE4] * 3]
        axes.add_patch(
            PathPatch(Curve(corners, codes), facecolor=f"C{colors[befores[index]]}", alpha=0.55, linewidth=0)
        )
    for middles, x, align in ((left_middles, -0.02, "right"), (right_middles, 1.02, "left")):
        for label, y in middles.items():
            axes.text(x, y, label, ha=align, va="center", fontsize=8, parse_math=False)
    axes.set_xlim(0, 1)
    axes.set_ylim(float(max((left + widths).max(), (right + widths).max())), 0)
    axes.set_axis_off()
    figure.suptitle(f"First these, then that: {len(table)} rules, bands as wide as the number of users", fontsize=11)
    FigureCanvasAgg(figure)
    write_atomically(path, lambda temporary: figure.savefig(temporary, format="png"))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_LABEL else text[: _LONGEST_LABEL - 1] + "…"
