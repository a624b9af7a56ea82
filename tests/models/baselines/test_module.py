from types import SimpleNamespace

import torch

from seqmine.models.baselines.module import BaselineModule
from seqmine.models.baselines.popularity import Popularity
from seqmine.structs import Catalog, InteractionLog, SequenceBatch


def test_a_baseline_is_counted_when_the_fit_starts_and_scores_like_a_model():
    module = BaselineModule(recommender=Popularity(), catalog=Catalog.of_size(3))
    log = InteractionLog.from_lists([[2, 2, 3], [2, 1]])
    module.trainer = SimpleNamespace(datamodule=SimpleNamespace(prepared=SimpleNamespace(training_log=lambda: log)))
    module.on_fit_start()
    items = torch.tensor([[1], [3]])
    scores = module.validation_step(SequenceBatch(items, items, torch.tensor([1, 1]), torch.arange(2)), 0)
    assert scores[:, 1:].argmax(1).tolist() == [1, 1]
    assert module.configure_optimizers() is None
