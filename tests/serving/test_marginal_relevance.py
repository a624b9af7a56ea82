import numpy as np
import pytest
import torch
from torch.nn import functional as F

from seqmine.serving.marginal_relevance import marginal_relevance


def greedy(relevance, alike, weight, categories=None, cap=None):
    """The definition, one item after the other."""
    left, taken, counts, left_behind = list(range(len(relevance))), [], {}, []
    while left or left_behind:
        if not left:
            left, left_behind, counts = left_behind, [], {}

        def value(item):
            nearest = max((alike[item][other] for other in taken), default=0.0)
            return (1 - weight) * relevance[item] - weight * nearest

        best = max(left, key=value)
        left.remove(best)
        if cap is not None and any(counts.get(name, 0) >= cap for name in categories[best]):
            left_behind.append(best)
            left_behind.sort()
            continue
        taken.append(best)
        for name in categories[best] if categories else ():
            counts[name] = counts.get(name, 0) + 1
    return taken


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("weight", [0.0, 0.3, 0.9])
def test_the_order_is_that_of_the_definition_and_values_never_rise(seed, weight):
    rng = np.random.default_rng(seed)
    vectors = F.normalize(torch.from_numpy(rng.normal(size=(3, 9, 4))), dim=2)
    relevance = torch.from_numpy(np.sort(rng.random((3, 9)), axis=1)[:, ::-1].copy())
    alike = (vectors @ vectors.transpose(1, 2)).clamp(0, 1)
    found = marginal_relevance(relevance, alike, torch.ones(3, 9, dtype=torch.bool), weight)
    for row in range(3):
        assert found[row].argsort(descending=True).tolist() == greedy(relevance[row], alike[row], weight)


@pytest.mark.parametrize("seed", range(6))
def test_no_category_has_more_than_its_share_while_others_are_left(seed):
    rng = np.random.default_rng(seed)
    members = torch.from_numpy(rng.random((1, 12, 3)) < 0.4)
    categories = [members[0, item].nonzero().flatten().tolist() for item in range(12)]
    relevance = torch.linspace(1, 0, 12).double().unsqueeze(0)
    alike = torch.zeros(1, 12, 12, dtype=torch.float64)
    found = marginal_relevance(relevance, alike, torch.ones(1, 12, dtype=torch.bool), 0.0, members, 2)
    assert found[0].argsort(descending=True).tolist() == greedy(relevance[0], alike[0], 0.0, categories, 2)
