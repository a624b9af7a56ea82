from types import SimpleNamespace

from seqmine.training.best_checkpoint import best_weights
from seqmine.training.final_checkpoint import FinalCheckpoint


def test_the_last_weights_are_what_a_run_is_measured_with(tmp_path):
    kept = FinalCheckpoint(dirpath=str(tmp_path))
    assert kept.best_model_path == ""
    trainer = SimpleNamespace(checkpoint_callbacks=[kept], save_checkpoint=lambda path: path.write_bytes(b"weights"))
    kept.on_train_end(trainer, None)
    assert best_weights(trainer) == str(tmp_path / "best.ckpt")
