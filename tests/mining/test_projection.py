from dataclasses import replace

import numpy as np
import pytest

from seqmine.mining.miners import FrequentMiner
from seqmine.mining.projection import keep_users, project_by_mapping, project_item_behaviors, project_items
from seqmine.structs import InteractionLog, UserError


@pytest.fixture
def shop():
    log = InteractionLog.from_lists([[5, 5, 6], [5, 6, 5]])
    return replace(log, behaviors=np.array([1, 2, 1, 1, 1, 2], np.uint8), behavior_names=["view", "cart"])


def test_items_with_behaviors_are_different_symbols(shop):
    symbols = project_item_behaviors(shop)
    table = FrequentMiner(min_count=2, min_length=2).mine(symbols.log)
    names = [tuple(symbols.name(symbol) for symbol in pattern) for pattern in table.patterns()]
    assert names == [("view 5", "cart 5"), ("view 5", "view 6")]


def test_behaviors_are_needed():
    with pytest.raises(UserError, match="projection=item_behavior needs behaviors and the log has none"):
        project_item_behaviors(InteractionLog.from_lists([[1]]))


def test_a_mapping_gives_categories_and_drops_what_has_none(shop):
    symbols = project_by_mapping(shop, np.array([0, 0, 0, 0, 0, 2, 0], np.int32), ["", "food", "books"])
    assert symbols.log.items.tolist() == [2, 2, 2, 2]
    assert symbols.log.offsets.tolist() == [0, 2, 4]
    assert symbols.log.behaviors.tolist() == [1, 2, 1, 2]
    assert symbols.name(2) == "books"


def test_a_short_mapping_is_named(shop):
    with pytest.raises(UserError, match="Item 6 has no entry in a mapping of 2 rows"):
        project_by_mapping(shop, np.array([0, 1], np.int32))


def test_items_are_their_own_names(shop):
    assert project_items(shop).name(6) == "6"


def test_users_can_be_drawn_twice(shop):
    assert keep_users(shop, np.array([1, 1])).behaviors.tolist() == [1, 1, 2, 1, 1, 2]
