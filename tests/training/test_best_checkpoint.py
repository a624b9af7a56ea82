import pytest
import torch

from seqmine.training.best_checkpoint import BestCheckpoint


def checkpoint(folder):
    return BestCheckpoint(dirpath=folder, filename="best", monitor="val/ndcg@10")


@pytest.fixture
def earlier(tmp_path):
    """State of a callback whose best checkpoint scored 0.5."""
    first = checkpoint(tmp_path / "first")
    path = tmp_path / "first" / "best.ckpt"
    path.parent.mkdir()
    path.write_bytes(b"weights")
    first.best_model_path, first.best_model_score = str(path), torch.tensor(0.5)
    first.kth_best_model_path, first.best_k_models = str(path), {str(path): torch.tensor(0.5)}
    return first.state_dict()


def test_a_resumed_run_takes_the_best_checkpoint_over(earlier, tmp_path):
    resumed = checkpoint(tmp_path / "second")
    resumed.load_state_dict(earlier)
    assert (tmp_path / "second" / "best.ckpt").read_bytes() == b"weights"
    assert resumed.best_model_path == str(tmp_path / "second" / "best.ckpt")
    assert resumed.best_k_models[resumed.best_model_path] == 0.5
    assert [path.name for path in (tmp_path / "second").iterdir()] == ["best.ckpt"]


def test_a_best_checkpoint_that_is_gone_is_forgotten(earlier, tmp_path):
    (tmp_path / "first" / "best.ckpt").unlink()
    resumed = checkpoint(tmp_path / "second")
    with pytest.warns(UserWarning, match="dirpath has changed"):
        resumed.load_state_dict(earlier)
    assert resumed.best_model_score is None


@pytest.mark.parametrize(("monitor", "mode"), [("val/loss", "min"), ("val/ndcg@10", "max")])
def test_the_best_is_the_lowest_loss_or_the_highest_metric(monitor, mode, tmp_path):
    assert BestCheckpoint(dirpath=tmp_path, monitor=monitor).mode == mode


def test_the_epoch_that_validation_chose_is_told(tmp_path):
    kept = checkpoint(tmp_path)
    assert kept.results == {}
    kept.best_model_path, kept.best_model_score = str(tmp_path / "best.ckpt"), torch.tensor(0.5)
    torch.save({"epoch": 4, "state_dict": {"weight": torch.zeros(3)}}, kept.best_model_path)
    assert kept.results == {"best_epoch": 4, "best_value": 0.5}
