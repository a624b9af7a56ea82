import torch
from torchmetrics import Metric

from seqmine.metrics.mean_state import accumulate, add_mean_state, added_over_devices, mean_of


class Plain(Metric):
    full_state_update = False

    def __init__(self):
        super().__init__()
        add_mean_state(self)

    def update(self, values):
        accumulate(self, values)

    def compute(self):
        return mean_of(self)


def test_small_values_are_not_lost_in_a_large_sum():
    metric = Plain()
    metric.update(torch.tensor([2.0**30]))
    for _ in range(64):
        metric.update(torch.tensor([1 / 64], dtype=torch.float32))
    assert float(metric.compute()) == (2.0**30 + 1) / 65


def test_states_add_up_over_devices():
    left, right = Plain(), Plain()
    left.update(torch.tensor([1.0, 2.0]))
    right.update(torch.tensor([9.0]))
    left.merge_state(right)
    assert float(left.compute()) == 4.0


def test_sums_of_one_process_are_its_own_and_of_several_are_added(monkeypatch):
    sums = torch.tensor([1.0, 2.0])
    assert added_over_devices(sums) is sums
    monkeypatch.setattr("torch.distributed.is_initialized", lambda: True)
    monkeypatch.setattr("seqmine.metrics.mean_state.gather_all_tensors", lambda given: [given, given * 10])
    assert added_over_devices(sums).tolist() == [11.0, 22.0]
