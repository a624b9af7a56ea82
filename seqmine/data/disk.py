"""A full disk, told in one sentence."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from seqmine.structs import UserError

_NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn the errors of a full disk into one of the user's.

    Args:
        folder: where is written.

    Raises:
        UserError: the disk is full, or a file may not become as large.
    """
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        if not is_full(error):
            raise
        raise UserError(
            f"{folder} has no room for the prepared data ({error}); free some, or set paths.store to another disk"
        ) from error


def is_full(error: BaseException) -> bool:
    """Tell whether an error says that a disk is full: numpy and polars do not give its number.

    >>> is_full(OSError(errno.ENOSPC, "No space left on device")), is_full(OSError(errno.EACCES, "Permission denied"))
    (True, False)
    """
    signs = ("requested and ", *(f"(os error {number})" for number in _NUMBERS))
    return getattr(error, "errno", None) in _NUMBERS or any(sign in str(error) for sign in signs)
