"""What every item table with a yaml in conf/model/item_table must do; a new one is tested as soon as its yaml is there."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from seqmine.structs import AttributeTable, Catalog, InteractionLog, ItemTable

CONF = Path(__file__).resolve().parents[2] / "conf"
NAMES = sorted(path.stem for path in (CONF / "model" / "item_table").glob("*.yaml"))
NUM_ITEMS, DIM = 12, 8
RANDOM = np.random.default_rng(0)
CATALOG = replace(
    Catalog.of_size(NUM_ITEMS),
    attributes=AttributeTable(
        RANDOM.integers(0, 5, (NUM_ITEMS, 3)).astype(np.int32), RANDOM.normal(size=(NUM_ITEMS, 2)).astype(np.float32), 4
    ).with_padding(),
    training_log=lambda: InteractionLog.from_lists([[1, 3, 2, 12], [12, 4, 5, 6, 1], [7, 8, 9, 10, 11]]),
)


def build(name, seed=0):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(overrides=[f"+model/item_table={name}"]).model.item_table
    torch.manual_seed(seed)
    return instantiate(config)(catalog=CATALOG, embedding_dim=DIM)


@pytest.fixture(params=NAMES, name="table")
def table_of_each_yaml(request):
    return build(request.param)


def test_there_is_something_to_test():
    assert {"own", "attributes", "graph"} <= set(NAMES)


def test_items_are_rows_of_the_table_scaled_up(table):
    assert isinstance(table, ItemTable)
    items = torch.tensor([[3, 12, 0], [1, 3, 3]])
    torch.testing.assert_close(table(items), table.vectors()[items] * DIM**0.5)
    assert table.vectors().shape == (NUM_ITEMS + 1, DIM)


def test_padding_is_zero_and_stays_zero(table):
    optimizer = torch.optim.SGD(table.parameters(), lr=1.0)
    (table(torch.tensor([[1, 0]])).sum() + table.vectors()[1:].sum()).backward()
    optimizer.step()
    assert table.vectors()[0].tolist() == [0.0] * DIM


def test_the_gradient_reaches_every_parameter(table):
    table.vectors()[1:].square().sum().backward()
    assert [name for name, weight in table.named_parameters() if not weight.grad.any()] == []


@pytest.mark.parametrize("name", NAMES)
def test_state_dict_holds_all_that_is_learned(name):
    first, second = build(name), build(name, seed=1)
    assert not torch.equal(first.vectors(), second.vectors())
    second.load_state_dict(first.state_dict())
    assert torch.equal(first.vectors(), second.vectors())
