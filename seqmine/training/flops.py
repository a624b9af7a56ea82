"""Arithmetic that training needs, and how much of it a machine can do.

Utilization is the useful arithmetic of an epoch over what the device could have done in that time (PaLM, Chowdhery et
al. 2022, arXiv:2204.02311, appendix B). Useful is what real events need: padding, recomputed values and everything that
is no matrix product count nothing. Attention counts as a whole square, as is the custom.
"""

import copy
import time
from dataclasses import dataclass, fields
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count

from seqmine.models.module import SequenceModule
from seqmine.structs import SequenceBatch
from seqmine.structs.batch import EVENT_COLUMNS

_PRECISIONS = {"bf16": torch.bfloat16, "16": torch.float16, "64": torch.float64}
_PEAK_SIZES = {"cpu": 1024, "cuda": 8192}  # rows of a square matrix that is large enough to fill the device
_PEAK_SECONDS = 0.2
_SMALL = 256


@dataclass(frozen=True)
class TrainingCost:
    """Floating-point operations of a training step, forward and backward, as a function of its shape.

    Args:
        per_event: for each event of the input.
        per_pair: for each pair of events of one row, as in attention.
        per_target: for each position that has a target: the loss.
    """

    per_event: float
    per_pair: float
    per_target: float

    def of(self, lengths: Int[Tensor, "B"], num_targets: int | Tensor) -> Tensor:
        """Return the operations of a batch without its padding."""
        return self.per_event * lengths.sum() + self.per_pair * lengths.square().sum() + self.per_target * num_targets


def training_cost(module: SequenceModule, batch: SequenceBatch) -> TrainingCost:
    """Measure the cost of training by four tiny steps, without a trace in the module.

    Args:
        module: to be trained.
        batch: a training batch, whose first row is cut and repeated to the shapes of the steps.
    """
    shapes = ((8, 1), (16, 1), (24, 1), (16, 9))
    kept = copy.deepcopy(module.loss.state_dict())  # a loss may learn from every batch that it sees
    short, medium, long, targeted = (_operations(module, batch, *shape) for shape in shapes)
    module.loss.load_state_dict(kept)
    per_pair = (long - 2 * medium + short) / (24**2 - 2 * 16**2 + 8**2)
    per_event = (medium - short) / 8 - (8 + 16) * per_pair
    return TrainingCost(per_event, per_pair, per_target=(targeted - medium) / 8)


def peak_operations(device: torch.device, precision: str, size: int | None = None) -> float:
    """Measure the floating-point operations a second of a large matrix product, the best of several.

    Args:
        device: to be measured.
        precision: of the trainer, such as ``32-true`` or ``bf16-mixed``.
        size: rows of the square matrix; None fills the device.
    """
    dtype = _PRECISIONS.get(precision.split("-", maxsplit=1)[0], torch.float32)
    size = size or _PEAK_SIZES.get(device.type, _PEAK_SIZES["cuda"])
    matrix = torch.full((size, size), 0.5, dtype=dtype, device=device)
    result = matrix @ matrix
    best, end = float("inf"), time.perf_counter() + _PEAK_SECONDS
    while time.perf_counter() < end:
        _synchronize(device)
        start = time.perf_counter()
        torch.mm(matrix, matrix, out=result)
        _synchronize(device)
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def is_faster_than_single(device: torch.device, precision: str, gain: float = 1.0) -> bool:
    """Tell whether products in a precision are more than ``gain`` times as fast as in single precision, as measured.

    Small products tell it: one of a thousand rows takes seconds where a processor only emulates the precision.

    Args:
        device: to be measured.
        precision: of the trainer, such as ``bf16-mixed``.
        gain: ratio of the two speeds.
    """
    size = _SMALL if device.type == "cpu" else None
    return peak_operations(device, precision, size) > gain * peak_operations(device, "32-true", size)


