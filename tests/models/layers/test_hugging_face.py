import sys

import pytest
import torch

from seqmine.models.layers.hugging_face import HuggingFaceBackbone, require_package, sees_later_events
from seqmine.structs import UserError

transformers = pytest.importorskip("transformers", reason="the extra hf is not installed")
SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
ROWS = torch.randn(2, 5, 16, generator=torch.Generator().manual_seed(0))


def backbone(kind="llama", embedding_dim=16, **changes):
    torch.manual_seed(0)
    settings = {"max_length": 6, "config": {"model_type": kind, **SIZES}, "dropout": 0.0}
    return HuggingFaceBackbone(embedding_dim=embedding_dim, **(settings | changes))


def test_a_folder_gives_its_network_and_its_weights(tmp_path):
    saved = transformers.AutoModel.from_config(transformers.AutoConfig.for_model("gpt2", n_embd=8, n_layer=1, n_head=2))
    saved.save_pretrained(tmp_path)
    net = backbone(folder=str(tmp_path)).eval()
    torch.testing.assert_close(net.network.h[0].attn.c_attn.weight, saved.h[0].attn.c_attn.weight)
    assert net(ROWS, None).shape == (2, 5, 16)  # between linear maps, as the width differs
    with pytest.raises(UserError, match="has room for 1024 events; set max_length to at most 1023"):
        backbone(folder=str(tmp_path), max_length=1024)
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"folder is .* whose network cannot be read .*save it as safetensors"):
        backbone(folder=str(tmp_path))
    with pytest.raises(UserError, match="which has no config.json; name a folder"):
        backbone(folder=str(tmp_path / "none"))


def test_adapters_alone_are_trained():
    pytest.importorskip("peft", reason="the extra hf is not installed")
    net = backbone(lora_rank=2)
    trained = {name for name, weight in net.named_parameters() if weight.requires_grad}
    assert trained and all("lora_" in name for name in trained)
    plain = backbone().eval()
    torch.testing.assert_close(net.eval()(ROWS, None), plain(ROWS, None))  # adapters start as nothing
    assert sum(w.numel() for n, w in backbone(lora_rank=4).named_parameters() if "lora_" in n) == 2 * sum(
        w.numel() for n, w in net.named_parameters() if "lora_" in n
    )
    with pytest.raises(UserError, match="lora_rank is 0, allowed are null and whole numbers from 1"):
        backbone(lora_rank=0)


def test_checkpointing_changes_no_gradient():
    gradients = []
    for setting in (False, True):
        net = backbone(gradient_checkpointing=setting).train()
        assert net.network.is_gradient_checkpointing is setting
        rows = ROWS.clone().requires_grad_()
        net(rows, None).square().sum().backward()
        gradients.append(rows.grad)
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"model_type": "nothing"}, "config.model_type is 'nothing', allowed are those of transformers"),
        ({"model_type": "t5"}, "with an encoder and a decoder; allowed are networks of one of them"),
        ({"model_type": "gpt2", "num_attention_heads": 3}, "of which no network can be built"),
    ],
)
def test_a_network_that_cannot_be_built_is_told(config, sentence):
    with pytest.raises(UserError, match=sentence):
        backbone(config=SIZES | config)


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UserError, match=r"needs the package transformers; install '\.\[hf\]'"):
        require_package("transformers")


def test_a_network_is_asked_whether_it_sees_later_events():
    assert [sees_later_events(backbone(kind), 16) for kind in ("llama", "bert")] == [False, True]
