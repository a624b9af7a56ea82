"""Which columns of a table hold what of an event, and how the table writes times."""

from dataclasses import dataclass

from seqmine.data.sources.timestamps import check_time_format

_NAMES = ("user_id", "item_id", "timestamp", "session", "behavior", "rating")


@dataclass(frozen=True)
class EventColumns:
    """The column of a table behind each name of the event schema, and the format of its times.

    A column of a file without header is called by its number, from 1.

    Args:
        user_id: name of the column of user keys.
        item_id: name of the column of item keys.
        timestamp: name of the column of times (see ``to_epoch``); None takes ``timestamp`` where the table has it.
        session: name of the column of keys of sessions, each of one user; a row without a user then belongs to a person
            of whom only that session is known. None reads no sessions.
        behavior: name of the column with the kind of event; None takes ``behavior`` where the table has it.
        rating: name of the column of ratings; None takes ``rating`` where the table has it.
        time_format: how times are written (see ``to_epoch``), or None to tell by how they look.

    Raises:
        UserError: the format of times is unknown.

    >>> EventColumns(user_id="customer").names["user_id"]
    'customer'
    """

    user_id: str = "user_id"
    item_id: str = "item_id"
    timestamp: str | None = None
    session: str | None = None
    behavior: str | None = None
    rating: str | None = None
    time_format: str | None = None

    def __post_init__(self) -> None:
        check_time_format(self.time_format)

    @property
    def names(self) -> dict[str, str | None]:
        """The column behind each name of the event schema, as text also where it is a number."""
        columns = {name: getattr(self, name) for name in _NAMES}
        return {name: None if column is None else str(column) for name, column in columns.items()}


USUAL = EventColumns()
"""Columns that are called as the schema calls them."""
