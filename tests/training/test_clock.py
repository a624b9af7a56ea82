import time
from types import SimpleNamespace
from unittest import mock

import pytest
import torch

from seqmine.models.module import SequenceModule
from seqmine.structs import SequenceBatch
from seqmine.training import clock as clock_module
from seqmine.training.clock import Clock, peak_memory_mib
from seqmine.training.flops import TrainingCost


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


@pytest.mark.parametrize(("peaks", "share"), [([100.0], 0.5), ([10.0, 100.0], 0.5), ([10.0, 20.0], 2.5)])
def test_utilization_is_of_the_fastest_peak_even_when_it_was_measured_on_a_busy_device(monkeypatch, peaks, share):
    """50 operations a second; a share that stays above 1 is a defect, and is not hidden."""
    monkeypatch.setattr(clock_module, "training_cost", lambda module, batch: TrainingCost(1.0, 0.0, 0.0))
    monkeypatch.setattr(clock_module, "fastest_peak", lambda device: peaks.pop(0))
    monkeypatch.setattr(clock_module.time, "perf_counter", iter(range(0, 10_000, 1)).__next__)
    clock, logged = Clock(), {}
    module = mock.create_autospec(SequenceModule, instance=True, device=torch.device("cpu"))
    module.log = lambda name, value, **_: logged.update({name: value})
    trainer = SimpleNamespace(world_size=1, precision="bf16-mixed")
    items = torch.ones(1, 50, dtype=torch.int64)
    batch = SequenceBatch(items, items, torch.tensor([50]), torch.tensor([0]))
    clock.on_train_epoch_start(trainer, module)
    clock.on_train_batch_start(trainer, module, batch, 0)
    clock.on_train_batch_end(trainer, module, None, batch, 0)
    clock.on_train_epoch_end(trainer, module)
    assert logged["throughput/mfu"] == pytest.approx(share / clock.train_seconds[0])


def test_peak_memory_is_that_of_a_process_with_torch():
    assert 50 < peak_memory_mib() < 100_000
