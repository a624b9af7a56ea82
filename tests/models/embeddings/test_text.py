import numpy as np
import pytest

from seqmine.structs import UserError

transformers = pytest.importorskip("transformers", reason="the extra hf is not installed")

from seqmine.models.embeddings.text import TextEmbedder  # noqa: E402

WORDS = ["[PAD]", "[UNK]", "red", "blue", "shoe", "hat"]


def save_model(folder, seed=0):
    """Write a tiny BERT and a tokenizer of six words."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]"
    ).save_pretrained(folder)
    torch.manual_seed(seed)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.BertConfig(vocab_size=len(WORDS), max_position_embeddings=16, **sizes)
    transformers.BertModel(config).save_pretrained(folder)
    return str(folder)


def embedder(folder, **changes):
    return TextEmbedder(folder=folder, **({"max_tokens": 8, "batch_size": 2} | changes))


def test_a_vector_is_that_of_its_text_alone_and_has_length_one(tmp_path):
    net = embedder(save_model(tmp_path))
    texts = ["red shoe", "blue hat red hat shoe", "", "red shoe"]
    found = net.vectors(texts)
    assert found.shape == (4, 8) and found.dtype == np.float32
    for text, row in zip(texts, found, strict=True):
        np.testing.assert_allclose(net.vectors([text])[0], row, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1, 1, 0, 1], atol=1e-5)
    assert np.abs(found[0] - found[1]).max() > 1e-3
    np.testing.assert_allclose(embedder(str(tmp_path), max_tokens=2).vectors(["red shoe hat"])[0], found[0], atol=1e-5)


def test_another_model_or_length_is_another_fingerprint(tmp_path):
    first, second = (save_model(tmp_path / str(seed), seed) for seed in (0, 1))
    prints = [
        embedder(first).fingerprint(),
        embedder(second).fingerprint(),
        embedder(first, max_tokens=9).fingerprint(),
    ]
    assert len(set(prints)) == 3 and embedder(first, batch_size=7).fingerprint() == prints[0]


def test_what_cannot_be_is_refused(tmp_path):
    with pytest.raises(UserError, match="which has no config.json; name a folder"):
        embedder(str(tmp_path))
    with pytest.raises(UserError, match="max_tokens is 0, allowed are whole numbers from 1"):
        embedder(save_model(tmp_path), max_tokens=0)
