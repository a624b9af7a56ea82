"""Files that are whole or absent, whenever the process dies."""

import glob
import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from seqmine.structs.checksums import LIST, list_above, list_with

Written = TypeVar("Written")


def write_atomically(path: Path, write: Callable[[Path], Written]) -> Written:
    """Let ``write`` fill a temporary file in the same folder, then give it its name; return what ``write`` returns.

    In a folder that keeps checksums, that of the file is kept.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear_left_behind(path)
    temporary = temporary_name(path)
    try:
        result = write(temporary)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())  # a name must not reach the disk before what it names
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


def _clear_left_behind(path: Path) -> None:
    """Remove what processes of this machine that are no more have left half written."""
    prefix = f".{platform.node()}-"
    for left in path.parent.glob(f"{glob.escape(prefix)}*.{glob.escape(path.name)}"):
        number = left.name.removeprefix(prefix).partition(".")[0]
        if number.isdecimal() and left.is_file() and not _lives(int(number)):
            left.unlink(missing_ok=True)


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
