"""Slow and obvious versions of what the miners do."""

from collections import defaultdict


def brute_force(histories, times, constraints, min_count):
    """Return the support of every frequent pattern by trying all position tuples."""
    users = defaultdict(set)

    def extend(user, places, pattern):
        history, time = histories[user], times[user]
        if pattern:
            users[pattern].add(user)
        if len(pattern) == (constraints.max_length or len(history)):
            return
        for place in range(places[-1] + 1 if places else 0, len(history)):
            if places and not allowed(constraints, places, place, time):
                continue
            extend(user, [*places, place], (*pattern, history[place]))

    for user in range(len(histories)):
        extend(user, [], ())
    return {
        pattern: len(members)
        for pattern, members in users.items()
        if len(members) >= min_count
        and len(pattern) >= constraints.min_length
        and all(symbol in pattern for symbol in constraints.must_contain)
    }


def allowed(constraints, places, place, time):
    """Return whether a match may go on at a place."""
    return not (
        (constraints.max_gap is not None and place - places[-1] > constraints.max_gap)
        or (constraints.max_span is not None and place - places[0] + 1 > constraints.max_span)
        or (constraints.max_duration is not None and time[place] - time[places[0]] > constraints.max_duration)
        or (constraints.strict_time and time[place] <= time[places[-1]])
    )


def contains(pattern, other):
    """Return whether the first pattern is a subsequence of the second."""
    rest = iter(other)
    return all(symbol in rest for symbol in pattern)
