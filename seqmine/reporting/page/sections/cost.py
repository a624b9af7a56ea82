"""What the run took: seconds, memory, throughput."""

from collections.abc import Sequence
from typing import ClassVar

from seqmine.reporting.page.blocks import Block, Grid
from seqmine.reporting.page.subject import Subject

_WORDS = {"time/total_s": "seconds in all", "time/train_epoch_s": "seconds of an epoch of training, mean",
          "time/validate_s": "seconds of a validation", "memory/peak_mib": "peak memory in MiB",
          "parameters": "parameters",
          "throughput/events_per_second": "events a second in training",
          "throughput/mfu": "model FLOPs utilization"}  # fmt: skip


class Cost:
    """What the run took."""

    title: ClassVar[str] = "What did it cost?"

    def __call__(self, subject: Subject) -> Sequence[Block]:
        """Return what was measured."""
        known = [
            name for name in subject.metrics if name in _WORDS or name.startswith(("time/", "throughput/", "memory/"))
        ]
        rows = [[_WORDS.get(name, name), _measured(subject.metrics[name])] for name in known]
        machine = subject.environment.get("machine", {})
        device = subject.environment.get("device", "an unknown device")
        caption = f"On {device}, {machine.get('threads', '?')} threads of {machine.get('processors', '?')} processors"
        return [Grid(caption, ["what", "measured"], rows)]


def _measured(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
