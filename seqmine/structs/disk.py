"""Places that cannot be written: full, only to be read, without the right to, or a file in the place of a folder."""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqmine.structs.errors import UserError

_FULL = "has no room"
_REASONS = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _FULL),
    errno.EROFS: "may only be read",
    **dict.fromkeys((errno.EACCES, errno.EPERM), "may not be read or written by you"),
    **dict.fromkeys((errno.ENOTDIR, errno.EEXIST), "is a file, or has one above it, where a folder should be"),
    errno.EISDIR: "is a folder where a file should be",
}
_NUMBER = re.compile(r"\(os error (\d+)\)")  # polars
_WRITERS = (
    "requested and ",
    "PytorchStreamWriter failed",
    "iostream error",
)  # numpy, torch


def reason_of(error: BaseException) -> str | None:
    """Return what a place is, by the error that it led to; None for other errors.

    >>> reason_of(OSError(errno.ENOSPC, "No space left on device")), reason_of(OSError(errno.EROFS, "Read-only"))
    ('has no room', 'may only be read')
    >>> reason_of(RuntimeError("writing failed (os error 28)")), reason_of(FileNotFoundError(errno.ENOENT, "x"))
    ('has no room', None)
    """
    text = str(error)
    told = _NUMBER.search(text)
    number = getattr(error, "errno", None) or (int(told[1]) if told else None)
    if number is None and any(sign in text for sign in _WRITERS):
        return _FULL
    return _REASONS.get(number)  # type: ignore[arg-type]


def is_full(error: BaseException) -> bool:
    """Tell whether an error says that a disk is full."""
    return reason_of(error) == _FULL


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn the errors of a folder that cannot be written into one of the user's.

    Args:
        folder: where prepared data are written.

    Raises:
        UserError: the disk is full or may only be read, or a right is missing.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # numpy, polars and pyarrow have errors of their own
        reason, name = reason_of(error), getattr(error, "filename", None)
        if reason is None or (name is not None and not Path(name).absolute().is_relative_to(folder.absolute())):
            raise
        raise UserError(
            f"{folder} {reason} for the prepared data ({error}); mend that, or set paths.store to another folder"
        ) from error


def require_place(folder: Path, setting: str) -> None:
    """Refuse a folder that cannot be made or written, before anything is done for it.

    Args:
        folder: that will be written to; it need not exist.
        setting: that names it.

    Raises:
        UserError: it is a file, may only be read, or a right is missing.
    """
    place = folder.absolute()
    while not os.path.lexists(place):
        place = place.parent
    reason = None
    if not place.is_dir():
        reason = _REASONS[errno.ENOTDIR]
    elif not os.access(place, os.W_OK | os.X_OK):
        reason = "cannot be written by you"
    if reason is not None:
        raise UserError(f"{setting} is {str(folder)!r}, and {place} {reason}; set {setting} to another folder")


def require_room(folder: Path, num_bytes: int, what: str) -> None:
    """Refuse to begin what the disk cannot hold.

    Args:
        folder: of the run.
        num_bytes: that will be written.
        what: will be written.

    Raises:
        UserError: less is free.
    """
    free = shutil.disk_usage(folder).free
    if free < num_bytes:
        raise UserError(
            f"{folder} has {free / 2**20:,.1f} MiB free, and {what} need {num_bytes / 2**20:,.1f} MiB; free some room, "
            "or set hydra.run.dir to another disk"
        )
