import pytest
import torch

from seqmine.models.embeddings.ratings import RatingEmbedding
from seqmine.structs import Catalog, SequenceBatch, UserError


def batch_of(*ratings: float) -> SequenceBatch:
    items = torch.ones(1, len(ratings), dtype=torch.int64)
    return SequenceBatch(
        items, items, torch.tensor([len(ratings)]), torch.tensor([0]), ratings=torch.tensor([list(ratings)])
    )


def test_ratings_lie_along_a_line_and_a_missing_one_is_zero():
    part = RatingEmbedding(embedding_dim=4, midpoint=3.0, spread=2.0, catalog=Catalog.of_size(2))
    torch.nn.init.normal_(part.direction.bias)
    low, middle, high, missing = part(batch_of(1.0, 3.0, 5.0, float("nan")))[0]
    torch.testing.assert_close(high - middle, middle - low)
    torch.testing.assert_close(middle, part.direction.bias)
    assert missing.tolist() == [0.0] * 4


def test_a_spread_of_zero_is_refused():
    with pytest.raises(UserError, match=r"spread is 0\.0, allowed are numbers above 0"):
        RatingEmbedding(embedding_dim=4, midpoint=3.0, spread=0.0, catalog=Catalog.of_size(2))
