"""Checkpoints that are whole or absent, whenever the process dies."""

from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from seqmine.structs.files import write_atomically


class AtomicCheckpointIO(TorchCheckpointIO):
    """Write a checkpoint under a temporary name, make it durable, then rename it.

    Lightning's own writer goes through the folder of temporary files; on another file system its last step is a copy,
    which a killed process leaves half done.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None) -> None:  # noqa: ARG002
        """Save ``checkpoint`` as ``path``.

        Raises:
            OSError: when the disk refuses; what was there before is kept.
        """

        def write(temporary: Path) -> None:
            with temporary.open("wb") as file:  # by its path, torch would put the temporary name into the file
                torch.save(checkpoint, file)

        write_atomically(Path(path), write)
