import pytest

from seqmine.training.wandb_logger import build_wandb_logger


@pytest.mark.parametrize(
    ("environment", "offline"),
    [({}, True), ({"WANDB_API_KEY": "k" * 40}, False), ({"WANDB_API_KEY": "k" * 40, "WANDB_MODE": "offline"}, True)],
)
def test_a_run_is_online_only_with_a_key(monkeypatch, tmp_path, environment, offline):
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    logger = build_wandb_logger(project="p", name="n", group="g", tags=["t"], save_dir=str(tmp_path))
    assert logger._offline is offline
