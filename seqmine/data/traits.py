"""What is known of a target before any model sees it: how long its history is, and how much of it repeats."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqmine.data.sequences import PreparedData
from seqmine.data.splits import Targets
from seqmine.structs import InteractionLog


def target_traits(data: PreparedData) -> pl.DataFrame:
    """Describe the history before every validation and test target.

    The history is all that the user did before, also what lies beyond the longest input, without items that training
    never saw.

    Returns:
        user_id, position (among all events of the user) and split of the target; ``history_length`` in events,
        ``repeat_share`` (events of the history whose item came before in it), ``target_in_history``.
    """
    repeats = repeated_events(data.log)
    parts = {"val": (data.split.val, data.val_items), "test": (data.split.test, data.test_items)}
    frames = [_traits(part, data, targets, items, repeats) for part, (targets, items) in parts.items()]
    return pl.concat(frames)


def repeated_events(log: InteractionLog) -> NDArray[np.bool_]:
    """Tell of every event whether its user had the item before.

    >>> repeated_events(InteractionLog.from_lists([[1, 2, 1, 1], [2]])).tolist()
    [False, False, True, True, False]
    """
    users = log.event_users
    order = np.lexsort((log.items, users))  # stable: equal items stay in order of time
    items, users = log.items[order], users[order]
    repeated = np.zeros(len(order), np.bool_)
    repeated[order[1:]] = (items[1:] == items[:-1]) & (users[1:] == users[:-1])
    return repeated


def _traits(
    part: str, data: PreparedData, targets: Targets, items: NDArray[np.int32], repeats: NDArray[np.bool_]
) -> pl.DataFrame:
    starts, lengths = data.log.offsets[targets.users], targets.input_stops
    counts = np.concatenate([[0], np.cumsum(repeats)])
    num_repeats = counts[starts + lengths] - counts[starts]
    # a target that training never saw is no event of the log, so the event at its place is not the target
    known = items <= data.catalog.num_items
    in_history = np.zeros(len(targets), np.bool_)
    in_history[known] = repeats[(starts + targets.positions)[known]]
    columns = {
        "user_id": [data.user_ids[user] for user in targets.users],
        "position": targets.places,
        "split": [part] * len(targets),
        "history_length": lengths,
        "repeat_share": num_repeats / np.maximum(lengths, 1),
        "target_in_history": in_history,
    }
    schema = {"user_id": pl.String, "position": pl.Int64, "split": pl.String, "history_length": pl.Int64}
    return pl.DataFrame(columns, schema={**schema, "repeat_share": pl.Float64, "target_in_history": pl.Boolean})
