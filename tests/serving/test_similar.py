import numpy as np
import pytest
import torch

from seqmine.serving.similar import similar_items
from seqmine.structs import Catalog, InteractionLog, UserError

CATALOG = Catalog(
    item_ids=["a", "b", "c", "d"], train_counts=torch.tensor([0, 3, 3, 2, 1]), features={"title": ["A", "B", "C", "D"]}
)
VECTORS = torch.tensor([[9.0, 9.0], [1.0, 0.0], [2.0, 0.1], [0.0, 3.0], [-1.0, 0.0]])
# a with b: two users; a with c: one; b with c: two; b with d: one
LOG = InteractionLog.from_lists([[1, 2, 1], [2, 1, 3], [3, 2, 4], [1]])


def asked(rows, vectors=VECTORS, top_k=2, min_users=1):
    return similar_items(np.array(rows), CATALOG, vectors, LOG, top_k, min_users)


def test_neighbors_by_the_model_and_by_users_stand_side_by_side():
    table = asked([1])
    assert table.columns == [
        "item_id", "title", "rank", "model_item_id", "model_title", "similarity", "together_item_id",
        "together_title", "num_users", "together",
    ]  # fmt: skip
    assert table["item_id"].to_list() == ["a", "a"]
    assert table["model_item_id"].to_list() == ["b", "c"]
    assert table["similarity"].to_list() == pytest.approx([2 / 4.01**0.5, 0.0])
    assert table["together_item_id"].to_list() == ["b", "c"]
    assert table["num_users"].to_list() == [2, 1], "who had an item twice is one user"
    assert table["together"].to_list() == pytest.approx([2 / 3, 1 / 6**0.5])


def test_what_few_users_had_is_not_told():
    table = asked([2], min_users=2)
    assert table["together_item_id"].to_list() == ["c", "a"]
    assert asked([4], min_users=2)["together_item_id"].to_list() == [None, None]


def test_a_model_without_vectors_leaves_users_alone():
    table = asked([1, 2], vectors=None, top_k=3)
    assert table["model_item_id"].null_count() == len(table) == 5
    assert table["together_item_id"].to_list() == ["b", "c", "c", "a", "d"]


@pytest.mark.parametrize("name", ["top_k", "min_users"])
def test_a_number_below_one_is_refused(name):
    with pytest.raises(UserError, match=f"{name} is 0, allowed are whole numbers from 1"):
        asked([1], **{name: 0})
