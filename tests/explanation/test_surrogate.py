import numpy as np
import pytest
import torch

from seqmine.explanation.surrogate import SurrogateFit, drawn_rows, rule_lines, user_areas
from seqmine.models.baselines.markov import Markov
from seqmine.models.baselines.popularity import Popularity
from seqmine.probing.cases import Cases
from seqmine.structs import InteractionLog, UserError

NUM_ITEMS = 40


def fit(**changes):
    settings = {
        "counted": {"last": Markov(), "popular": Popularity()},
        "last": "last",
        "num_users": 80,
        "list_length": 1,
    }
    settings |= {"max_depth": 3, "penalty": 0.01, "num_resamples": 200, "confidence": 0.95, "seed": 0, "batch_size": 32}
    return SurrogateFit(**(settings | changes))


@pytest.fixture(scope="module")
def training():
    draws = np.random.default_rng(0)
    starts = draws.integers(0, NUM_ITEMS, 300)
    return InteractionLog.from_lists(
        [[(start + step) % NUM_ITEMS + 1 for step in range(5)] for start in starts.tolist()]
    )


@pytest.fixture(scope="module")
def cases():
    draws = np.random.default_rng(1)
    return Cases.of_histories(draws.integers(1, NUM_ITEMS + 1, (80, 4)).tolist(), max_length=4)


class After:
    """Recommends the three items behind the event at a place of the history."""

    def __init__(self, place):
        self.place = place

    def score(self, batch):
        key = batch.items[torch.arange(len(batch)), batch.lengths - 1 + self.place]
        ahead = (torch.arange(NUM_ITEMS + 1) - key.unsqueeze(1) - 1) % NUM_ITEMS
        return -ahead.double()


def test_a_model_of_the_last_event_is_told_by_the_last_event(training, cases):
    found = fit().fit(After(0), cases, training, NUM_ITEMS)
    tree, _, last = found.fidelities
    assert tree.value > 0.75 and last.value > 0.75 and not found.is_more_than_last
    assert found.rules.startswith("if last <= ") and "\n    listed: " in found.rules
    assert next(iter(found.weights)) == "last" and found.weights["last"] < 0
    assert (found.num_fitted, found.num_held_out) == (40, 40)


class Earlier(Markov):
    """Looks at the event before the last one."""

    def score(self, batch):
        before = Cases.of_histories([row[row > 0].tolist()[:-1] for row in batch.items], max_length=4)
        return super().score(before.batch(np.arange(len(before))))


def test_a_surrogate_that_knows_more_is_more_faithful(training, cases):
    found = fit(counted={"last": Markov(), "earlier": Earlier()}).fit(After(-1), cases, training, NUM_ITEMS)
    tree, _, last = found.fidelities
    assert tree.value > last.value + 0.15 and found.is_more_than_last and tree.gain_low > 0
    assert next(iter(found.weights)) == "earlier"


def test_users_are_held_out(training, cases):
    class Memory(After):
        """Nothing that is counted tells these lists."""

        def score(self, batch):
            return torch.rand(len(batch), NUM_ITEMS + 1, generator=torch.Generator().manual_seed(3)).double()

    found = fit(max_depth=12).fit(Memory(0), cases, training, NUM_ITEMS)
    assert abs(found.fidelities[0].value - 0.5) < 0.15  # 1 on the users that it was fitted on


def test_rows_are_listed_items_and_as_many_of_others():
    rows = drawn_rows(np.array([[1, 2], [3, 4], [5, 0]]), [{3}, set(), set()], np.random.default_rng(0))
    for case, listed, out in ((0, {1, 2}, {3}), (1, {3, 4}, set()), (2, {5}, set())):
        own = rows[rows[:, 0] == case]
        assert set(own[own[:, 2] == 1][:, 1].tolist()) == listed
        others = own[own[:, 2] == 0][:, 1].tolist()
        assert len(others) == len(listed) and not set(others) & (listed | out)


def test_areas_are_those_of_each_user_by_hand():
    # first user: .9 is above both, .2 above one of two; second: a tie
    said = np.array([0.9, 0.2, 0.1, 0.5, 0.4, 0.4])
    areas = user_areas(np.array([0, 0, 0, 0, 1, 1]), np.array([1, 1, 0, 0, 1, 0]), said)
    assert areas.tolist() == [0.75, 0.5]


def test_bad_settings_and_too_few_users_are_refused(training):
    with pytest.raises(UserError, match="last is 'x', allowed are last, popular"):
        fit(last="x")
    with pytest.raises(UserError, match="1 users have a history"):
        fit().fit(After(0), Cases.of_histories([[1, 2]], max_length=4), training, NUM_ITEMS)


def test_rules_have_the_share_of_listed_items_in_each_leaf():
    tree = pytest.importorskip("sklearn.tree").DecisionTreeClassifier(max_depth=1)
    tree.fit(np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([1, 1, 0, 0]))
    assert rule_lines(tree.tree_, ["rank"]) == [
        "if rank <= 2.5:",
        "    listed: 100% of 2",
        "else:",
        "    listed: 0% of 2",
    ]
