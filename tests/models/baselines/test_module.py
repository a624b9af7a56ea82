from types import SimpleNamespace

import pytest
import torch

from seqmine.models.baselines.module import BaselineModule
from seqmine.models.baselines.popularity import Popularity
from seqmine.structs import Catalog, InteractionLog, SequenceBatch
from tests.tiny import train


def test_a_baseline_is_counted_when_the_fit_starts_and_scores_like_a_model():
    module = BaselineModule(recommender=Popularity(), catalog=Catalog.of_size(3))
    log = InteractionLog.from_lists([[2, 2, 3], [2, 1]])
    prepared = SimpleNamespace(training_log=lambda: log)
    module.trainer = SimpleNamespace(
        datamodule=SimpleNamespace(prepared=prepared), fit_loop=SimpleNamespace(), check_val_every_n_epoch=1
    )
    module.on_fit_start()
    items = torch.tensor([[1], [3]])
    scores = module.validation_step(SequenceBatch(items, items, torch.tensor([1, 1]), torch.arange(2)), 0)
    assert scores[:, 1:].argmax(1).tolist() == [1, 1]
    assert module.configure_optimizers() is None


@pytest.mark.parametrize("every", [1, 2])
def test_a_counted_model_is_measured_once_whatever_epochs_the_trainer_has(every, small_log, tmp_path):
    settings = ["model=popularity", "trainer.max_epochs=8", f"trainer.check_val_every_n_epoch={every}"]
    folder = train(small_log, tmp_path / "run", *settings)
    best, last = (
        torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)["epoch"] for name in ("best", "last")
    )
    assert best == last == every - 1
