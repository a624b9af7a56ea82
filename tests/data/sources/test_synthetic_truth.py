import numpy as np

from seqmine.data.sources.synthetic_truth import draw_truth


def draw(num_patterns=14):
    return draw_truth(97, 7, num_patterns, (0.3, 0.1, 0.1), np.random.default_rng(5))


def test_shares_are_distributions():
    truth = draw()
    np.testing.assert_allclose(truth.popularity.sum(), 1.0)
    np.testing.assert_allclose(truth.drift.sum(axis=1), 1.0)
    np.testing.assert_allclose(np.bincount(truth.topic_of, truth.within), 1.0)


def test_every_symbol_opens_patterns_and_no_item_plays_two_parts():
    for num_patterns in (3, 14, 20, 42):
        truth = draw(num_patterns)
        planted = truth.consequents[truth.consequents >= 0]
        assert len(planted) == len(set(planted.tolist())) == num_patterns
        assert not set(planted.tolist()) & set(truth.symbols.tolist())
        assert (truth.consequents >= 0).any(axis=1).all()
        assert (np.diagonal(truth.consequents) < 0).all()
        assert (truth.symbol_of[truth.symbols] == np.arange(len(truth.symbols))).all()
