"""What every encoder that has a yaml in conf/model must do; a new one is tested as soon as its yaml is there."""

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import get_class, instantiate
from omegaconf import DictConfig, OmegaConf
from torch import nn

from seqmine.structs import Encoder, LastStateEncoder, SequenceBatch

CONF = Path(__file__).resolve().parents[2] / "conf"
LENGTH, DIM, NUM_ITEMS = 12, 16, 40
MODELS = sorted(path.stem for path in (CONF / "model").glob("*.yaml") if "encoder" in OmegaConf.load(path))
POSITIONS = sorted(path.stem for path in (CONF / "model" / "positions").glob("*.yaml") if path.stem != "learned")
# each model, and those that leave positions to a choice with each other choice
CHOICES = {name: [f"model={name}"] for name in MODELS} | {
    f"{model}-{name}": [f"model={model}", f"model/positions@model.encoder={name}"]
    for model in ("transformer", "bsarec")
    for name in POSITIONS
}
CHOICES["sasrec-from-start"] = [
    "model=sasrec",
    "model.encoder.positions._target_=seqmine.models.layers.positions.StartPositions",
]
CHOICES |= {
    f"transformer-{choice.stem}": ["model=transformer", f"model/{part}@model.encoder.{part}={choice.stem}"]
    for part in ("norm", "feed_forward")
    for choice in sorted((CONF / "model" / part).glob("*.yaml"))
}
# words and nulls have no double: another word, or a test of their own in tests/models/layers/test_hugging_face.py
OTHER_WORDS = {"gpt2": "llama", "bert": "modernbert"}
TESTED_ALONE = {"folder", "lora_rank", "gradient_checkpointing"}
NORM_FIRST = OmegaConf.load(CONF / "model" / "transformer.yaml").encoder.norm_first
CHOICES["transformer-other-norm"] = ["model=transformer", f"model.encoder.norm_first={not NORM_FIRST}"]


def composed(choice):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("train", [*choice, f"data.max_length={LENGTH}", f"model.embedding_dim={DIM}"])


COMPOSED = {name: composed(choice) for name, choice in CHOICES.items()}
CONFIGS = {
    name: OmegaConf.create(OmegaConf.to_container(config.model.encoder, resolve=True))
    for name, config in COMPOSED.items()
}
NAMES = sorted(CONFIGS)
# a task that hides what is to be predicted lets the encoder see both sides; what it must not see is tested in test_tasks
CAUSAL = [name for name in NAMES if not COMPOSED[name].data.task._target_.endswith("MaskedItemCollate")]


def build(config, seed=0):
    torch.manual_seed(seed)
    return instantiate(config)


@pytest.fixture(params=NAMES, name="config")
def config_of_each_yaml(request):
    return CONFIGS[request.param]


@pytest.fixture(name="encoder")
def built_encoder(config):
    return build(config).eval()


