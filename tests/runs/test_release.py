from omegaconf import OmegaConf
from torch import nn

from seqmine.runs.release import write_release
from seqmine.structs import Catalog


def test_a_run_without_a_promise_releases_nothing(tmp_path):
    config = OmegaConf.create({"paths": {"run": str(tmp_path)}})
    write_release(config, nn.Linear(1, 1), Catalog.of_size(2), {"test/ndcg@10": 0.5})
    assert list(tmp_path.iterdir()) == []