def fastest_peak(device: torch.device) -> float:
    """Return the floating-point operations a second in the precision that is fastest on a device.

    A training in a precision that the device only emulates is slow, not well used: the peak of that precision would
    make it look like more than the device can do.
    """
    on_gpu = device.type == "cuda"
    faster = [name for name in ("bf16-mixed", "16-mixed")[: 1 + on_gpu] if is_faster_than_single(device, name)]
    # small products stay in the cache and are many, so that a busy processor is met in a free moment
    sizes = (None,) if on_gpu else (_SMALL, None)
    return max(peak_operations(device, name, size) for name in ("32-true", *faster) for size in sizes)


def _operations(module: SequenceModule, batch: SequenceBatch, length: int, num_targets: int) -> float:
    row = _one_row(batch, length, num_targets)
    devices = [module.device] if module.device.type == "cuda" else []
    with torch.random.fork_rng(devices), FlopCounterMode(display=False, custom_mapping=_MORE_OPERATIONS) as counter:
        loss, _ = module.training_losses(row)
        loss.backward()
    module.zero_grad()
    return counter.get_total_flops()


def _one_row(batch: SequenceBatch, length: int, num_targets: int) -> SequenceBatch:
    """Cut or repeat the first row of a batch to a length, and give its first positions a target."""
    row = _cut(batch, 1, length)
    targeted = torch.arange(length, device=batch.items.device) < num_targets
    hidden = not batch.items[batch.targets > 0].any()  # by a task that hides what is to be predicted
    row.items = torch.where(targeted & hidden, 0, row.items)
    row.targets = torch.where(targeted, torch.ones_like(row.items), 0)
    row.views = None if batch.views is None else _cut(batch.views, 2, length)
    return row


def _cut(batch: SequenceBatch, num_rows: int, length: int) -> SequenceBatch:
    columns = torch.arange(length, device=batch.items.device) % batch.lengths[0]
    changes: dict[str, Any] = {field.name: getattr(batch, field.name) for field in fields(batch)}
    for name, value in changes.items():
        if isinstance(value, torch.Tensor):
            changes[name] = value[:num_rows, columns] if name in EVENT_COLUMNS else value[:num_rows]
    lengths = torch.full_like(changes["lengths"], length)
    flat = ("later_targets", "later_positions", "seen_items", "seen_rows", "views")
    left_out = dict.fromkeys(flat) | {"groups": ()}
    return SequenceBatch(**changes | {"lengths": lengths} | left_out)


def _synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


Shape = torch.Size


def _product_into(_: Shape, first: Shape, second: Shape, **__: Any) -> int:
    return 2 * first[0] * first[1] * second[1]


def _attention(query: Shape, key: Shape, value: Shape, *_: Any, **__: Any) -> int:
    return sdpa_flop_count(query, key, value)


def _attention_backward(gradient: Shape, query: Shape, key: Shape, value: Shape, *_: Any, **__: Any) -> int:
    return sdpa_backward_flop_count(gradient, query, key, value)


def _recurrent(inputs: Shape, weights: list[Shape] | Shape, *more: Any, **__: Any) -> int:
    matrices = [shape for shape in (weights if isinstance(weights, list) else [weights, more[0]]) if len(shape) == 2]
    return 2 * inputs[0] * inputs[1] * sum(shape[0] * shape[1] for shape in matrices)


def _recurrent_backward(*shapes: Any, **named: Any) -> int:
    return 2 * _recurrent(*shapes, **named)


# what torch's counter does not know yet
_MORE_OPERATIONS: dict[Any, Any] = {
    torch.ops.aten.addmm_: _product_into,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward,
    torch.ops.aten.mkldnn_rnn_layer: _recurrent,
    torch.ops.aten.mkldnn_rnn_layer_backward: _recurrent_backward,
    torch.ops.aten._cudnn_rnn: _recurrent,
    torch.ops.aten._cudnn_rnn_backward: _recurrent_backward,
}
