"""One run in a folder at a time."""

import fcntl
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqmine.structs.errors import UserError

NAME = ".lock"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a run folder for this process while the body runs; the system frees it when the process dies.

    Raises:
        UserError: another process runs in the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / NAME).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise UserError(
                f"hydra.run.dir is {str(folder)!r}, in which {file.read() or 'another process'} runs; wait for its "
                "end, or set hydra.run.dir to another folder"
            ) from None
        except OSError:  # a file system without locks
            pass
        file.truncate(0)
        file.write(f"process {os.getpid()} of {platform.node()}")
        file.flush()
        yield
