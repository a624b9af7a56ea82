"""Stores that are as they were written: checksums of their files, and of what is said about them."""

import json
import shutil
import zlib
from pathlib import Path
from typing import Any

from seqmine.structs.checksums import described, differs
from seqmine.structs.files import temporary_name


def sealed(description: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the description of a store with size and CRC-32 of each of its files, and a CRC-32 of itself."""
    files = {path.name: described(path) for path in sorted(folder.iterdir()) if path.is_file()}
    whole = {**description, "files": files}
    return {**whole, "crc32": _checksum(whole)}


def damaged_file(folder: Path) -> str | None:
    """Return the first file of a store that is not as ``description.json`` says; None where all are.

    A store of an older version, whose description names no files, is believed.
    """
    try:
        meta: dict[str, Any] = json.loads((folder / "description.json").read_text())
        said = meta.pop("crc32", None)
        if said not in (None, _checksum(meta)):
            return "description.json"
        files: dict[str, dict[str, int]] = meta.get("files", {})
        return next((name for name, file in files.items() if differs(folder / name, file)), None)
    except (ValueError, AttributeError, LookupError, TypeError):
        return "description.json"


def _checksum(description: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(description, sort_keys=True).encode())


def discard(folder: Path) -> None:
    """Remove a store; who has opened it keeps what is mapped."""
    aside = temporary_name(folder)
    try:
        folder.replace(aside)
    except FileNotFoundError:  # another process was faster
        return
    shutil.rmtree(aside, ignore_errors=True)
