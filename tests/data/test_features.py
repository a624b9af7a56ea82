from types import SimpleNamespace

import numpy as np

from seqmine.data.attributes import Attributes
from seqmine.data.features import Features
from seqmine.structs import InteractionLog


def test_each_choice_changes_the_fingerprint():
    choices = [
        Features(),
        Features(target_behavior="buy"),
        Features(items=Attributes(owner="item", numeric=["price"])),
        Features(users=Attributes(owner="user", numeric=["price"])),
    ]
    assert len({choice.fingerprint() for choice in choices}) == 4
    assert Features().fingerprint() == Features().fingerprint()


def test_what_is_never_recommended_is_told_by_training_alone():
    """Item 2 is searched in training and clicked in the test: nobody knows it then."""
    log = InteractionLog(
        items=np.array([1, 2, 3, 2], np.int32), offsets=np.array([0, 4]), behaviors=np.array([1, 2, 1, 1], np.uint8),
        behavior_names=["click", "search"],
    )  # fmt: skip
    data = SimpleNamespace(
        log=log, training_log=lambda: log.first_events(np.array([3])), catalog=SimpleNamespace(num_items=3)
    )
    choice = Features(target_behavior="click", never_recommended="search")
    assert choice.never(data).tolist() == [False, False, True, False]
    assert Features(target_behavior="click").never(data) is None
