"""Compile the encoder before training."""

from lightning import Callback, LightningModule, Trainer


class CompiledEncoder(Callback):
    """Let ``torch.compile`` fuse the encoder's operations; the first batches wait for the compiler.

    The saved weights have the same names as without it.

    Args:
        backend: of ``torch.compile``; ``inductor`` writes kernels, ``eager`` compiles nothing and shows what is traced.
    """

    def __init__(self, *, backend: str) -> None:
        self.backend = backend

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Compile for batches of any shape."""
        pl_module.encoder.compile(backend=self.backend, dynamic=True)  # type: ignore[union-attr]
