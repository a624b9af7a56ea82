import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.models.losses.shared_negatives import accidental_hits

ITEMS = st.lists(st.integers(1, 12), min_size=1, max_size=30)


@settings(deadline=None)
@given(targets=ITEMS, negatives=ITEMS)
def test_hits_equal_the_comparison_of_all_pairs(targets, negatives):
    targets, negatives = torch.tensor(targets), torch.tensor(negatives)
    found = torch.zeros(len(targets), len(negatives), dtype=torch.bool)
    rows, columns = accidental_hits(targets, *negatives.sort())
    found[rows, columns] = True
    assert torch.equal(found, targets.unsqueeze(1) == negatives)
    assert len(rows) == found.sum()
