import pytest

from seqmine.structs import UserError
from seqmine.structs.promises import require_delta


def test_a_delta_by_which_one_whole_user_could_be_released_is_refused():
    require_delta(0.0099, 100)
    for delta in (0.01, 0.5):
        with pytest.raises(UserError, match=rf"delta is {delta}, allowed for 100 users are numbers below 1 / 100"):
            require_delta(delta, 100)
