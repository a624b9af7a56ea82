"""Networks of Hugging Face's transformers over item vectors: with new weights, or from a local folder."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.layers.dropout import Dropout
from seqmine.structs import UserError


class HuggingFaceBackbone(nn.Module):
    """A network without its table of tokens, between linear maps where its width is not that of the items.

    Args:
        embedding_dim: size D of the vectors.
        max_length: longest history; a network with a table of positions has one more, for a hidden event.
        config: of the network in the names of transformers: ``model_type``, ``hidden_size``, ``num_hidden_layers``,
            ``num_attention_heads`` and any other; sizes that are left out follow from these.
        folder: with ``config.json`` and ``model.safetensors``, whose network and weights are taken instead of
            ``config``; None starts from new weights.
        dropout: dropout of the embedded events, beside what the network has.
        lora_rank: rank of low-rank adapters of all linear maps, beside which the network stays as it is (LoRA, Hu et
            al. 2021, arXiv:2106.09685); None trains all of it.
        gradient_checkpointing: compute the states of layers again in the backward pass, for less memory.

    Raises:
        UserError: transformers is not installed, or the network cannot be built.
    """

    def __init__(
        self,
        *,
        embedding_dim: int,
        max_length: int,
        config: Mapping[str, Any],
        folder: str | None = None,
        dropout: float,
        lora_rank: int | None = None,
        gradient_checkpointing: bool = False,
    ) -> None:
        super().__init__()
        network = new_network(config, max_length) if folder is None else network_of(folder, max_length)
        width = int(network.config.hidden_size)
        self.num_positions = max_length + 1
        self.dropout = Dropout(dropout)
        self.into = nn.Identity() if width == embedding_dim else nn.Linear(embedding_dim, width)
        self.out = nn.Identity() if width == embedding_dim else nn.Linear(width, embedding_dim)
        if gradient_checkpointing:
            network.gradient_checkpointing_enable()
        self.network = network if lora_rank is None else with_adapters(network, lora_rank)

    def forward(
        self, embedded: Float[Tensor, "B L D"], valid_mask: Bool[Tensor, "B L"] | None
    ) -> Float[Tensor, "B L D"]:
        """Return hidden states; None as mask lets a causal network see padding, which none of its real events can.

        A batch may be wider than the longest history; a table of positions is not.
        """
        inputs = self.into(self.dropout(embedded[:, : self.num_positions]))
        masks = {} if valid_mask is None else {"attention_mask": valid_mask[:, : self.num_positions].long()}
        states = self.out(self.network(inputs_embeds=inputs, **masks).last_hidden_state)
        return F.pad(states, (0, 0, 0, embedded.shape[1] - states.shape[1]))


def new_network(config: Mapping[str, Any], max_length: int) -> Any:
    """Return a network of a configuration, with new weights.

    Args:
        config: see ``HuggingFaceBackbone``.
        max_length: longest history.

    Raises:
        UserError: no such kind of network, or its sizes do not fit together.
    """
    transformers = require_package("transformers")
    kind = config.get("model_type")
    if kind not in transformers.CONFIG_MAPPING:
        raise UserError(f"config.model_type is {kind!r}, allowed are those of transformers, e.g. llama, gpt2 or bert")
    known = transformers.AutoConfig.for_model(kind)
    _require_one_stack(known, f"config.model_type is {kind!r}")
    asked = {name: value for name, value in config.items() if name != "model_type"}
    try:
        chosen = transformers.AutoConfig.for_model(kind, **(_sizes(asked, max_length, known) | asked))
        network = transformers.AutoModel.from_config(chosen)
    except Exception as error:  # each kind of network has errors of its own
        raise UserError(f"config is {dict(config)}, of which no network can be built ({error}); change it") from error
    return _without_tokens(network)


def network_of(folder: str, max_length: int) -> Any:
    """Return the network in a local folder, with its weights; nothing is downloaded, and no code of it is run.

    Args:
        folder: that ``save_pretrained`` has written.
        max_length: longest history.

    Raises:
        UserError: the folder has no network that can be read without pickle, or one for shorter histories.
    """
    network = pretrained(folder)
    _require_one_stack(network.config, f"folder is {folder}")
    room = getattr(network.config, "max_position_embeddings", None)
    if room is not None and room <= max_length:
        raise UserError(
            f"`folder` is {folder}, whose network has room for {room} events; set `max_length` to at most {room - 1}"
        )
    return _without_tokens(network)


def pretrained(folder: str) -> Any:
    """Return a network of transformers in a local folder; nothing is downloaded, and no code of it is run.

    Args:
        folder: that ``save_pretrained`` has written.

    Raises:
        UserError: transformers is not installed, or the folder has no network that can be read without pickle.
    """
    transformers = require_package("transformers")
    if not (Path(folder) / "config.json").is_file():
        raise UserError(f"folder is {folder}, which has no config.json; name a folder that save_pretrained has written")
    try:
        return transformers.AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError) as error:
        raise UserError(
            f"folder is {folder}, whose network cannot be read ({error}); save it as safetensors"
        ) from error


def with_adapters(network: Any, rank: int) -> Any:
    """Freeze a network and give all of its linear maps adapters of low rank.

    Raises:
        UserError: a rank below 1, or peft is not installed.
    """
    if rank < 1:
        raise UserError(f"lora_rank is {rank}, allowed are null and whole numbers from 1")
    peft = require_package("peft")
    adapters = peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear")
    return peft.inject_adapter_in_model(adapters, network)


def require_package(name: str) -> Any:
    """Return an optional package.

    Raises:
        UserError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UserError(f"a network of Hugging Face needs the package {name}; install '.[hf]'") from error


def sees_later_events(encoder: nn.Module, embedding_dim: int) -> bool:
    """Tell whether what comes later changes a state of a network, by asking it."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(1, 4, embedding_dim, generator=generator).repeat(2, 1, 1)
    rows[1, 2:] = torch.randn(2, embedding_dim, generator=generator)
    training = encoder.training
    with torch.no_grad():
        states = encoder.eval()(rows, None)
    encoder.train(training)
    return bool((states[0, :2] - states[1, :2]).abs().max() > 1e-5)


def _sizes(config: Mapping[str, Any], max_length: int, known: Any) -> dict[str, Any]:
    """Return the sizes that follow from the width and the heads, as far as the kind of network has them."""
    width, heads = config["hidden_size"], config["num_attention_heads"]
    sizes = {
        "vocab_size": 1, "pad_token_id": 0, "bos_token_id": None, "eos_token_id": None, "cls_token_id": None,
        "sep_token_id": None, "use_cache": False, "max_position_embeddings": max_length + 1,
        "intermediate_size": 4 * width, "num_key_value_heads": heads, "head_dim": width // heads,
    }  # fmt: skip
    has = known.to_dict()
    if "expand" in has:  # a state-space network: its inner width is divided among its own heads
        sizes |= {"num_heads": has["expand"] * heads, "n_groups": 1, "chunk_size": 64}
    names = type(known).attribute_map
    return {name: value for name, value in sizes.items() if names.get(name, name) in has}


def _require_one_stack(config: Any, what: str) -> None:
    if config.is_encoder_decoder:
        raise UserError(f"{what}, with an encoder and a decoder; allowed are networks of one of them")


def _without_tokens(network: Any) -> Any:
    """Take out of a network what item vectors do not go through: a weight without gradient stops several devices."""
    network.set_input_embeddings(nn.Identity())
    if getattr(network, "pooler", None) is not None:
        network.pooler = None
    return network
