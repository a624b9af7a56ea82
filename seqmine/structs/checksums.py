"""Size and checksum of files, by which damage is noticed before anybody learns from it."""

import json
import zlib
from pathlib import Path
from typing import Any

LIST = "files.json"
_AT_ONCE = 1 << 22
_CHECKS_ITSELF = ".ckpt"  # torch writes a checksum of every part into it


def described(path: Path) -> dict[str, int]:
    """Return size in bytes and CRC-32 of a file."""
    checksum = 0
    with path.open("rb") as file:
        while part := file.read(_AT_ONCE):
            checksum = zlib.crc32(part, checksum)
    return {"bytes": path.stat().st_size, "crc32": checksum}


def difference(path: Path) -> str | None:
    """Return in a few words how a file is not as it was written; None where it is, or nothing is known of it."""
    listed = list_above(path)
    if listed is None:
        return None
    try:
        said = listed_files(listed).get(_name(path, listed))
        return None if said is None else _difference(path, said)
    except (ValueError, LookupError, AttributeError, TypeError):
        return f"{LIST} beside it is no list of checksums"


def differs(path: Path, said: dict[str, int]) -> bool:
    """Tell whether a file is not as it is described; its size is looked at first."""
    return not path.is_file() or path.stat().st_size != said["bytes"] or described(path) != said


def list_above(path: Path) -> Path | None:
    """Return the list that tells of a file: in its folder or the one above; None where there is none."""
    if path.suffix == _CHECKS_ITSELF or path.name == LIST:
        return None
    return next((listed for folder in list(path.parents)[:2] if (listed := folder / LIST).is_file()), None)


def listed_files(listed: Path) -> dict[str, list[dict[str, int]]]:
    """Return the descriptions of each file of a list: as it is, and as it was while it was written anew."""
    return dict(json.loads(listed.read_text()))


def list_with(path: Path, written: Path, listed: Path) -> dict[str, Any]:
    """Return a list for the moment in which a file takes the name of another: it tells of both.

    Args:
        path: the name.
        written: the file that will have it.
        listed: the list as it is; one that cannot be read tells nothing.
    """
    try:
        files = listed_files(listed)
    except (ValueError, TypeError):
        files = {}
    before = files.get(_name(path, listed), [])
    kept = [described(path)] if before and path.is_file() else []
    return {**files, _name(path, listed): [described(written), *(one for one in kept if one in before)]}


def _name(path: Path, listed: Path) -> str:
    return path.relative_to(listed.parent).as_posix()


def _difference(path: Path, said: list[dict[str, int]]) -> str | None:
    if not path.is_file():
        return "it is missing"
    if path.stat().st_size not in [one["bytes"] for one in said]:
        return f"it has {path.stat().st_size:,} bytes, and {said[0]['bytes']:,} were written"
    return None if described(path) in said else "its checksum is not that of what was written"
