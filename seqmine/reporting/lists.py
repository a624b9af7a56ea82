"""The first of many lists of recommendations, and items that are alike, in the terminal."""

import polars as pl
from rich.markup import escape
from rich.table import Table

from seqmine.reporting.terminal import Terminal

_COLUMNS = ("user_id", "rank", "item_id", "title", "because", "score", "fallback", "position")


def show_lists(rows: pl.DataFrame, num_users: int) -> None:
    """Print the lists of the first users.

    Args:
        rows: lists one after the other, with any of the columns of ``recommendations.parquet``.
        num_users: how many; 0 prints nothing.
    """
    users = rows["user_id"].unique(maintain_order=True).head(num_users)
    columns = [name for name in _COLUMNS if name in rows.columns]
    shown = rows.filter(pl.col("user_id").is_in(users.implode())).select(columns)
    _show(shown, "user_id", f"the list{'s' * (len(users) > 1)} of {len(users)} user{'s' * (len(users) > 1)}")


def show_similar(rows: pl.DataFrame, num_items: int) -> None:
    """Print what is like the first items.

    Args:
        rows: as ``similar_items`` returns them.
        num_items: how many; 0 prints nothing.
    """
    items = rows["item_id"].unique(maintain_order=True).head(num_items)
    if items.is_empty():
        return
    table = Table("", "by the model", "cosine", "had together", "cosine", "people", title="items that are alike")
    for number in (0, 2, 4, 5):
        table.columns[number].justify = "right"
    for (item,), near in rows.group_by("item_id", maintain_order=True):
        if item not in items:
            break
        of_item = near["title"][0] if "title" in near.columns else None
        table.add_section()
        table.add_row("", f"[bold]{_named(item, of_item)}[/]")
        for row in near.iter_rows(named=True):
            together = [_named(row["together_item_id"], row.get("together_title")), _short(row["together"])]
            found = [_named(row["model_item_id"], row.get("model_title")), _short(row["similarity"]), *together]
            table.add_row(str(row["rank"]), *found, str(row["num_users"] or ""))
    Terminal().print(table)


def _named(item: object, title: object) -> str:
    """Return an item by its title, with its id behind it."""
    return escape("" if item is None else str(item) if title is None else f"{title} ({item})")


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _show(rows: pl.DataFrame, key: str, title: str) -> None:
    if rows.is_empty():
        return
    table = Table(title=title, title_justify="left")
    for name, kind in rows.schema.items():
        table.add_column(name, justify="right" if kind.is_numeric() else "left")
    for place, row in enumerate(rows.rows(named=True)):
        if place > 0 and row[key] != rows[key][place - 1]:
            table.add_section()
        cells = (f"{value:#.4g}" if isinstance(value, float) else str(value or "") for value in row.values())
        table.add_row(*map(escape, cells))
    Terminal().print(table)
