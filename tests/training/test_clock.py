import time
from types import SimpleNamespace

import torch

from seqmine.structs import SequenceBatch
from seqmine.training.clock import Clock, peak_memory_mib


def test_validation_is_not_counted_as_training():
    clock, logged = Clock(), {}
    module = SimpleNamespace(log=lambda name, value, **_: logged.update({name: value}), device="cpu")
    trainer = SimpleNamespace(world_size=2)
    items = torch.tensor([[1, 2, 0]])
    clock.on_train_epoch_start(trainer, module)
    clock.on_train_batch_end(
        trainer, module, None, SequenceBatch(items, items, torch.tensor([2]), torch.tensor([0])), 0
    )
    clock.on_validation_start(trainer, module)
    time.sleep(0.2)
    clock.on_validation_end(trainer, module)
    clock.on_train_epoch_end(trainer, module)
    results = clock.results
    assert results["time/validate_s"] >= 0.2 > results["time/train_epoch_s"]
    assert results["time/total_s"] >= 0.2
    assert logged["throughput/events_per_second"] > 4 / 0.2
    assert clock.throughput == {"throughput/events_per_second": [logged["throughput/events_per_second"]]}


def test_peak_memory_is_that_of_a_process_with_torch():
    assert 50 < peak_memory_mib() < 100_000
