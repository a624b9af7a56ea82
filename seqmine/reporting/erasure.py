"""What an erasure of users did, in the terminal."""

from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from seqmine.reporting.terminal import Terminal


def print_erasure(erasure: dict[str, Any], path: Path) -> None:
    """Print which prepared logs were rebuilt, which runs saw the users, and what is left to do.

    Args:
        erasure: what ``erasure.json`` holds.
        path: of that file.
    """
    stores = Table(title=f"Erased {erasure['num_users']:,} users")
    for name in ("prepared log", "users", "events", "items gone", "users left", "traces left", "seconds"):
        stores.add_column(name, justify="left" if name == "prepared log" else "right")
    for one in erasure["stores"]:
        counts = [one[name] for name in ("users", "events", "items_gone", "users_left", "traces_left")]
        stores.add_row(escape(one["store"]), *(f"{count:,}" for count in counts), f"{one['seconds']:.2f}")
    console = Terminal()
    console.print(stores)
    if erasure["runs"]:
        runs = Table(title="Runs that saw them: train, mine or recommend again, and delete these")
        for name in ("run", "checkpoints", "files with their ids"):
            runs.add_column(name)
        for one in erasure["runs"]:
            runs.add_row(escape(one["run"]), escape(", ".join(one["checkpoints"])), escape(", ".join(one["files"])))
        console.print(runs)
    console.print(
        "The file that the log was read from still has them: take them out of it too, or the next log that is prepared "
        f"from it has them again. All of this is in {escape(str(path))}."
    )
