import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.metrics.slices import slice_values, split_at
from seqmine.structs import UserError


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=40),
    st.lists(st.integers(0, 50), min_size=1, max_size=5, unique=True).map(
        lambda edges: [float(edge) for edge in sorted(edges)]
    ),
)
def test_parts_cover_every_value_once_and_their_names_are_true(values, edges):
    parts = list(split_at(np.array(values), edges))
    assert (np.sum([inside for _, inside in parts], axis=0) == 1).all()
    for name, inside in parts:
        for value in np.array(values)[inside]:
            if name.startswith("below"):
                assert value < float(name.split()[-1])
            elif name.startswith("from"):
                assert value >= float(name.split()[-1])
            else:
                low, high = name.split(" to below ")
                assert float(low) <= value < float(high)


@pytest.mark.parametrize("edges", [[], [3.0, 3.0], [5.0, 1.0]])
def test_edges_that_do_not_rise_are_refused(edges):
    with pytest.raises(UserError, match="allowed are rising numbers; change slices"):
        list(split_at(np.arange(3), edges))


def test_the_value_of_a_slice_is_its_mean_inside_its_interval():
    rng = np.random.default_rng(0)
    gains = {"a": rng.random(300), "b": np.full(300, 0.25)}
    drawn = {"num_resamples": 2000, "confidence": 0.95}
    first, second = slice_values(gains, np.arange(300), rng=np.random.default_rng(1), **drawn)
    assert (first.model, first.num_users, second.model) == ("a", 300, "b")
    assert first.value == pytest.approx(gains["a"].mean())
    # the normal approximation of the same interval
    half = 1.96 * gains["a"].std() / np.sqrt(300)
    assert first.low == pytest.approx(first.value - half, abs=0.004)
    assert first.high == pytest.approx(first.value + half, abs=0.004)
    assert second.low == pytest.approx(0.25) == second.high


def test_a_slice_is_the_mean_of_its_targets_and_counts_its_users():
    users, values = np.array([4, 4, 4, 7]), np.array([1.0, 0.0, 0.5, 0.3])
    (found,) = slice_values({"a": values}, users, num_resamples=50, confidence=0.9, rng=np.random.default_rng(0))
    assert (found.num_users, found.num_targets) == (2, 4)
    assert found.value == pytest.approx(0.45), "as in the metrics of a run, not the mean over users"
