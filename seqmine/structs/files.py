"""Files that are whole or absent, whenever the process dies."""

import glob
import itertools
import json
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from seqmine.structs.checksums import LIST, list_above, list_with

Written = TypeVar("Written")


def write_atomically(path: Path, write: Callable[[Path], Written]) -> Written:
    """Let ``write`` fill a temporary file in the same folder, then give it its name; return what ``write`` returns.

    In a folder that keeps checksums, that of the file is kept.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_left_behind(path)
    temporary = temporary_name(path)
    try:
        result = write(temporary)
        sync(temporary)
        listed = list_above(path)
        if listed is not None:
            write_json(listed, list_with(path, temporary, listed))
        temporary.replace(path)
        return result
    finally:
        temporary.unlink(missing_ok=True)


def keep_checksums(folder: Path) -> None:
    """Keep size and checksum of every file that is written into a folder, or one below it, from now on."""
    if not (folder / LIST).is_file():
        write_json(folder / LIST, {})


def temporary_name(path: Path) -> Path:
    """Return a name in the folder of ``path`` that no other process writes to."""
    return path.with_name(f".{platform.node()}-{os.getpid()}.{path.name}")


def sync(path: Path) -> None:
    """Wait until a file is on the disk: a name must not reach it before what it names."""
    with path.open("rb") as written:
        os.fsync(written.fileno())


@contextmanager
def scratch(folder: Path, purpose: str) -> Iterator[Path]:
    """Make a folder for the body that is gone afterwards; see ``scratch_folder``."""
    path = scratch_folder(folder, purpose)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def scratch_folder(folder: Path, purpose: str) -> Path:
    """Make a folder for what is needed while this process lives, and take away those of processes that died.

    Args:
        folder: in which it is made.
        purpose: a word for its name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clear_left_behind(folder / purpose)
    paths = (Path(f"{temporary_name(folder / purpose)}-{number}") for number in itertools.count())
    path = next(path for path in paths if not path.exists())
    path.mkdir()  # unlike the folders of tempfile, one that a group of users may read
    return path


def clear_left_behind(path: Path) -> None:
    """Remove what processes of this machine that are no more have left half written of a file or a folder."""
    prefix = f".{platform.node()}-"
    for left in path.parent.glob(f"{glob.escape(prefix)}*.{glob.escape(path.name)}*"):
        number = left.name.removeprefix(prefix).partition(".")[0]
        if not number.isdecimal() or _lives(int(number)):
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            with suppress(OSError):
                left.unlink()


def _lives(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, atomically."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    write_atomically(path, lambda temporary: temporary.write_text(text + "\n"))
