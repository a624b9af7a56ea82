"""Bytes of log files: where they are, unpacked, in UTF-8, and a hash of what was read."""

import glob
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from seqmine.structs import UserError

_GZIP_MAGIC = b"\x1f\x8b"
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


def require_file(path: str | Path, setting: str = "data.path") -> Path:
    """Return the path of an existing file that is not empty.

    Args:
        path: a file; ``~`` is the home folder.
        setting: what the user changes to name another file.

    Raises:
        UserError: nothing is there, it is a folder, or it has no bytes.
    """
    found = Path(path).expanduser()
    if not found.exists():
        raise UserError(f"{setting}={path} does not exist; set {setting} to the path of an existing file")
    if found.is_dir():
        raise UserError(f"{setting}={path} is a folder, not a file; set {setting} to the file inside it")
    if found.stat().st_size == 0:
        raise UserError(f"{setting}={path} is empty (0 bytes); set {setting} to a file with events")
    return found


def expand_paths(path: str | Path, setting: str = "data.path") -> list[Path]:
    """Return the files behind a file, a folder (its visible files) or a glob pattern, sorted by name.

    Raises:
        UserError: no file is found.
    """
    text = str(Path(path).expanduser())
    if Path(text).is_dir():
        found = [entry for entry in Path(text).iterdir() if entry.is_file() and entry.name[0] not in "._"]
    elif Path(text).exists() or not glob.has_magic(text):
        found = [require_file(text, setting)]
    else:
        found = [Path(match) for match in glob.glob(text, recursive=True) if Path(match).is_file()]  # noqa: PTH207
    if not found:
        raise UserError(
            f"{setting}={path} holds no files; set {setting} to a file, a folder of files or a glob pattern"
        )
    return [require_file(entry, setting) for entry in sorted(found)]


def is_gzip(path: Path) -> bool:
    """Return whether a file is gzip, by its first bytes."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP_MAGIC


def read_bytes(path: Path) -> bytes:
    """Return the content of a file, unpacked when it is gzip (known by its first bytes, not by its name).

    Raises:
        UserError: a gzip file is cut off or damaged, or the file may not be read.
    """
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data.startswith(_GZIP_MAGIC) else data
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(
            f"{path} is a gzip file that is cut off or damaged ({error}); copy or download it again"
        ) from error
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}); allow reading it or set data.path to another file"
        ) from error


def read_text(path: Path) -> bytes:
    """Return the content of a text file as UTF-8 bytes without byte-order mark.

    Raises:
        UserError: the text is not UTF-8 (the line and byte are named), or has no characters.
    """
    data = read_bytes(path)
    if data.startswith(_UTF16_BOMS):
        raise UserError(f"{path} is UTF-16 text, and only UTF-8 is read; convert it: iconv -f UTF-16 -t UTF-8")
    data = data.removeprefix(_UTF8_BOM)
    try:
        if not data.isascii():  # the check of most logs, without a copy
            data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path} line {line} has a byte that is not UTF-8 (0x{data[error.start]:02x} at byte {error.start}); "
            "convert the file, for example with iconv -f LATIN1 -t UTF-8"
        ) from error
    if not data or data.isspace():
        raise UserError(f"{path} holds no text; set data.path to a file with events")
    return data


def fingerprint_files(paths: Iterable[Path], options: Mapping[str, Any]) -> str:
    """Return a blake2b hash over the content of files, in sorted order, and the options they are read with."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps(dict(options), sort_keys=True, default=str).encode())
    with ThreadPoolExecutor() as pool:
        for content in pool.map(_hash_file, sorted(paths)):
            digest.update(content)
    return digest.hexdigest()


def _hash_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()
