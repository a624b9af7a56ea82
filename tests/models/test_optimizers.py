import pytest
import torch
from torch import nn

from seqmine.models.embeddings.items import take_rows
from seqmine.models.optimizers import LazyAdamW, clip_norm


def table_and_bias(seed=0) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(seed)
    return [nn.Parameter(torch.randn(6, 4, generator=generator)), nn.Parameter(torch.randn(4, generator=generator))]


def groups(table, bias) -> list[dict]:
    return [{"params": [table]}, {"params": [bias], "weight_decay": 0.0}]


def train(optimizer, table, bias, rows, steps=3) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        (take_rows(table, torch.tensor(rows)) * bias).square().sum().backward()
        optimizer.step()


def test_rows_of_every_batch_are_updated_as_by_adamw():
    lazy, plain = table_and_bias(), table_and_bias()
    settings = {"lr": 0.1, "weight_decay": 0.3, "betas": (0.9, 0.98), "fused": True}
    train(LazyAdamW(groups(*lazy), **settings), *lazy, rows=[1, 2, 2, 3, 4, 5])
    train(torch.optim.AdamW(groups(*plain), **settings), *plain, rows=[1, 2, 2, 3, 4, 5])
    torch.testing.assert_close(lazy[0][1:], plain[0][1:])
    torch.testing.assert_close(lazy[1], plain[1])


def test_rows_that_no_batch_touches_stay_as_they_are():
    table, bias = table_and_bias()
    before = table.detach().clone()
    train(LazyAdamW(groups(table, bias), lr=0.1, weight_decay=0.3, betas=(0.9, 0.98), fused=True), table, bias, [2, 0])
    changed = (table != before).any(1)
    assert changed.tolist() == [False, False, True, False, False, False]


def test_a_dense_gradient_of_a_table_is_followed_too():
    lazy, plain = table_and_bias(), table_and_bias()
    settings = {"lr": 0.1, "weight_decay": 0.0, "betas": (0.9, 0.98), "fused": True}
    for (table, bias), kind in ((lazy, LazyAdamW), (plain, torch.optim.AdamW)):
        optimizer = kind(groups(table, bias), **settings)
        (table @ bias).square().sum().backward()
        optimizer.step()
    torch.testing.assert_close(lazy[0], plain[0])


@pytest.mark.parametrize("max_norm", [0.01, 1e6])
def test_sparse_and_dense_gradients_are_clipped_by_their_joint_norm(max_norm):
    sparse, dense = table_and_bias(), table_and_bias()
    sparse[0].takes_sparse_gradient = True
    for table, bias in (sparse, dense):
        (take_rows(table, torch.tensor([1, 1, 4])) * bias).sum().backward()
    assert sparse[0].grad.is_sparse and not dense[0].grad.is_sparse
    clip_norm(sparse, max_norm)
    nn.utils.clip_grad_norm_(dense, max_norm)
    torch.testing.assert_close(sparse[0].grad.to_dense(), dense[0].grad)
    torch.testing.assert_close(sparse[1].grad, dense[1].grad)
