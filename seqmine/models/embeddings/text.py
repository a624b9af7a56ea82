"""Texts as vectors of a language model from a local folder: the content of items for models that have not seen them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from seqmine.models.layers.hugging_face import pretrained, require_package
from seqmine.structs import UserError
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt


@bounded
class TextEmbedder:
    """The mean of the last hidden states over the tokens of a text, of length 1.

    Args:
        folder: that ``save_pretrained`` has written, with the model as safetensors and its tokenizer; nothing is
            downloaded.
        max_tokens: tokens of a text that count, the first ones.
        batch_size: texts that are encoded at once.

    Raises:
        UserError: the folder has no such model, or a setting cannot be.
    """

    def __init__(self, *, folder: str, max_tokens: PositiveInt, batch_size: PositiveInt) -> None:
        self.folder, self.max_tokens, self.batch_size = Path(folder), max_tokens, batch_size
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = pretrained(folder).to(self.device).eval()
        try:
            tokenizers = require_package("transformers").AutoTokenizer
            self.tokenizer = tokenizers.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError) as error:
            raise UserError(
                f"folder is {folder}, whose tokenizer cannot be read ({error}); save it there with save_pretrained"
            ) from error

    def fingerprint(self) -> str:
        """Return a hash that changes when the model, its tokenizer or a setting that shapes vectors does."""
        digest = hashlib.blake2b(f"mean {self.max_tokens}".encode(), digest_size=16)
        for path in sorted(self.folder.iterdir()):
            if path.suffix in (".json", ".safetensors", ".txt", ".model"):
                with path.open("rb") as file:
                    digest.update(path.name.encode() + hashlib.file_digest(file, "blake2b").digest())
        return digest.hexdigest()

    @torch.inference_mode()
    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """Return one float32 row of numbers a text, in order; zeros for a text without words."""
        found = np.zeros((len(texts), int(self.model.config.hidden_size)), np.float32)
        written = [row for row, text in enumerate(texts) if text.strip()]
        for start in range(0, len(written), self.batch_size):
            rows = written[start : start + self.batch_size]
            found[rows] = self._encode([texts[row] for row in rows]).float().cpu().numpy()
        return found

    def _encode(self, texts: list[str]) -> Float[Tensor, "B D"]:
        cut = {"padding": True, "truncation": True, "max_length": self.max_tokens}
        tokens = self.tokenizer(texts, return_tensors="pt", **cut).to(self.device)
        inputs = {name: tokens[name] for name in ("input_ids", "attention_mask")}
        states = self.model(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(2)
        return F.normalize((states * mask).sum(1) / mask.sum(1).clamp(min=1), dim=1)
