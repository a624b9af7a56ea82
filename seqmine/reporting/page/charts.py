"""Charts of Vega-Lite out of plain rows: fields have fixed names, and what a log names is only ever a value."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from seqmine.reporting.page.document import missing
from seqmine.structs import UserError

Rows = Sequence[Mapping[str, Any]]

# told apart on white and on black, by people who see few colors too (after Okabe and Ito 2008)
COLORS = ["#0072b2", "#d55e00", "#009e73", "#c0659a", "#b8860b", "#3a94c9", "#8a6fd1", "#7f7f7f"]
# the part of it that is seen on white and on black
_SCHEME = {"name": "plasma", "extent": [0.25, 0.88]}
_HEIGHT = 240
_BAR = 22


def altair() -> Any:
    """Return the package that makes the charts.

    Raises:
        UserError: it is not installed.
    """
    try:
        import altair as alt
    except ModuleNotFoundError as error:
        raise UserError(missing(error)) from error
    return alt


def finish(chart: Any, height: int | None = _HEIGHT) -> dict[str, Any]:
    """Return a chart that is as wide as the page, as a specification."""
    # room on the left, as the font of the page may be wider than the one that names are measured in
    sized = chart.properties(width="container", padding={"left": 24, "right": 8, "top": 5, "bottom": 5})
    sized = sized if height is None else sized.properties(height=height)
    spec: dict[str, Any] = sized.configure(
        background="transparent",
        view={"stroke": None},
        axis={
            "labelLimit": 170,
            "labelSeparation": 8,
            "titlePadding": 14,
            "titleFontWeight": "normal",
            "labelFontSize": 12,
            "titleFontSize": 12,
        },
        legend={"orient": "top", "labelFontSize": 12, "title": None, "columns": 3, "labelLimit": 240},
        range={"category": COLORS},
    ).to_dict()
    return spec


def lines(
    rows: Rows,
    *,
    x: str,
    y: str,
    by: str | None = None,
    log_x: bool = False,
    log_y: bool = False,
    time: bool = False,
    whole: bool = False,
) -> dict[str, Any]:
    """Return lines with points over numbers or times.

    Args:
        rows: with the keys ``x``, ``y`` and, of several lines, ``by``.
        x: title of the horizontal axis.
        y: title of the vertical axis.
        by: what tells the lines apart; None draws one.
        log_x: logarithmic horizontal axis.
        log_y: logarithmic vertical axis.
        time: ``x`` is text that is a day.
        whole: ``x`` is whole numbers.
    """
    alt = altair()
    kinds = {True: alt.Scale(type="log"), False: alt.Scale(zero=False)}
    ticks = dict.fromkeys(("x", "y"), alt.Undefined)
    ticks |= {name: powers(rows, name) or alt.Undefined for name, is_log in (("x", log_x), ("y", log_y)) if is_log}
    step = 1 if whole else alt.Undefined
    axis = alt.Axis(tickMinStep=step, values=ticks["x"], grid=False)
    across = alt.X("x:T", title=x) if time else alt.X("x:Q", title=x, scale=kinds[log_x], axis=axis)
    tooltip = [alt.Tooltip("x:T" if time else "x:Q", title=x), alt.Tooltip("y:Q", title=y, format=".4~f")]
    down = alt.Y("y:Q", title=y, scale=kinds[log_y], axis=alt.Axis(values=ticks["y"]))
    encoding: dict[str, Any] = {"x": across, "y": down}
    if by is not None:
        encoding["color"] = alt.Color("by:N", title=by)
        encoding["strokeDash"] = alt.StrokeDash("by:N", title=by)
        tooltip.append(alt.Tooltip("by:N", title=by))
    return finish(
        _chart(rows)
        .mark_line(color=COLORS[0], point=alt.OverlayMarkDef(size=24, color=COLORS[0] if by is None else alt.Undefined))
        .encode(**encoding, tooltip=tooltip)
    )


def powers(rows: Rows, name: str) -> list[float] | None:
    """Return the powers of ten in the range of a column, as ticks of a logarithmic axis; None where two are not in it.

    >>> powers([{"x": 3}, {"x": 2000}], "x"), powers([{"x": 3}, {"x": 20}], "x")
    ([10, 100, 1000], None)
    """
    present = [row[name] for row in rows if row[name] and row[name] > 0]
    if not present:
        return None
    first, last = math.ceil(math.log10(min(present))), math.floor(math.log10(max(present)))
    return [10**power for power in range(first, last + 1)] if last > first else None


def bars(rows: Rows, *, x: str, y: str, order: str | None = "-x") -> dict[str, Any]:
    """Return horizontal bars with names.

    Args:
        rows: with the keys ``name`` and ``value``.
        x: title of the values.
        y: title of the names.
        order: as Vega-Lite sorts the names; None keeps the order of the rows.
    """
    alt = altair()
    encoding = {
        "x": alt.X("value:Q", title=x),
        "y": alt.Y("name:N", title=None, sort=order),  # beside names of any width it would lie on them
        "tooltip": [alt.Tooltip("name:N", title=y), alt.Tooltip("value:Q", title=x, format=".4~f")],
    }
    bar = _chart(rows).mark_bar(color=COLORS[0]).encode(**encoding)
    return finish(bar, height=_BAR * max(len({row["name"] for row in rows}), 3) + 20)


def columns(rows: Rows, *, x: str, y: str, by: str | None = None) -> dict[str, Any]:
    """Return upright bars of ordered groups.

    Args:
        rows: with the keys ``name``, ``value`` and, of several bars a group, ``by``.
        x: title of the groups.
        y: title of the values.
        by: what tells the bars of a group apart.
    """
    alt = altair()
    encoding: dict[str, Any] = {
        "x": alt.X("name:N", title=x, sort=None, axis=alt.Axis(labelAngle=-35, labelOverlap=True)),
        "y": alt.Y("value:Q", title=y),
        "tooltip": [alt.Tooltip("name:N", title=x), alt.Tooltip("value:Q", title=y, format=".4~f")],
    }
    if by is not None:
        encoding |= {"xOffset": alt.XOffset("by:N", sort=None), "color": alt.Color("by:N", title=by, sort=None)}
        encoding["tooltip"].append(alt.Tooltip("by:N", title=by))
    return finish(_chart(rows).mark_bar(color=COLORS[0]).encode(**encoding))


def intervals(rows: Rows, *, x: str, y: str) -> dict[str, Any]:
    """Return points with the interval around them.

    Args:
        rows: with the keys ``name``, ``value``, ``low``, ``high`` and ``kind``.
        x: title of the values.
        y: title of the names.
    """
    alt = altair()
    names = alt.Y("name:N", title=None, sort=None)
    shared = {"y": names, "color": alt.Color("kind:N", title="kind", sort=None)}
    shared["tooltip"] = [
        alt.Tooltip("name:N", title=y),
        *(alt.Tooltip(f"{field}:Q", title=field, format=".4~f") for field in ("value", "low", "high")),
    ]
    scale = alt.Scale(zero=False)
    lines_ = _chart(rows).mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=x, scale=scale), x2="high:Q", **shared)
    points = (
        _chart(rows)
        .mark_point(filled=True, size=70, opacity=1)
        .encode(x=alt.X("value:Q", title=x, scale=scale), shape=alt.Shape("kind:N", sort=None, legend=None), **shared)
    )
    return finish(lines_ + points, height=_BAR * max(len({row["name"] for row in rows}), 3) + 20)


def points(rows: Rows, *, x: str, y: str, color: str, log_x: bool = False, is_ordered: bool = False) -> dict[str, Any]:
    """Return a cloud of named points.

    Args:
        rows: with the keys ``x``, ``y``, ``name`` and ``color``.
        x: title of the horizontal axis.
        y: title of the vertical axis.
        color: title of the colors.
        log_x: logarithmic horizontal axis.
        is_ordered: colors are numbers, on a logarithmic scale.
    """
    alt = altair()
    scale = alt.Scale(type="log", nice=False, padding=12) if log_x else alt.Scale(zero=False)
    shade = (
        alt.Color("color:Q", title=color, scale=alt.Scale(type="log", scheme=_SCHEME), legend=alt.Legend(title=color))
        if is_ordered
        else alt.Color("color:N", title=color)
    )
    ticks = (powers(rows, "x") if log_x else None) or alt.Undefined
    encoding = {
        "x": alt.X("x:Q", title=x, scale=scale, axis=alt.Axis(values=ticks, tickCount=6, grid=False)),
        "y": alt.Y("y:Q", title=y, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=6)),
        "color": shade,
        "tooltip": [
            alt.Tooltip("name:N", title="item"),
            alt.Tooltip("color:Q" if is_ordered else "color:N", title=color),
            alt.Tooltip("x:Q", title=x, format=".4~f"),
            alt.Tooltip("y:Q", title=y, format=".4~f"),
        ],
    }
    return finish(_chart(rows).mark_circle(size=36, opacity=0.75).encode(**encoding), height=380)


def heat(rows: Rows, *, x: str, y: str, value: str) -> dict[str, Any]:
    """Return colored cells.

    Args:
        rows: with the keys ``x`` and ``y``, which keep the order of the rows, and ``value``.
        x: title of the columns.
        y: title of the rows.
        value: title of the colors.
    """
    alt = altair()
    encoding = {
        "x": alt.X("x:O", title=x, sort=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        "y": alt.Y("y:O", title=None, sort=None),
        "color": alt.Color("value:Q", title=value, scale=alt.Scale(scheme=_SCHEME), legend=alt.Legend(title=value)),
        "tooltip": [
            alt.Tooltip("x:O", title=x),
            alt.Tooltip("y:O", title=y),
            alt.Tooltip("value:Q", title=value, format=".4~f"),
        ],
    }
    return finish(
        _chart(rows).mark_rect().encode(**encoding), height=_BAR * max(len({row["y"] for row in rows}), 2) + 20
    )


def flow(rows: Rows) -> dict[str, Any]:
    """Return bands from what people did first to what they do next, as wide as the number of users.

    Args:
        rows: with the keys ``before``, ``after``, ``users``, and the places ``left`` and ``right`` of the middle of the
            band on either side, from the top down.
    """
    alt = altair()
    band = [
        {"number": number, "x": x, "y": (1 - ease) * row["left"] + ease * row["right"], **_named(row)}
        for number, row in enumerate(rows)
        for x in [step / 16 for step in range(17)]
        for ease in [x * x * (3 - 2 * x)]
    ]
    ends = [
        {"x": x, "y": row[side], "name": row[name], **_named(row)}
        for row in rows
        for side, name, x in (("left", "before", 0.0), ("right", "after", 1.0))
    ]
    across = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.9, 1.9]))
    down = alt.Y("y:Q", axis=None, scale=alt.Scale(reverse=True, zero=False))
    tooltip = [alt.Tooltip("before:N"), alt.Tooltip("after:N"), alt.Tooltip("users:Q")]
    width = alt.StrokeWidth("users:Q", scale=alt.Scale(range=[2, 16]), legend=None)
    color = alt.Color("before:N", legend=None)
    bands = (
        _chart(band)
        .mark_line(opacity=0.6, strokeCap="butt")
        .encode(x=across, y=down, detail="number:N", strokeWidth=width, color=color, tooltip=tooltip)
    )
    labels = [
        _chart([one for one in ends if one["x"] == x])
        .mark_text(align=align, dx=shift, limit=230)
        .encode(x=across, y=down, text="name:N", tooltip=tooltip)
        for x, align, shift in ((0.0, "right", -6), (1.0, "left", 6))
    ]
    return finish(alt.layer(bands, *labels), height=_BAR * max(len(rows), 4) + 20)


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("before", "after", "users")}


def _chart(rows: Rows) -> Any:
    alt = altair()
    return alt.Chart(alt.Data(values=[dict(row) for row in rows]))
