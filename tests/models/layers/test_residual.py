import torch
from torch import nn

from seqmine.models.layers.residual import GatedResidual, PostNormResidual, PreNormResidual, gelu_feed_forward


def test_pre_norm_adds_a_part_of_the_normalized_input():
    hidden = torch.randn(2, 3, 4)
    block = PreNormResidual(nn.LayerNorm(4), nn.Linear(4, 4))
    torch.testing.assert_close(block(hidden), hidden + block.part(block.norm(hidden)))


def test_post_norm_normalizes_the_sum():
    hidden = torch.randn(2, 3, 4)
    block = PostNormResidual(nn.LayerNorm(4), nn.Linear(4, 4))
    torch.testing.assert_close(block(hidden), block.norm(hidden + block.part(hidden)))


def test_a_closed_gate_leaves_the_input():
    gate = nn.Linear(4, 4)
    nn.init.zeros_(gate.weight)
    hidden = torch.randn(2, 3, 4)
    block = GatedResidual(nn.LayerNorm(4), nn.Linear(4, 4), gate)
    nn.init.constant_(gate.bias, -50.0)
    torch.testing.assert_close(block(hidden), hidden)
    nn.init.constant_(gate.bias, 50.0)
    torch.testing.assert_close(block(hidden), hidden + block.part(block.norm(hidden)))


def test_feed_forward_treats_each_position_alone():
    block = gelu_feed_forward(4, 0.0)
    hidden = torch.randn(2, 3, 4)
    torch.testing.assert_close(block(hidden)[:, 1], block(hidden[:, 1:2])[:, 0])


class Scale(nn.Module):
    """Scales its input by what is given beside it."""

    def forward(self, hidden, factor):
        return hidden * factor


def test_the_part_is_given_what_comes_beside_the_input():
    hidden, factor = torch.randn(2, 3, 4), torch.tensor(3.0)
    torch.testing.assert_close(PreNormResidual(nn.Identity(), Scale())(hidden, factor), 4 * hidden)
    torch.testing.assert_close(PostNormResidual(nn.Identity(), Scale())(hidden, factor), 4 * hidden)
