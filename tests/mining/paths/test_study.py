from dataclasses import replace

import numpy as np
import pytest

from seqmine.mining.paths.study import FunnelStudy
from seqmine.mining.study import Subject
from seqmine.mining.symbols import BehaviorProjection, Projection
from seqmine.structs import InteractionLog, UserError
from tests.mining.studies import subject


def shop():
    """One user views 1, then buys 2; another views and buys 2, and views 1 before."""
    log = InteractionLog.from_lists([[1, 2], [1, 2, 2]])
    kinds = {"behaviors": np.array([1, 3, 1, 1, 3], np.uint8), "behavior_names": ["view", "cart", "buy"]}
    return Subject(replace(log, **kinds), ["lamp", "bulb"], {})


def people(**settings):
    study = FunnelStudy(projection=BehaviorProjection(), steps=["view", "buy"], **settings)
    return [step.people for step in study.find(shop()).steps]


def test_all_steps_are_of_one_item_unless_any_will_do():
    assert people() == [2, 1]
    assert people(same_item=False) == [2, 2]


def test_only_chosen_behaviors_are_steps():
    study = FunnelStudy(projection=BehaviorProjection(behaviors=["buy"]), steps=["buy"])
    assert study.find(shop()).num_cases == 2


def test_items_can_be_steps_of_whole_histories():
    study = FunnelStudy(projection=Projection(), steps=["lamp", "bulb"], same_item=False)
    assert [step.people for step in study.find(shop()).steps] == [2, 2]
    with pytest.raises(UserError, match=r"same_item is true.*projection=behavior"):
        FunnelStudy(projection=Projection(), steps=["lamp"]).find(shop())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": []}, "steps is empty"),
        ({"num_variants": -1}, "num_variants is -1, allowed are whole numbers from 0"),
        ({"must_contain": ["a"]}, r"must_contain is \['a'\], but a funnel"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(UserError, match=message):
        FunnelStudy(**({"projection": BehaviorProjection(), "steps": ["view"]} | settings))


def test_what_the_log_lacks_is_told():
    study = FunnelStudy(projection=BehaviorProjection(), steps=["view"], max_duration=5)
    with pytest.raises(UserError, match="max_duration is 5, which needs timestamps"):
        study.find(shop())
    with pytest.raises(UserError, match="run names a model, which task=funnel does not ask"):
        study.find(subject())
    with pytest.raises(UserError, match=r"projection=behavior needs kinds of events"):
        FunnelStudy(projection=BehaviorProjection(), steps=["view"]).find(subject(model=False))
