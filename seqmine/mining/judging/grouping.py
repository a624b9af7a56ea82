"""Which group each user belongs to: by an attribute, by whether they ever did something, or by when they began."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from seqmine.structs import InteractionLog, UserError


def group_users(
    groups: str, log: InteractionLog, attributes: Mapping[str, Sequence[str | None]]
) -> tuple[NDArray[np.int64], list[str]]:
    """Return the number of the group of each user, -1 for none, and the names of the groups.

    Args:
        groups: name of an attribute of users, or of a kind of event (users who ever did it, and the others), or a date
            (users whose first event is before it, and those who began later).
        log: histories.
        attributes: values of each user by the name of the attribute; None where a user has none.

    Raises:
        UserError: neither of these.

    >>> group_users("sex", InteractionLog.from_lists([[1], [1], [2]]), {"sex": ["m", None, "f"]})[0].tolist()
    [1, -1, 0]
    """
    if groups in attributes:
        values = ["" if value is None else str(value) for value in attributes[groups]]
        names = sorted({value for value in values if value})
        number = {name: place for place, name in enumerate(names)}
        return np.array([number.get(value, -1) for value in values], np.int64), names
    if log.behaviors is not None and groups in log.behavior_names:
        events = np.flatnonzero(log.behaviors == log.behavior_number(groups))
        did = np.isin(log.owners, log.owners[log.event_users[events]])
        return did.astype(np.int64), [f"never {groups}", groups]
    try:
        date = np.datetime64(groups, "s").astype(np.int64)
    except ValueError:
        known = [
            *attributes,
            *log.behavior_names,
            *(["a date such as 2026-01-31"] if log.timestamps is not None else []),
        ]
        raise UserError(
            f"`groups` is {groups!r}, allowed are {', '.join(known) or 'none: the log tells nothing of users'}"
        ) from None
    if log.timestamps is None:
        raise UserError(f"`groups` is {groups}, a date, and the log has no timestamps; set `source.timestamp`")
    has_events = log.lengths > 0
    first = log.timestamps[np.minimum(log.offsets[:-1], max(log.num_events - 1, 0))]
    begun = np.full(log.num_people, np.iinfo(np.int64).max)
    np.minimum.at(begun, log.owners[has_events], first[has_events])
    first = begun[log.owners]
    return np.where(has_events, (first >= date).astype(np.int64), -1), [f"before {groups}", f"from {groups} on"]
