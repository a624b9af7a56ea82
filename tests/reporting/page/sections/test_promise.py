from types import SimpleNamespace

import pytest

from seqmine.reporting.page.sections.promise import Promise
from seqmine.structs import UserError

TOLD = {
    "epsilon": 8.0, "epsilon_spent": 7.9, "delta": 1e-5, "noise_is_secret": False,
    "may_leave": ["release/weights.ckpt"], "stays": "all else stays", "taken_as_public": ["the catalog"],
}  # fmt: skip


def test_the_promise_and_what_may_leave_are_told():
    grid, leaves, public = Promise()(SimpleNamespace(promise=TOLD))
    assert ["epsilon that was spent", 7.9] in grid.rows and ["delta", "1e-05"] in grid.rows
    assert ["noise and draws", "seeded: the promise is void for whoever knows the seed"] in grid.rows
    assert leaves.text == "These files may leave the house: release/weights.ckpt. All else stays."
    assert public.text == "Taken as public: the catalog."


def test_a_run_without_a_promise_says_so():
    with pytest.raises(UserError, match="made no promise to its users; train with privacy=dp_sgd"):
        Promise()(SimpleNamespace(promise=None))
