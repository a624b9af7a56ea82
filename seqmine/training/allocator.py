"""Keep freed memory inside the process."""

import ctypes
import sys

from lightning import Callback, LightningModule, Trainer

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4  # parameters of mallopt(3)


class KeepFreedMemory(Callback):
    """Tell the C library not to hand large buffers back to the system after each batch.

    By default every buffer of megabytes is mapped, faulted in page by page and unmapped again; on a CPU that can cost
    as much as the arithmetic. Does nothing where the C library is not glibc.
    """

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:  # noqa: ARG002
        """Set the options of the allocator, before the first batch."""
        if not sys.platform.startswith("linux"):
            return
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_MMAP_MAX, 0)
            mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
            mallopt(_M_TOP_PAD, 64 * 2**20)
