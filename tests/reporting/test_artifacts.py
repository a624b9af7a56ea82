from types import SimpleNamespace

import pytest

from seqmine.reporting.artifacts import log_artifacts
from seqmine.training.wandb_logger import UnattendedLogger

METRICS = {
    "val/ndcg@10": 0.3,
    "test/ndcg@10": 0.2,
    "best_epoch": 1,
    "protocol": {"data_fingerprint": "ab", "num_items": 9},
}


class Started(UnattendedLogger):
    def __init__(self, sends_weights) -> None:
        self.sends_weights, self.logged = sends_weights, []

    @property
    def experiment(self):
        def keep(artifact, **how):
            self.logged.append((artifact, how))

        return SimpleNamespace(id="1f", log_artifact=keep, _log_artifact=keep)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    for name in ("config.yaml", "catalog.parquet", "checkpoints/best.ckpt"):
        (tmp_path / name).write_text(name)
    return tmp_path


def test_weights_come_from_a_log_and_stay_where_they_are(folder):
    logger = Started(False)
    log_artifacts([logger, None], folder, "val/ndcg@10", METRICS)
    (log, used), (weights, made) = logger.logged
    assert (log.type, log.name, log.metadata, used["use_after_commit"]) == (
        "dataset",
        "log-ab",
        METRICS["protocol"],
        True,
    )
    assert not log.manifest.entries, "no event leaves the house"
    assert (weights.type, weights.name, made["aliases"]) == ("model", "weights-1f", ["best"])
    assert weights.metadata == {"val/ndcg@10": 0.3, "test/ndcg@10": 0.2, "best_epoch": 1}
    assert [entry.ref for entry in weights.manifest.entries.values()] == [f"file://{folder}/checkpoints/best.ckpt"]


def test_weights_are_sent_where_it_is_asked_for(folder):
    logger = Started(True)
    log_artifacts([logger], folder, "val/ndcg@10", METRICS)
    entries = logger.logged[1][0].manifest.entries
    assert set(entries) == {"config.yaml", "catalog.parquet", "best.ckpt"}
    assert all(entry.ref is None for entry in entries.values())


def test_a_run_without_weights_names_its_log_alone(tmp_path):
    logger = Started(False)
    log_artifacts([logger], tmp_path, "val/ndcg@10", METRICS)
    assert [artifact.type for artifact, _ in logger.logged] == ["dataset"]
