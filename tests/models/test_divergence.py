from functools import partial

import polars as pl
import pytest
import torch

from seqmine.models.divergence import PosteriorDivergence
from seqmine.models.encoders.sasrec import SASRecEncoder
from seqmine.models.encoders.variational import VariationalEncoder, divergence
from seqmine.models.losses.cross_entropy import CrossEntropy
from seqmine.models.module import SequenceModule
from seqmine.models.schedules import constant
from seqmine.structs import Catalog, SequenceBatch, UserError
from tests.tiny import train

ITEMS = torch.tensor([[1, 2, 3, 4], [5, 6, 0, 0]])
BATCH = SequenceBatch(ITEMS, ITEMS.roll(-1, 1), torch.tensor([4, 2]), torch.arange(2))


def module(variational: bool, weight=0.0, noise=0.0, steps=1):
    torch.manual_seed(0)
    inner = SASRecEncoder(embedding_dim=8, max_length=4, num_layers=1, num_heads=1, dropout=0.3)
    encoder = VariationalEncoder(embedding_dim=8, encoder=inner, noise=noise) if variational else inner
    auxiliary = {"divergence": PosteriorDivergence(weight=weight, num_annealing_steps=steps)} if variational else {}
    torch.manual_seed(1)
    return SequenceModule(
        embedding_dim=8, encoder=encoder, loss=CrossEntropy(), catalog=Catalog.of_size(6), scheduler=constant,
        optimizer=partial(torch.optim.AdamW, lr=0.1), auxiliary=auxiliary,
    )  # fmt: skip


def losses(net):
    torch.manual_seed(2)
    loss, parts = net.train().training_losses(BATCH)
    loss.backward()
    return loss, parts


def test_without_divergence_and_noise_it_is_the_plain_model():
    plain, variational = module(variational=False), module(variational=True)
    (expected, _), (found, _) = losses(plain), losses(variational)
    assert torch.equal(found, expected)
    for name, weight in plain.named_parameters():
        other = variational.get_parameter(name.replace("encoder.", "encoder.encoder.", 1))
        assert torch.equal(weight, other) and torch.equal(weight.grad, other.grad)
    torch.testing.assert_close(plain.eval().score(BATCH), variational.eval().score(BATCH))


def test_the_weight_grows_and_the_whole_divergence_is_logged():
    net = module(variational=True, weight=0.5, noise=1.0, steps=4)
    loss, parts = losses(net)
    torch.manual_seed(2)
    net(BATCH)
    whole = divergence(*net.encoder.take_posterior())
    torch.testing.assert_close(parts["divergence"], whole)
    torch.testing.assert_close(loss, parts["loss"] + 0.5 * whole / 4)


def test_an_encoder_that_draws_nothing_is_refused():
    net = module(variational=False)
    net.auxiliary["divergence"] = PosteriorDivergence(weight=1.0, num_annealing_steps=1)
    with pytest.raises(UserError, match="the encoder is a SASRecEncoder that draws nothing; set model=svae"):
        net.training_losses(BATCH)
    with pytest.raises(UserError, match="num_annealing_steps is 0, allowed are whole numbers from 1"):
        PosteriorDivergence(weight=1.0, num_annealing_steps=0)


def test_a_training_tells_of_a_collapse(small_log, tmp_path):
    folder = train(small_log, tmp_path / "run", "model=svae", "logger=csv")
    [path] = folder.rglob("metrics.csv")
    logged = pl.read_csv(path)
    assert 0 <= logged["train/active_units"].drop_nulls()[0] <= 1
    assert logged["train/divergence"].drop_nulls()[0] > 0