def make_batch(num_rows=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.tensor([LENGTH, 7, 1, 3])[:num_rows]
    valid = torch.arange(LENGTH) < lengths.unsqueeze(1)

    def column(high):
        return torch.randint(1, high, (num_rows, LENGTH), generator=generator) * valid

    items, gaps = column(NUM_ITEMS + 1), column(100_000)
    return SequenceBatch(
        items=items,
        targets=items.roll(-1, 1) * valid,
        lengths=lengths,
        user_index=torch.arange(num_rows),
        behaviors=column(4),
        timestamps=(1_600_000_000 + gaps.cumsum(1)) * valid,
    )


def take_rows(batch, rows, length=LENGTH):
    columns = ("items", "targets", "behaviors", "timestamps")
    cut = {name: getattr(batch, name)[rows, :length] for name in columns}
    return replace(batch, lengths=batch.lengths[rows], user_index=batch.user_index[rows], **cut)


def embed(batch, dim=DIM):
    table = torch.randn(NUM_ITEMS + 1, dim, generator=torch.Generator().manual_seed(1))
    table[0] = 0
    return table[batch.items]


def encode(encoder, batch):
    return encoder(embed(batch), batch)


def test_there_is_something_to_test():
    assert {"lstm", "gru", "sasrec"} <= set(CAUSAL)
    assert {"sasrec", "transformer", "transformer-other-norm", "transformer-rotary", "transformer-rms"} <= set(
        LAST_STATE
    )
    assert len(CAUSAL) < len(NAMES)


def test_output_has_the_shape_of_the_input(encoder):
    batch = make_batch()
    hidden = encode(encoder, batch)
    assert isinstance(encoder, Encoder)
    assert hidden.shape == (4, LENGTH, DIM)
    assert hidden.dtype == torch.float32
    assert hidden[batch.valid_mask].isfinite().all()


def test_rows_encoded_in_groups_are_what_they_are_in_the_whole_batch(encoder):
    batch = make_batch()
    order = batch.lengths.argsort()
    batch = take_rows(batch, order)
    whole = encode(encoder, batch)
    groups = replace(batch, groups=((1, 1), (3, 7), (4, LENGTH))).in_groups()
    assert [group.items.shape for group in groups] == [(1, 1), (2, 7), (1, LENGTH)]
    states = [state for group in groups for state in encode(encoder, group)]
    for row, state in enumerate(states):
        length = batch.lengths[row]
        torch.testing.assert_close(state[:length], whole[row, :length], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("last", [0, 3, LENGTH - 2])
@pytest.mark.parametrize("name", CAUSAL)
def test_later_events_leave_earlier_states_as_they_are(name, last):
    encoder = build(CONFIGS[name]).eval()
    batch, other = make_batch(), make_batch(seed=9)
    after = torch.arange(LENGTH) > last
    changed = replace(
        batch,
        **{
            name: torch.where(after & batch.valid_mask, getattr(other, name), getattr(batch, name))
            for name in ("items", "behaviors", "timestamps")
        },
    )
    difference = (encode(encoder, batch) - encode(encoder, changed)).abs()
    assert difference[0, last + 1 :].max() > 1e-3
    assert difference[:, : last + 1].max() < 1e-5


def test_more_padding_changes_nothing(encoder):
    batch = make_batch()
    short = take_rows(batch, slice(1, 4), length=7)
    long = take_rows(batch, slice(1, 4), length=LENGTH)
    embedded = embed(long)
    embedded[~long.valid_mask] = 100.0  # whatever stands there must not matter
    with_padding = encoder(embedded, long)[:, :7][short.valid_mask]
    torch.testing.assert_close(with_padding, encode(encoder, short)[short.valid_mask], rtol=1e-4, atol=1e-5)


def test_a_row_alone_equals_the_row_in_a_batch(encoder):
    batch = make_batch()
    together = encode(encoder, batch)
    for row, length in enumerate(batch.lengths.tolist()):
        alone = encode(encoder, take_rows(batch, slice(row, row + 1)))
        torch.testing.assert_close(alone[0, :length], together[row, :length], rtol=1e-4, atol=1e-5)


LAST_STATE = [name for name in NAMES if issubclass(get_class(CONFIGS[name]._target_), LastStateEncoder)]


@pytest.mark.parametrize("name", LAST_STATE)
def test_the_last_state_alone_equals_that_of_all(name):
    encoder, batch = build(CONFIGS[name]).eval(), make_batch()
    embedded = embed(batch)
    embedded[~batch.valid_mask] = 100.0  # whatever stands there must not matter
    expected = encoder(embedded, batch)[torch.arange(len(batch)), batch.lengths - 1]
    torch.testing.assert_close(encoder.last_state(embedded, batch), expected, rtol=1e-4, atol=1e-5)


def test_the_gradient_reaches_every_parameter(config):
    encoder, batch = build(config).train(), make_batch()
    embedded = embed(batch).requires_grad_()
    hidden = encoder(embedded, batch)[batch.valid_mask]
    (hidden * torch.randn_like(hidden)).sum().backward()
    idle = [name for name, weight in encoder.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert idle == []
    assert embedded.grad[batch.valid_mask].abs().sum(1).min() > 0


def test_missing_columns_leave_no_parameter_without_gradient(config):
    """A parameter without gradient stops training on several devices."""
    encoder, batch = build(config).train(), replace(make_batch(), timestamps=None, behaviors=None)
    encode(encoder, batch)[batch.valid_mask].pow(2).sum().backward()
    assert [name for name, weight in encoder.named_parameters() if weight.grad is None] == []


def test_evaluation_is_deterministic(encoder):
    batch = make_batch()
    assert torch.equal(encode(encoder, batch), encode(encoder, batch))


def test_one_seed_one_training_output(config):
    encoder, batch = build(config).train(), make_batch()
    outputs = []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        outputs.append(encode(encoder, batch))
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


def test_state_dict_holds_all_that_matters(config, encoder):
    other, batch = build(config, seed=1).eval(), make_batch()
    assert not torch.allclose(encode(encoder, batch), encode(other, batch))
    other.load_state_dict(encoder.state_dict())
    assert torch.equal(encode(encoder, batch), encode(other, batch))


def test_bfloat16_autocast_stays_near_single_precision(encoder):
    has_lstm = any(isinstance(part, nn.LSTM) for part in encoder.modules())
    if has_lstm and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        pytest.skip("this processor has no LSTM in bfloat16")
    batch = make_batch()
    exact = encode(encoder, batch)[batch.valid_mask]
    with torch.autocast("cpu", torch.bfloat16):
        low = encode(encoder, batch)[batch.valid_mask].float()
    assert (low - exact).norm() / exact.norm() < 0.1


def leaves(config, path=()):
    for key, value in config.items():
        if isinstance(value, DictConfig):
            yield from leaves(value, (*path, key))
        elif not str(key).startswith("_") and key not in TESTED_ALONE:
            yield (*path, key)


def perturbed(config, path):
    changed = copy.deepcopy(config)
    parent = changed
    for key in path[:-1]:
        parent = parent[key]
    value = parent[path[-1]]
    if value in OTHER_WORDS:
        parent[path[-1]] = OTHER_WORDS[value]
        return changed
    assert isinstance(value, (bool, int, float)), f"do not know how to change {'.'.join(path)}={value!r}"
    parent[path[-1]] = (
        not value if isinstance(value, bool) else value * 2 if isinstance(value, int) else value / 2 + 0.2
    )
    return changed


def behavior(config):
    encoder, batch = build(config), make_batch()
    shapes = {name: tuple(weight.shape) for name, weight in encoder.named_parameters()}
    embedded = embed(batch, config.embedding_dim)
    outputs = []
    for module in (encoder.train(), copy.deepcopy(encoder).eval()):
        torch.manual_seed(0)
        outputs.append(module(embedded, batch)[batch.valid_mask])
    return shapes, outputs


@pytest.mark.parametrize(("name", "path"), [(name, path) for name in NAMES for path in leaves(CONFIGS[name])], ids=str)
def test_every_value_of_the_yaml_matters(name, path):
    config = CONFIGS[name]
    changed = perturbed(config, path)
    if path == ("num_heads",) and "bias" in config:  # made for the same heads
        changed = perturbed(changed, ("bias", "num_heads"))
    if path == ("bias", "num_heads"):
        pytest.skip("changes together with the encoder's")
    if path == ("embedding_dim",):  # parts that are given the size as well must agree
        for inner in leaves(config):
            if inner[-1] == "embedding_dim" and len(inner) > 1:
                changed = perturbed(changed, inner)
    elif path[-1] == "embedding_dim":
        pytest.skip("changes together with the encoder's")
    (shapes, outputs), (new_shapes, new_outputs) = behavior(config), behavior(changed)
    same_outputs = all(torch.equal(one, other) for one, other in zip(outputs, new_outputs, strict=True))
    assert shapes != new_shapes or not same_outputs
