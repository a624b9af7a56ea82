from types import SimpleNamespace

import torch

from seqmine.training.step_seed import StepSeed


def draw(seed=0, epoch=0, batch=0, rank=0) -> float:
    trainer = SimpleNamespace(current_epoch=epoch, global_rank=rank)
    StepSeed(seed=seed).on_train_batch_start(trainer, None, None, batch)
    return torch.rand(()).item()


def test_draws_depend_on_seed_epoch_batch_and_device_alone():
    places = [{}, {"seed": 1}, {"epoch": 1}, {"batch": 1}, {"rank": 1}]
    assert len({draw(**place) for place in places}) == len(places)
    assert [draw(**place) for place in places] == [draw(**place) for place in places]
