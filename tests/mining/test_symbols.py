from dataclasses import replace

import numpy as np
import pytest

from seqmine.mining.engine.miners import FrequentMiner
from seqmine.mining.symbols import BehaviorProjection, Projection
from seqmine.structs import InteractionLog, UserError

IDS = [f"i{number}" for number in range(1, 7)]


@pytest.fixture
def shop():
    log = InteractionLog.from_lists([[5, 5, 6], [5, 6, 5]])
    return replace(log, behaviors=np.array([1, 2, 1, 1, 1, 2], np.uint8), behavior_names=["view", "cart"])


def test_items_with_behaviors_are_different_symbols(shop):
    symbols = Projection(with_behavior=True)(shop, IDS, {})
    table = FrequentMiner(min_count=2, min_length=2).mine(symbols.log)
    names = {symbols.shown_pattern(pattern) for pattern in table.patterns()}
    assert names == {"view i5 → cart i5", "view i5 → view i6"}


def test_behaviors_are_needed():
    log = InteractionLog.from_lists([[1]])
    with pytest.raises(UserError, match="symbols with behaviors need a log that has them; set source.behavior"):
        Projection(with_behavior=True)(log, IDS, {})
    with pytest.raises(UserError, match="behaviors are chosen and the log has none"):
        Projection(behaviors=["buy"])(log, IDS, {})


def test_events_of_one_behavior_can_be_mined_alone(shop):
    symbols = Projection(behaviors=["cart"])(shop, IDS, {})
    assert symbols.log.items.tolist() == [5, 5]
    assert symbols.log.offsets.tolist() == [0, 1, 2]
    with pytest.raises(UserError, match="behaviors has 'buy', allowed are"):
        Projection(behaviors=["buy"])(shop, IDS, {})


def test_an_attribute_stands_for_the_item_and_drops_what_has_none(shop):
    kinds = [None, None, None, None, ["food", "sweet"], None]
    symbols = Projection(attribute="kind")(shop, IDS, {"kind": kinds})
    assert symbols.log.items.tolist() == [1, 1, 1, 1]
    assert symbols.log.offsets.tolist() == [0, 2, 4]
    assert symbols.log.behaviors.tolist() == [1, 2, 1, 2]
    assert symbols.key(1) == "food|sweet"
    typed = Projection(attribute="kind", with_behavior=True)(shop, IDS, {"kind": kinds})
    assert [typed.shown(symbol) for symbol in (1, 2)] == ["view food|sweet", "cart food|sweet"]


def test_an_attribute_that_is_not_there_is_named(shop):
    with pytest.raises(UserError, match="attribute is 'brand', allowed are kind"):
        Projection(attribute="brand")(shop, IDS, {"kind": [None] * 6})


def test_symbols_are_found_by_name(shop):
    assert Projection()(shop, IDS, {}).numbers(["i6", "i5"]) == (6, 5)
    symbols = Projection(with_behavior=True)(shop, IDS, {})
    assert [symbols.shown(number) for number in symbols.numbers(["cart i5"])] == ["cart i5"]
    with pytest.raises(UserError, match="must_contain has 'buy i5', and the log has symbols such as 'view i5'"):
        symbols.numbers(["buy i5"])


def test_titles_are_shown_and_keys_written(shop):
    symbols = Projection()(shop, IDS, {"title": ["A", "B", "C", "D", "E", None]})
    assert [symbols.shown(5), symbols.shown(6), symbols.key(5)] == ["E", "i6", "i5"]


def test_users_can_be_drawn_twice(shop):
    assert shop.take_users(np.array([1, 1])).behaviors.tolist() == [1, 1, 2, 1, 1, 2]


def test_behaviors_alone_are_symbols():
    log = replace(
        InteractionLog.from_lists([[7, 7, 8]]), behaviors=np.array([1, 2, 1], np.uint8), behavior_names=["view", "buy"]
    )
    found = BehaviorProjection()(log, ["a"] * 8, {})
    assert found.shown_pattern(found.log.history(0).tolist()) == "view → buy → view"
    assert BehaviorProjection(behaviors=["buy"])(log, ["a"] * 8, {}).log.items.tolist() == [2]
    with pytest.raises(UserError, match="behaviors has 'pay', allowed are view, buy"):
        BehaviorProjection(behaviors=["pay"])(log, ["a"] * 8, {})
