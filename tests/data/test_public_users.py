import numpy as np
import pytest

from seqmine.data.public_users import PublicUsers
from seqmine.data.splits import GlobalTime, LeaveOneOut, UserHoldout
from seqmine.structs import InteractionLog, UserError


def log(num_users=40):
    return InteractionLog.from_lists([[1, 2, 3, 4]] * num_users)


def test_public_users_validate_and_nothing_that_they_did_trains():
    whole, found = LeaveOneOut().split(log()), PublicUsers(parts=LeaveOneOut(), share=0.25, seed=1).split(log())
    public = found.val.users
    assert len(public) == 10
    assert not found.train_stops[public].any()
    others = np.setdiff1d(np.arange(40), public)
    assert (found.train_stops[others] == whole.train_stops[others]).all()
    assert (found.val.positions == 2).all()
    assert (found.test.users == whole.test.users).all()


def test_who_is_public_follows_from_the_seed_and_there_is_always_somebody():
    def of(seed, share=0.25):
        return PublicUsers(parts=LeaveOneOut(), share=share, seed=seed).split(log()).val.users.tolist()

    assert of(1) == of(1) != of(2)
    assert len(of(1, share=0.001)) == 1
    with pytest.raises(UserError, match="share is 1.0, allowed are"):
        PublicUsers(parts=LeaveOneOut(), share=1.0, seed=1)


def test_what_the_split_underneath_promises_is_looked_for_still():
    for parts in (LeaveOneOut(), UserHoldout(seed=1), GlobalTime(targets="last")):
        found = PublicUsers(parts=parts, share=0.5, seed=1)
        for name in ("keeps_users_apart", "divides_by_time", "validates_by_time"):
            assert getattr(found, name) == getattr(parts, name)
        assert found.stated() == {**parts.stated(), "validation": "public users, 0.5 of all, not trained on"}
