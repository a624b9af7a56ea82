from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

from seqmine.models.embeddings.fusion import AttentionFusion, GatedFusion

FILES = sorted((Path(__file__).resolve().parents[3] / "conf" / "model" / "fusion").glob("*.yaml"))
OWN, CONTENT = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_both_vectors_matter_and_rows_stay_apart(path):
    torch.manual_seed(0)
    fusion = instantiate(OmegaConf.load(path))(embedding_dim=4)
    found = fusion(OWN, CONTENT)
    assert found.shape == (6, 4) and torch.allclose(fusion(OWN[2:3], CONTENT[2:3]), found[2:3])
    assert not torch.allclose(fusion(OWN + 1, CONTENT), found) and not torch.allclose(fusion(OWN, CONTENT + 1), found)
    found.square().sum().backward() if list(fusion.parameters()) else None
    assert all(weight.grad is not None and weight.grad.any() for weight in fusion.parameters())


@pytest.mark.parametrize("kind", [GatedFusion, AttentionFusion])
def test_weighted_fusions_lie_between_both(kind):
    torch.manual_seed(0)
    found = kind(embedding_dim=4)(OWN, CONTENT)
    low, high = torch.minimum(OWN, CONTENT), torch.maximum(OWN, CONTENT)
    assert (found >= low - 1e-6).all() and (found <= high + 1e-6).all()
