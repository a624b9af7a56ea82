import numpy as np
import pytest
import torch
from torch import nn

from seqmine.data.splits import Targets
from seqmine.serving.recommendations import Histories, recommend_to
from seqmine.structs import Catalog, InteractionLog, UserError


class Constant(nn.Module):
    """Scores item i with i."""

    def score(self, batch):
        return torch.arange(7.0).repeat(len(batch), 1)


CATALOG = Catalog.of_size(6)
LOG = InteractionLog.from_lists([[6, 5], [1, 2, 3]])
HISTORIES = Histories(LOG, ["a", "b"], Targets(np.array([0, 1]), np.array([2, 3])), max_length=1)


@pytest.mark.parametrize(("seen", "first"), [("full", ["4", "3", "6", "5"]), ("window", ["6", "4", "6", "5"])])
def test_lists_leave_out_what_the_protocol_says(seen, first):
    frames = list(recommend_to(Constant(), CATALOG, HISTORIES, top_k=2, batch_size=1, seen=seen))
    assert [item for frame in frames for item in frame["item_id"]] == first
    assert frames[0]["rank"].to_list() == [1, 2]


def test_items_that_are_no_candidates_never_fill_a_list():
    frames = list(recommend_to(Constant(), CATALOG, HISTORIES, top_k=6, batch_size=2, seen="full"))
    assert frames[0].group_by("user_id").len().sort("user_id")["len"].to_list() == [4, 3]


def test_lists_longer_than_the_catalog_are_refused():
    with pytest.raises(UserError, match="top_k is 7, allowed are 1 to 6, the size of the catalog; change top_k"):
        next(recommend_to(Constant(), CATALOG, HISTORIES, top_k=7, batch_size=1, seen="full"))
