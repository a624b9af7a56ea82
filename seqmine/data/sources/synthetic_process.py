"""The process behind synthetic users: the probability of the next item as a function of what anybody can see.

Generator and oracle call the same function, ``next_item``, so that the truth which is written down is the one that was
drawn from. It has no hidden state: every quantity below follows from the items of the history.

* Base choice: a topic, then an item of it. The topic stays near those of the last two events; items of a topic follow
  Zipf's law. A share of the choices is noise from the whole catalog.
* Patterns are triples (first, second, consequent). First and second come from a small alphabet in which nearly every
  ordered pair is a pattern of its own, so that neither symbol alone, nor both in the other order, tells what follows.
  After a first symbol, one of its seconds comes with probability ``CONTINUE`` at each step, and after the second its
  consequent likewise; other events may lie between. A pattern is given up after ``MAX_GAP`` events in a row.
* Repeats go back to one of the last events, newer ones more often.
* Bots choose from the whole catalog at random.
"""

import numpy as np
from numpy.typing import NDArray

from seqmine.data.sources.synthetic_truth import Truth
from seqmine.structs.kernels import kernel

CONTINUE = 0.75
MAX_GAP = 2

# Weights of the topics of the last and last but one event; weights of going back to the last four.
TOPIC_MEMORY = (0.6, 0.4)
REPEAT_LAGS = (0.4, 0.3, 0.2, 0.1)
NUM_FRESH = 2


@kernel
def advance(state: NDArray[np.int64], item: int, truth: Truth) -> None:
    """Update (first symbol, second symbol, events since) in place; -1 is none.

    A symbol that cannot continue the pattern starts a new one; the symbols of the pattern itself count as a gap.
    """
    symbol = truth.symbol_of[item]
    first, second = state[0], state[1]
    if second >= 0 and item == truth.consequents[first, second]:
        state[0], state[1], state[2] = -1, -1, 0
    elif symbol >= 0 and symbol != first and symbol != second:  # noqa: PLR1714 - compiles to less than a tuple
        if first >= 0 and second < 0 and truth.consequents[first, symbol] >= 0:
            state[1] = symbol
        else:
            state[0], state[1] = symbol, -1
        state[2] = 0
    elif first >= 0:
        state[2] += 1
        if state[2] > MAX_GAP:
            state[0], state[1], state[2] = -1, -1, 0


@kernel
def next_item(
    history: NDArray[np.int64], state: NDArray[np.int64], is_bot: bool, is_fresh: bool, truth: Truth, out: NDArray
) -> None:
    """Write the probability of each item to be the next event into ``out``.

    Args:
        history: items so far, oldest first.
        state: as kept by ``advance``.
        is_bot: bots choose uniformly.
        is_fresh: the event must be an item new to the user.
        truth: parameters of the process.
        out: (V,) filled in place.
    """
    if is_bot:
        for item in range(len(out)):
            out[item] = 1.0 / len(out)
    else:
        pattern_rate, repeat_share, _ = truth.shares
        repeat = repeat_share if len(history) > 0 else 0.0
        special = CONTINUE if state[0] >= 0 else pattern_rate
        _set_free_choice(history, (1.0 - repeat) * (1.0 - special), truth, out)
        _add_pattern(state, (1.0 - repeat) * special, truth, out)
        _add_repeats(history, repeat, out)
    if is_fresh:
        _leave_out(history, out)


@kernel
def _set_free_choice(history: NDArray[np.int64], mass: float, truth: Truth, out: NDArray) -> None:
    noise = truth.shares[2] if len(history) > 0 else 1.0
    topics = np.zeros(len(truth.drift))
    total = 0.0
    for lag in range(min(len(TOPIC_MEMORY), len(history))):
        topic = truth.topic_of[history[len(history) - 1 - lag]]
        for other in range(len(topics)):
            topics[other] += TOPIC_MEMORY[lag] * truth.drift[topic, other]
        total += TOPIC_MEMORY[lag]
    scale = (1.0 - noise) / total if total > 0.0 else 0.0
    for item in range(len(out)):
        in_topic = scale * topics[truth.topic_of[item]] * truth.within[item]
        out[item] = mass * (noise * truth.popularity[item] + in_topic)


@kernel
def _add_repeats(history: NDArray[np.int64], mass: float, out: NDArray) -> None:
    lags = min(len(REPEAT_LAGS), len(history))
    total = 0.0
    for lag in range(lags):
        total += REPEAT_LAGS[lag]
    for lag in range(lags):
        out[history[len(history) - 1 - lag]] += mass * REPEAT_LAGS[lag] / total


@kernel
def _leave_out(history: NDArray[np.int64], out: NDArray) -> None:
    for item in history:
        out[item] = 0.0
    total = 0.0
    for item in range(len(out)):
        total += out[item]
    for item in range(len(out)):
        out[item] /= total


@kernel
def _add_pattern(state: NDArray[np.int64], mass: float, truth: Truth, out: NDArray) -> None:
    first, second = state[0], state[1]
    if second >= 0:
        out[truth.consequents[first, second]] += mass
        return
    if first < 0:
        for item in truth.symbols:
            out[item] += mass / len(truth.symbols)
        return
    num_seconds = 0
    for symbol in range(len(truth.symbols)):
        if truth.consequents[first, symbol] >= 0:
            num_seconds += 1
    for symbol in range(len(truth.symbols)):
        if truth.consequents[first, symbol] >= 0:
            out[truth.symbols[symbol]] += mass / num_seconds


@kernel
def _draw(chances: NDArray, uniform: float) -> int:
    last, mark = 0, uniform
    for choice in range(len(chances)):
        if chances[choice] > 0.0:
            last = choice
            mark -= chances[choice]
            if mark < 0.0:
                break
    return last


@kernel
def draw_histories(
    lengths: NDArray[np.int64], is_bot: NDArray[np.bool_], uniforms: NDArray[np.float64], truth: Truth
) -> NDArray[np.int64]:
    """Return the items of all users, one after the other; ``uniforms`` has one number of [0, 1) an event."""
    items = np.empty(lengths.sum(), np.int64)
    chances = np.empty(len(truth.topic_of))
    start = 0
    for user in range(len(lengths)):
        state = np.array([-1, -1, 0])
        for place in range(lengths[user]):
            history = items[start : start + place]
            next_item(history, state, is_bot[user], place >= lengths[user] - NUM_FRESH, truth, chances)
            choice = _draw(chances, uniforms[start + place])
            items[start + place] = choice
            advance(state, choice, truth)
        start += lengths[user]
    return items


@kernel
def true_chances(
    items: NDArray[np.int64],
    users: NDArray[np.int64],
    stops: NDArray[np.int64],
    offsets: NDArray[np.int64],
    is_bot: NDArray[np.bool_],
    truth: Truth,
) -> NDArray[np.float64]:
    """Return for each of ``users`` the probability of every item after the first ``stops`` events."""
    out = np.empty((len(users), len(truth.topic_of)))
    for row in range(len(users)):
        user, stop = users[row], stops[row]
        history = items[offsets[user] : offsets[user] + stop]
        state = np.array([-1, -1, 0])
        for item in history:
            advance(state, item, truth)
        is_fresh = stop >= offsets[user + 1] - offsets[user] - NUM_FRESH
        next_item(history, state, is_bot[user], is_fresh, truth, out[row])
    return out
