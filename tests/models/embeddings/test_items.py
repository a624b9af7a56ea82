import torch

from seqmine.models.embeddings.items import ItemEmbedding
from seqmine.structs import Catalog


def test_padding_is_zero_and_stays_zero():
    table = ItemEmbedding(catalog=Catalog.of_size(5), embedding_dim=4)
    vectors = table(torch.tensor([[1, 0]]))
    assert vectors[0, 1].abs().sum() == 0
    vectors.sum().backward()
    assert table.weight.grad[0].abs().sum() == 0
    assert table.weight.grad[1].abs().sum() > 0
