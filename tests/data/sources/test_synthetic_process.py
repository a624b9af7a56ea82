import numpy as np

from seqmine.data.sources import synthetic_process as process
from seqmine.data.sources.synthetic_truth import draw_truth

TRUTH = draw_truth(60, 5, 12, (0.3, 0.15, 0.2), np.random.default_rng(0))


def slow_state(history):
    """Parse a history in words: (first, second) of the pattern that is under way, None where there is none."""
    symbols = TRUTH.symbols.tolist()
    first = second = None
    gap = 0
    for item in history:
        if second is not None and TRUTH.consequents[symbols.index(first), symbols.index(second)] == item:
            first = second = None
        elif item in symbols and item not in (first, second):
            partner = -1 if first is None else TRUTH.consequents[symbols.index(first), symbols.index(item)]
            first, second = (first, item) if second is None and partner >= 0 else (item, None)
            gap = 0
        elif first is not None:
            gap += 1
            if gap > process.MAX_GAP:
                first = second = None
    return first, second


def slow_chances(history):
    symbols = TRUTH.symbols.tolist()
    rate, repeat, noise = TRUTH.shares
    first, second = slow_state(history)
    chances = np.zeros(60)
    recent = history[::-1]
    memory = process.TOPIC_MEMORY[: len(recent)]
    topics = sum(w * TRUTH.drift[TRUTH.topic_of[item]] for w, item in zip(memory, recent, strict=False)) / sum(memory)
    for item in range(60):
        topical = topics[TRUTH.topic_of[item]] * TRUTH.within[item]
        chances[item] = noise * TRUTH.popularity[item] + (1 - noise) * topical
    if second is not None:
        options = [TRUTH.consequents[symbols.index(first), symbols.index(second)]]
    elif first is not None:
        options = [item for item in symbols if TRUTH.consequents[symbols.index(first), symbols.index(item)] >= 0]
    else:
        options = symbols
    special = rate if first is None else process.CONTINUE
    chances *= 1 - special
    for item in options:
        chances[item] += special / len(options)
    chances *= 1 - repeat
    lags = process.REPEAT_LAGS[: len(recent)]
    for weight, item in zip(lags, recent, strict=False):
        chances[item] += repeat * weight / sum(lags)
    return chances


def fast_chances(history, is_bot=False, is_fresh=False):
    state, out = np.array([-1, -1, 0]), np.empty(60)
    for item in history:
        process.advance(state, item, TRUTH)
    process.next_item(np.array(history, dtype=np.int64), state, is_bot, is_fresh, TRUTH, out)
    return out


def test_chances_equal_the_description():
    rng = np.random.default_rng(1)
    symbols = TRUTH.symbols.tolist()
    for _ in range(200):
        pool = symbols + TRUTH.consequents[TRUTH.consequents >= 0].tolist() if rng.random() < 0.7 else list(range(60))
        history = rng.choice(pool, size=rng.integers(1, 12)).tolist()
        np.testing.assert_allclose(fast_chances(history), slow_chances(history), atol=1e-12)


def test_chances_sum_to_one_in_every_case():
    for history in ([], [3], TRUTH.symbols[:2].tolist(), list(range(20))):
        for is_bot in (False, True):
            for is_fresh in (False, True):
                chances = fast_chances(history, is_bot, is_fresh)
                assert abs(chances.sum() - 1) < 1e-12
                assert not is_fresh or (chances[history] == 0).all()


def test_a_pattern_waits_through_a_gap_and_is_given_up_after_it():
    pairs = np.argwhere(TRUTH.consequents >= 0)
    first, second = pairs[0]
    last = TRUTH.consequents[first, second]
    others = [item for item in range(60) if TRUTH.symbol_of[item] < 0 and item != last]
    start = [int(TRUTH.symbols[first]), int(TRUTH.symbols[second])]
    for gap in range(process.MAX_GAP + 1):
        assert fast_chances(start + others[:gap]).argmax() == last
    assert fast_chances(start + others[: process.MAX_GAP + 1])[last] < 0.2
    assert fast_chances([*start, int(last)])[last] < 0.2
    assert fast_chances(start[::-1])[last] < 0.2


def test_draws_follow_the_chances():
    lengths, is_bot = np.full(20_000, 5), np.zeros(20_000, dtype=bool)
    items = process.draw_histories(lengths, is_bot, np.random.default_rng(2).random(100_000), TRUTH)
    firsts = np.bincount(items[::5], minlength=60)
    expected = fast_chances([]) * 20_000
    chi_square = ((firsts - expected) ** 2 / expected).sum()
    assert chi_square < 59 + 4 * np.sqrt(2 * 59)
