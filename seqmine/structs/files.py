"""Files that are whole or absent, whenever the process dies."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Written = TypeVar("Written")


def write_atomically(path: Path, write: Callable[[Path], Written]) -> Written:
    """Let ``write`` fill a temporary file in the same folder, then give it its name; return what ``write`` returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        result = write(temporary)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())  # a name must not reach the disk before what it names
        temporary.replace(path)
        return result
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, atomically."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    write_atomically(path, lambda temporary: temporary.write_text(text + "\n"))
