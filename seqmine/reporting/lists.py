"""The first of many lists of recommendations, and items that are alike, in the terminal."""

import polars as pl
from rich.console import Console
from rich.table import Table

_COLUMNS = ("user_id", "rank", "item_id", "title", "score", "fallback", "position")


def show_lists(rows: pl.DataFrame, num_users: int) -> None:
    """Print the lists of the first users.

    Args:
        rows: lists one after the other, with any of the columns of ``recommendations.parquet``.
        num_users: how many; 0 prints nothing.
    """
    users = rows["user_id"].unique(maintain_order=True).head(num_users)
    shown = rows.filter(pl.col("user_id").is_in(users.implode()))
    if shown.is_empty():
        return
    columns = [name for name in _COLUMNS if name in shown.columns]
    table = Table(*columns, title=f"the lists of {len(users)} users")
    for place, row in enumerate(shown.select(columns).rows(named=True)):
        is_new = place > 0 and row["user_id"] != shown["user_id"][place - 1]
        if is_new:
            table.add_section()
        table.add_row(*(f"{value:.4g}" if isinstance(value, float) else str(value or "") for value in row.values()))
    Console().print(table)
