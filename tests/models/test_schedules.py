import torch

from seqmine.models.schedules import constant, cosine


def rates(schedule, steps, **settings):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = schedule(optimizer, steps, **settings)
    values = []
    for _ in range(steps):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return values


def test_constant_rises_then_stays():
    values = rates(constant, 10, warmup_steps=4)
    assert values[:5] == sorted(values[:5])
    assert values[4:] == [1.0] * 6


def test_cosine_rises_then_falls_to_its_share():
    values = rates(cosine, 50, warmup_steps=5, final_share=0.2)
    assert max(values) == values[5] == 1.0
    assert values[5:] == sorted(values[5:], reverse=True)
    assert 0.2 <= values[-1] < 0.21


def test_a_training_shorter_than_its_rise_still_works():
    assert len(rates(constant, 3, warmup_steps=100)) == len(rates(cosine, 3, warmup_steps=100)) == 3
