from torch import nn

from seqmine.models.baselines.popularity import Popularity
from seqmine.models.losses.cross_entropy import CrossEntropy
from seqmine.models.negatives import UniformSampler
from seqmine.structs import Encoder, Loss, NegativeSampler, Recommender


def test_components_fit_their_protocols():
    assert isinstance(Popularity(), Recommender)
    assert isinstance(UniformSampler(), NegativeSampler)
    assert isinstance(CrossEntropy(), Loss)
    assert isinstance(nn.Identity(), Encoder)
    assert not isinstance(nn.Identity(), Recommender)
