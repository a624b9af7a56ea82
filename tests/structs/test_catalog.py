import torch

from seqmine.structs import Catalog


def test_encode_and_decode_are_inverse_and_unknown_is_zero():
    catalog = Catalog(["007", "7", "é x"], torch.tensor([0, 3, 2, 1]))
    assert catalog.decode(catalog.encode(["7", "é x", "007"])) == ["7", "é x", "007"]
    assert catalog.encode(["8"]) == [0]
    assert catalog.num_items == 3


def test_fingerprint_depends_on_order_and_borders_of_keys():
    names = [["ab", "c"], ["a", "bc"], ["c", "ab"]]
    prints = {Catalog(ids, torch.ones(3, dtype=torch.int64)).fingerprint for ids in names}
    assert len(prints) == 3
