import pytest
import torch

from seqmine.training.checkpoint_io import AtomicCheckpointIO


def test_what_is_saved_is_loaded(tmp_path):
    path = tmp_path / "folder" / "best.ckpt"
    AtomicCheckpointIO().save_checkpoint({"value": torch.ones(2)}, str(path))
    assert torch.load(path, weights_only=True)["value"].tolist() == [1, 1]
    assert [entry.name for entry in path.parent.iterdir()] == ["best.ckpt"]


def test_a_failed_save_keeps_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "best.ckpt"
    AtomicCheckpointIO().save_checkpoint({"value": 1}, str(path))

    def fail(_, file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OSError, match="No space left"):
        AtomicCheckpointIO().save_checkpoint({"value": 2}, str(path))
    assert torch.load(path, weights_only=True) == {"value": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["best.ckpt"]
