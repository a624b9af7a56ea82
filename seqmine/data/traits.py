"""What is known of a target before any model sees it: how long its history is, and how much of it repeats."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqmine.data.sequences import PreparedData
from seqmine.data.targets import Targets
from seqmine.structs import InteractionLog
from seqmine.structs.log import segment_positions

_USERS_AT_ONCE = 200_000


def target_traits(data: PreparedData) -> pl.DataFrame:
    """Describe the history before every validation and test target.

    The history is all that the user did before, also what lies beyond the longest input, without items that training
    never saw.

    Returns:
        user_id, position (among all events of the user) and split of the target; ``history_length`` in events,
        ``repeat_share`` (events of the history whose item came before in it), ``target_in_history``,
        ``training_events`` of the user; ``transitions``: how often training has the item right after the last one of
        the history.
    """
    firsts = first_occurrences(data.log)
    parts = {"val": (data.split.val, data.val_items), "test": (data.split.test, data.test_items)}
    frames = [_traits(part, data, targets, items, firsts) for part, (targets, items) in parts.items()]
    return pl.concat(frames)


def repeated_events(log: InteractionLog) -> NDArray[np.bool_]:
    """Tell of every event whether its user had the item before.

    >>> repeated_events(InteractionLog.from_lists([[1, 2, 1, 1], [2]])).tolist()
    [False, False, True, True, False]
    """
    return first_occurrences(log) < np.arange(log.num_events)


def first_occurrences(log: InteractionLog) -> NDArray[np.int64]:
    """Return of every event where its user had the item first, as a position in the flat arrays.

    >>> first_occurrences(InteractionLog.from_lists([[1, 2, 1], [2]])).tolist()
    [0, 1, 0, 3]
    """
    users = log.event_users
    order = np.lexsort((log.items, users))  # stable: equal items stay in order of time
    items, users = log.items[order], users[order]
    begins = np.ones(len(order), np.bool_)
    begins[1:] = (items[1:] != items[:-1]) | (users[1:] != users[:-1])
    first = np.empty(len(order), np.int64)
    first[order] = order[np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))]
    return first


def count_transitions(data: PreparedData, targets: Targets, items: NDArray[np.int32]) -> NDArray[np.int64]:
    """Count how often the item of each target comes right after the last item of its input in the training part."""
    log, stops = data.log, data.split.train_stops
    size = np.int64(data.catalog.num_items + len(data.unseen_item_ids) + 1)
    some = targets.input_stops > 0
    last = (log.offsets[targets.users] + targets.input_stops)[some] - 1
    asked, places = np.unique(log.items[last] * size + np.asarray(items)[some], return_inverse=True)
    counts = np.zeros(len(asked) + 1, np.int64)
    for first in range(0, log.num_users, _USERS_AT_ONCE):
        users = slice(first, min(first + _USERS_AT_ONCE, log.num_users))
        after = segment_positions(log.offsets[:-1][users] + 1, np.maximum(stops[users] - 1, 0))
        steps = log.items[after - 1] * size + log.items[after]
        found = np.searchsorted(asked, steps)
        is_asked = np.append(asked, -1)[found] == steps
        counts += np.bincount(found[is_asked], minlength=len(counts))
    result = np.zeros(len(targets), np.int64)
    result[some] = counts[places]
    return result


def _traits(
    part: str, data: PreparedData, targets: Targets, items: NDArray[np.int32], firsts: NDArray[np.int64]
) -> pl.DataFrame:
    starts, lengths = data.log.offsets[targets.users], targets.input_stops
    counts = np.concatenate([[0], np.cumsum(firsts < np.arange(len(firsts)))])
    num_repeats = counts[starts + lengths] - counts[starts]
    # a target that training never saw is no event of the log, so the event at its place is not the target
    known = items <= data.catalog.num_items
    in_history = np.zeros(len(targets), np.bool_)
    in_history[known] = firsts[(starts + targets.positions)[known]] < (starts + lengths)[known]
    columns = {
        "user_id": [data.user_ids[user] for user in targets.users],
        "position": targets.places,
        "split": [part] * len(targets),
        "history_length": lengths,
        "repeat_share": num_repeats / np.maximum(lengths, 1),
        "target_in_history": in_history,
        "training_events": data.split.train_stops[targets.users],
        "transitions": count_transitions(data, targets, items),
    }
    schema = {"user_id": pl.String, "position": pl.Int64, "split": pl.String, "history_length": pl.Int64}
    schema |= {"training_events": pl.Int64, "transitions": pl.Int64}
    return pl.DataFrame(columns, schema={**schema, "repeat_share": pl.Float64, "target_in_history": pl.Boolean})
