import logging

import pytest
import torch

from seqmine.training import flops, precision


@pytest.fixture
def cpu_with(monkeypatch):
    """A processor without GPU whose products are that many times as fast in bf16."""

    def set_gain(gain: float) -> None:
        peaks = {"32-true": 100.0, "bf16-mixed": 100.0 * gain}
        monkeypatch.setattr(flops, "peak_operations", lambda device, name, size=None: peaks[name])
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    return set_gain


@pytest.fixture
def gpu(monkeypatch):
    """A GPU with or without bf16."""

    def set_support(supported: bool) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: supported)

    return set_support


@pytest.mark.parametrize(("gain", "expected"), [(0.5, "32-true"), (1.2, "32-true"), (4.0, "bf16-mixed")])
def test_a_cpu_takes_bf16_only_where_it_is_clearly_faster(cpu_with, gain, expected):
    cpu_with(gain)
    assert precision.fastest_precision("cpu") == precision.fastest_precision("auto") == expected


@pytest.mark.parametrize(("supported", "expected"), [(True, "bf16-mixed"), (False, "32-true")])
def test_a_gpu_takes_bf16_where_it_has_it(gpu, supported, expected):
    gpu(supported)
    assert precision.fastest_precision("auto") == expected


@pytest.mark.parametrize(
    ("gain", "asked", "warned"),
    [
        (0.1, "bf16-mixed", True), (0.1, "bf16-true", True), (0.1, "16-mixed", True), (0.1, "16", True),
        (4.0, "bf16-mixed", False), (0.1, "32-true", False), (0.1, "64-true", False),
    ],
)  # fmt: skip
def test_half_precision_that_a_cpu_only_emulates_is_warned_of_once(cpu_with, caplog, gain, asked, warned):
    cpu_with(gain)
    with caplog.at_level(logging.WARNING):
        precision.warn_of_slow_precision("auto", asked)
    assert len(caplog.records) == warned
    if warned:
        assert asked in caplog.text and "set trainer.precision=fastest" in caplog.text


@pytest.mark.parametrize(
    ("supported", "asked", "warned"), [(False, "bf16-mixed", 1), (True, "bf16-mixed", 0), (False, "16-mixed", 0)]
)
def test_bf16_that_a_gpu_only_emulates_is_warned_of(gpu, caplog, supported, asked, warned):
    gpu(supported)
    precision.warn_of_slow_precision("gpu", asked)
    assert len(caplog.records) == warned
