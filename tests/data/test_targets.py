import numpy as np

from seqmine.data.targets import Targets, between


def test_some_targets_keep_all_that_is_known_of_them():
    whole = Targets(*(np.arange(start, start + 4) for start in (0, 10, 20, 30, 40, 50)))
    taken = whole.take(np.array([2, 0]))
    assert [part.tolist() for part in vars(taken).values()] == [
        [2, 0],
        [12, 10],
        [22, 20],
        [32, 30],
        [42, 40],
        [52, 50],
    ]
    assert Targets(whole.users, whole.positions).take(np.array([1])).times is None


def test_what_is_known_of_a_target_ends_its_input():
    users, positions, known = np.array([0, 0, 0, 1]), np.array([2, 3, 5, 4]), np.array([1, 1, 5, 1])
    of_one_moment = Targets(users, positions, known=known)
    assert of_one_moment.input_stops.tolist() == known.tolist()
    assert of_one_moment.places.tolist() == positions.tolist()
    assert Targets(users, positions).input_stops.tolist() == positions.tolist()


def test_inputs_that_are_the_same_are_asked_about_once():
    targets = Targets(np.array([0, 0, 0, 1]), np.array([2, 3, 5, 4]), known=np.array([1, 1, 5, 1]))
    assert targets.starts.tolist() == [0, 1, 2, 3], "each is ranked"
    assert targets.asked.tolist() == [0, 2, 3]
    assert targets.firsts().positions.tolist() == [2, 5, 4]
    assert targets.firsts().input_stops.tolist() == [1, 5, 1]
    horizon = between(np.array([0, 1]), np.array([1, 2]), np.array([3, 3]))
    assert horizon.asked.tolist() == horizon.starts.tolist() == [0, 2]
    assert horizon.firsts().inputs is None
    own = Targets(np.array([0, 0]), np.array([2, 3]))
    assert own.firsts() is own


def test_between_are_the_events_of_one_input():
    targets = between(np.array([1]), np.array([0, 2]), np.array([9, 4]))
    assert (targets.users.tolist(), targets.positions.tolist(), targets.input_stops.tolist()) == (
        [1, 1],
        [2, 3],
        [2, 2],
    )
