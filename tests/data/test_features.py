from seqmine.data.attributes import Attributes
from seqmine.data.features import Features


def test_each_choice_changes_the_fingerprint():
    choices = [
        Features(),
        Features(target_behavior="buy"),
        Features(items=Attributes(owner="item", numeric=["price"])),
        Features(users=Attributes(owner="user", numeric=["price"])),
    ]
    assert len({choice.fingerprint() for choice in choices}) == 4
    assert Features().fingerprint() == Features().fingerprint()
