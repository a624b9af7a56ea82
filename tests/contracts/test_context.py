"""What every part with a yaml in conf/model/context must do; a new one is tested as soon as its yaml is there."""

import copy
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

from seqmine.structs import AttributeTable, Catalog, SequenceBatch, UserError, columns_read

CONF = Path(__file__).resolve().parents[2] / "conf"
LENGTH, DIM, NUM_ITEMS = 12, 16, 40
NAMES = sorted(path.stem for path in (CONF / "model" / "context").glob("*.yaml"))
EVENT_COLUMNS = ("behaviors", "timestamps", "ratings")
USER_COLUMNS = ("user_codes", "user_values")

RANDOM = np.random.default_rng(0)
CATALOG = replace(
    Catalog.of_size(NUM_ITEMS),
    behaviors=["view", "cart", "buy"],
    attributes=AttributeTable(
        RANDOM.integers(0, 6, (NUM_ITEMS, 3)).astype(np.int32), RANDOM.normal(size=(NUM_ITEMS, 2)).astype(np.float32), 5
    ).with_padding(),
    num_user_codes=4,
    num_user_values=2,
)


def config_of(name):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(overrides=[f"+model/context=[{name}]", f"+model.embedding_dim={DIM}"])
    return OmegaConf.create(OmegaConf.to_container(config.model.context, resolve=True))


def build(config, seed=0):
    torch.manual_seed(seed)
    ((_, part),) = instantiate(config).items()
    part = part(catalog=CATALOG)
    with torch.no_grad():  # nothing starts at zero, so that every weight is seen to matter
        for weight in part.parameters():
            weight.add_(0.1 * torch.randn_like(weight) * (weight != 0 if weight.ndim > 1 else 1))
    return part


@pytest.fixture(params=NAMES, name="config")
def config_of_each_yaml(request):
    return config_of(request.param)


@pytest.fixture(name="part")
def built_part(config):
    return build(config)


def make_batch(seed=0):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.tensor([LENGTH, 7, 1, 3])
    valid = torch.arange(LENGTH) < lengths.unsqueeze(1)

    def column(high):
        return torch.randint(1, high, (4, LENGTH), generator=generator) * valid

    items = column(NUM_ITEMS + 1)
    return SequenceBatch(
        items=items, targets=items, lengths=lengths, user_index=torch.arange(4), behaviors=column(4),
        timestamps=(1_600_000_000 + column(4000).cumsum(1)) * valid, ratings=column(6).float(),
        user_codes=torch.randint(0, 5, (4, 3), generator=generator), user_values=torch.randn(4, 2, generator=generator),
    )  # fmt: skip


def vectors(part, batch):
    return part(batch).expand(len(batch), batch.items.shape[1], DIM)


def test_there_is_something_to_test():
    assert {"behavior", "time_gap", "calendar", "rating", "session", "item_attributes", "user_attributes"} <= set(NAMES)


def test_a_part_gives_a_vector_for_each_event(part):
    batch = make_batch()
    found = vectors(part, batch)
    assert set(part.columns) <= {field.name for field in fields(SequenceBatch)}
    assert found.dtype == torch.float32
    assert found[batch.valid_mask].isfinite().all()
    assert found[batch.valid_mask].abs().sum(1).count_nonzero() > 15


@pytest.mark.parametrize("last", [0, 3, LENGTH - 2])
def test_later_events_leave_earlier_vectors_as_they_are(part, last):
    batch, other = make_batch(), make_batch(seed=9)
    after = (torch.arange(LENGTH) > last) & batch.valid_mask
    names = ("items", *EVENT_COLUMNS)
    changed = {name: torch.where(after, getattr(other, name), getattr(batch, name)) for name in names}
    found, new = vectors(part, batch), vectors(part, replace(batch, **changed))
    assert torch.equal(found[:, : last + 1], new[:, : last + 1])


def test_targets_say_nothing(part):
    batch = make_batch()
    assert torch.equal(vectors(part, batch), vectors(part, replace(batch, targets=batch.targets.flip(1))))


def test_a_row_alone_without_padding_equals_the_row_in_a_batch(part):
    batch = make_batch()
    together = vectors(part, batch)
    for row, length in enumerate(batch.lengths.tolist()):
        cut = {name: getattr(batch, name)[row : row + 1, :length] for name in ("items", "targets", *EVENT_COLUMNS)}
        users = {name: getattr(batch, name)[row : row + 1] for name in ("lengths", "user_index", *USER_COLUMNS)}
        torch.testing.assert_close(vectors(part, replace(batch, **cut, **users))[0], together[row, :length])


def test_a_part_reads_the_columns_that_it_names_and_no_others(part):
    batch, other = make_batch(), make_batch(seed=9)
    optional = {field.name for field in fields(batch)} & {*EVENT_COLUMNS, *USER_COLUMNS}
    unread = optional - columns_read(part)
    assert torch.equal(vectors(part, batch), vectors(part, replace(batch, **dict.fromkeys(unread))))
    for name in columns_read(part):
        changed = replace(batch, **{name: getattr(other, name)})
        assert not torch.equal(vectors(part, batch), vectors(part, changed))


def test_a_column_that_the_log_has_not_is_told_with_its_setting(part):
    for name in columns_read(part):
        with pytest.raises(
            UserError, match=r"the log has none; set (user_attributes|source)\.\w+ or take this part out"
        ):
            part(replace(make_batch(), **{name: None}))


def test_the_gradient_reaches_every_parameter(part):
    batch = make_batch()
    found = vectors(part, batch)[batch.valid_mask]
    (found * torch.randn_like(found)).sum().backward()
    assert [name for name, weight in part.named_parameters() if weight.grad is None or not weight.grad.any()] == []


def test_state_dict_holds_all_that_matters(part, config):
    other, batch = build(config, seed=1), make_batch()
    assert not torch.allclose(vectors(part, batch), vectors(other, batch))
    other.load_state_dict(part.state_dict())
    assert torch.equal(vectors(part, batch), vectors(other, batch))


VALUES = [(name, key) for name in NAMES for key in config_of(name)[name] if not key.startswith("_")]


@pytest.mark.parametrize(("name", "key"), VALUES, ids=str)
def test_every_value_of_the_yaml_matters(name, key):
    config = config_of(name)
    changed = copy.deepcopy(config)
    changed[name][key] = config[name][key] * 2 if isinstance(config[name][key], int) else config[name][key] / 2 + 1.2
    (part, batch), new = (build(config), make_batch()), build(changed)
    shapes, new_shapes = ([weight.shape for weight in module.parameters()] for module in (part, new))
    assert shapes != new_shapes or not torch.equal(vectors(part, batch), vectors(new, batch))
