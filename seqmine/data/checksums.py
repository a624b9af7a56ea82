"""Size and checksum of each file of a store, by which damage is noticed before anybody learns from it."""

import json
import shutil
import zlib
from pathlib import Path
from typing import Any

from seqmine.structs.files import temporary_name

_AT_ONCE = 1 << 22


def described_files(folder: Path) -> dict[str, dict[str, int]]:
    """Return size in bytes and CRC-32 of each file of a folder by its name."""
    return {path.name: _described(path) for path in sorted(folder.iterdir()) if path.is_file()}


def damaged_file(folder: Path) -> str | None:
    """Return the first file of a store that is not as ``description.json`` says; None where all are.

    A store of an older version, whose description names no files, is believed.
    """
    try:
        meta: dict[str, Any] = json.loads((folder / "description.json").read_text())
        files: dict[str, dict[str, int]] = meta.get("files", {})
    except (ValueError, AttributeError):
        return "description.json"
    return next((name for name, said in files.items() if _differs(folder / name, said)), None)


def discard(folder: Path) -> None:
    """Remove a store; who has opened it keeps what is mapped."""
    aside = temporary_name(folder)
    try:
        folder.replace(aside)
    except FileNotFoundError:  # another process was faster
        return
    shutil.rmtree(aside, ignore_errors=True)


def _differs(path: Path, said: dict[str, int]) -> bool:
    return not path.is_file() or path.stat().st_size != said["bytes"] or _described(path) != said


def _described(path: Path) -> dict[str, int]:
    checksum = 0
    with path.open("rb") as file:
        while part := file.read(_AT_ONCE):
            checksum = zlib.crc32(part, checksum)
    return {"bytes": path.stat().st_size, "crc32": checksum}
