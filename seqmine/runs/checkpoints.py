"""Checkpoints of a run as files: whether they are whole, and which of them a training goes on from."""

import logging
import pickle
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import torch

from seqmine.structs import UserError
from seqmine.training.last_checkpoint import BEFORE, NAME

_log = logging.getLogger(__name__)
_SIGNS_OF_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, pickle.UnpicklingError, EOFError, OSError, RuntimeError, ValueError,
    KeyError, IndexError, NotImplementedError, AttributeError, TypeError, OverflowError, ImportError, MemoryError,
)  # fmt: skip


def damage(path: Path) -> str | None:
    """Return in a few words why a checkpoint cannot be read; None where it is as it was written.

    torch writes a checksum of every part into the file, and does not look at it when it reads.
    """
    try:
        with zipfile.ZipFile(path) as parts:
            torn = parts.testzip()
            if torn is not None:
                return f"its part {torn.rpartition('/')[2]} is not as it was written"
        loaded = torch.load(path, map_location="meta", weights_only=True)
    except PermissionError:
        return "it may not be read"
    except _SIGNS_OF_DAMAGE as error:
        return f"it is no whole checkpoint ({' '.join(str(error).split())[:60]})"
    return None if isinstance(loaded, dict) and "state_dict" in loaded else "it is not of a training"


def read_checkpoint(path: Path, setting: str, mmap: bool = False) -> dict[str, Any]:
    """Read a checkpoint that is as it was written.

    Args:
        path: of the file.
        setting: that names it, and its value, to begin the message with.
        mmap: read weights when they are used.

    Raises:
        UserError: it is torn; the checkpoint before it is offered where there is one.
    """
    why = damage(path)
    if why is not None:
        raise UserError(f"{setting}, and {str(path)!r} is damaged: {why}; {_offer(path)}")
    loaded: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    return loaded


def resumed_from(ckpt_path: str | None, resume: str | None, folder: str) -> str | None:
    """Return the checkpoint that a training goes on from; None for a training that starts anew.

    Args:
        ckpt_path: a file, ``last`` for that of the run folder, or None.
        resume: ``auto`` goes on from the last whole checkpoint of the run folder where it has one; None does not.
        folder: of the run.

    Raises:
        UserError: both are set, ``resume`` is another word, or there is no such file.
    """
    if resume not in (None, "auto"):
        raise UserError(f"resume is {resume!r}, allowed are auto and null; change resume")
    if resume is not None and ckpt_path is not None:
        raise UserError(f"resume={resume} and ckpt_path={ckpt_path} both say where training goes on; set one to null")
    if resume == "auto":
        return _last_whole(Path(folder) / "checkpoints")
    if ckpt_path is None:
        return None
    path = Path(folder) / "checkpoints" / NAME if ckpt_path == "last" else Path(ckpt_path)
    if path.is_file():
        return str(path)
    kind = "is a folder" if path.is_dir() else "is no file"
    raise UserError(
        f"ckpt_path is {ckpt_path!r}, and {str(path)!r} {kind}; set ckpt_path to "
        f"outputs/train/<run>/checkpoints/{NAME}, to null, or set resume=auto to go on where there is something"
    )


def _last_whole(folder: Path) -> str | None:
    for path in (folder / NAME, folder / BEFORE):
        if not path.is_file():
            continue
        why = damage(path)
        if why is None:
            _log.warning("resume=auto: training goes on from %s", path)
            return str(path)
        _log.warning("resume=auto: %s is damaged: %s", path, why)
    _log.warning("resume=auto: %s has no whole checkpoint, so training starts anew", folder)
    return None


def _offer(path: Path) -> str:
    before = path.with_name(BEFORE)
    if path.name != BEFORE and before.is_file() and damage(before) is None:
        return f"go on from the one before it with ckpt_path={before}"
    return "use another run, or train again"
