import torch
from torch.distributions import Normal, kl_divergence

from seqmine.models.encoders.sasrec import SASRecEncoder
from seqmine.models.encoders.variational import VariationalEncoder, active_units, divergence
from seqmine.structs import SequenceBatch

ITEMS = torch.tensor([[1, 2, 3, 4], [5, 6, 0, 0]])
BATCH = SequenceBatch(ITEMS, ITEMS, torch.tensor([4, 2]), torch.arange(2))
EMBEDDED = torch.randn(2, 4, 8, generator=torch.Generator().manual_seed(0))


def encoder(noise=1.0):
    torch.manual_seed(0)
    inner = SASRecEncoder(embedding_dim=8, max_length=4, num_layers=1, num_heads=1, dropout=0.0)
    return VariationalEncoder(embedding_dim=8, encoder=inner, noise=noise)


def test_states_are_drawn_around_those_of_the_encoder_with_the_learned_deviation():
    net = encoder().train()
    mean = net.encoder(EMBEDDED, BATCH)
    drawn = torch.stack([net(EMBEDDED, BATCH) for _ in range(3000)])
    torch.testing.assert_close(drawn.mean(0), mean, rtol=0, atol=0.05)
    deviation = torch.exp(0.5 * net.log_variance(mean))
    torch.testing.assert_close(drawn.std(0), deviation, rtol=0.1, atol=0)
    assert torch.equal(net.eval()(EMBEDDED, BATCH), mean)


def test_the_posterior_of_all_passes_is_taken_once_without_padding():
    net = encoder().train()
    assert net.take_posterior() is None
    net(EMBEDDED, BATCH)
    net(EMBEDDED[:1], SequenceBatch(ITEMS[:1], ITEMS[:1], torch.tensor([4]), torch.arange(1)))
    mean, log_variance = net.take_posterior()
    assert mean.shape == log_variance.shape == (4 + 2 + 4, 8)
    assert net.take_posterior() is None
    net.eval()(EMBEDDED, BATCH)
    assert net.take_posterior() is None


def test_the_divergence_is_that_of_normal_distributions():
    mean, log_variance = torch.randn(5, 3), torch.randn(5, 3)
    expected = kl_divergence(Normal(mean, torch.exp(0.5 * log_variance)), Normal(0.0, 1.0)).sum(1).mean()
    torch.testing.assert_close(divergence(mean, log_variance), expected)


def test_a_collapsed_posterior_has_no_active_unit():
    assert active_units(torch.zeros(9, 4)) == 0 and active_units(torch.randn(90, 4)) == 1
