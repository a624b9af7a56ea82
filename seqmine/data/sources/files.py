"""Bytes of log files: where they are, unpacked, in UTF-8, and a hash of what was read."""

import bz2
import glob
import gzip
import hashlib
import io
import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa

from seqmine.structs import UserError

_GZIP_MAGIC = b"\x1f\x8b"
_PACKED = {
    _GZIP_MAGIC: "gzip",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
}
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


def require_file(path: str | Path, setting: str = "path") -> Path:
    """Return the path of an existing file that is not empty.

    Args:
        path: a file; ``~`` is the home folder.
        setting: the parameter that names the file.

    Raises:
        UserError: nothing is there, it is a folder, or it has no bytes.
    """
    _require_name(path, setting)
    found = Path(path).expanduser()
    if not found.exists():
        raise UserError(f"`{setting}`={path} does not exist; set `{setting}` to the path of an existing file")
    if found.is_dir():
        raise UserError(f"`{setting}`={path} is a folder, not a file; set `{setting}` to the file inside it")
    if found.stat().st_size == 0:
        raise UserError(f"`{setting}`={path} is empty (0 bytes); set `{setting}` to a file with events")
    return found


def expand_paths(path: str | Path, setting: str = "path") -> list[Path]:
    """Return the files behind a file, a folder (its visible files) or a glob pattern, sorted by name.

    Raises:
        UserError: no file is found.
    """
    _require_name(path, setting)
    text = str(Path(path).expanduser())
    if Path(text).is_dir():
        found = [entry for entry in Path(text).iterdir() if entry.is_file() and entry.name[0] not in "._"]
    elif Path(text).exists() or not glob.has_magic(text):
        found = [require_file(text, setting)]
    else:
        found = [Path(match) for match in glob.glob(text, recursive=True) if Path(match).is_file()]  # noqa: PTH207
    if not found:
        raise UserError(
            f"`{setting}`={path} holds no files; set `{setting}` to a file, a folder of files or a glob pattern"
        )
    return [require_file(entry, setting) for entry in sorted(found)]


# what unpacking a file raises that is cut off or damaged
_DAMAGE = (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)
_OTHER_FORMATS = {b"ARROW1": "Arrow", b"SQLite": "SQLite", b"ORC": "ORC", b"Obj\x01": "Avro", b"\x89HDF": "HDF5"}
PARQUET_MAGIC = b"PAR1"


def _require_name(path: str | Path, setting: str) -> None:
    if not str(path).strip():  # an empty path would be the current folder
        raise UserError(f"`{setting}` is empty; set `{setting}` to a file, a folder of files or a glob pattern")


def is_gzip(path: Path) -> bool:
    """Return whether a file is gzip, by its first bytes."""
    return begins_with(path, _GZIP_MAGIC)


def begins_with(path: Path, magic: bytes) -> bool:
    """Return whether these are the first bytes of a file."""
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


def plain_name(path: Path) -> str:
    """Return the name of a file without the endings of compression.

    >>> plain_name(Path("log.csv.gz"))
    'log.csv'
    """
    return re.sub(r"(\.(gz|zip|zst|bz2|xz))+$", "", path.name)


def read_bytes(path: Path) -> bytes:
    """Return the content of a file, unpacked when it is gzip, zip, zstd, bzip2 or xz (told by its first bytes).

    Raises:
        UserError: a packed file is cut off or damaged, a zip file holds several files, or the file may not be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}); allow reading it or set `path` to another file"
        ) from error
    kind = next((name for magic, name in _PACKED.items() if data.startswith(magic)), None)
    if kind is None:
        return data
    try:
        return _unpack_zip(path, data) if kind == "zip" else _UNPACK[kind](data)
    except UserError:
        raise
    except _DAMAGE as error:
        raise UserError(
            f"{path} is a {kind} file that is cut off or damaged ({error}); copy or download it again"
        ) from error
    except RuntimeError as error:
        raise UserError(
            f"{path} is a zip file with a password ({error}); unpack it and set `path` to the file"
        ) from error


def read_beginning(path: Path, size: int) -> bytes:
    """Return the first whole lines of a text file, unpacked, of about a size in bytes.

    Nothing of a zip file, and nothing where something is wrong, which is told when the whole file is read.
    """
    with path.open("rb") as file:
        first = file.read(8)
    kind = next((name for magic, name in _PACKED.items() if first.startswith(magic)), "plain")
    if kind not in _OPEN:
        return b""
    try:
        with _OPEN[kind](path) as content:
            data = content.read(size)
    except _DAMAGE:
        return b""
    data = data[: data.rfind(b"\n") + 1].removeprefix(_UTF8_BOM)
    try:
        data.decode()
    except UnicodeDecodeError:
        return b""
    return data


def _unpack_zip(path: Path, data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as content:
        hidden = ("__MACOSX/", ".")
        if "xl/workbook.xml" in content.namelist():
            raise UserError(f"{path} is a spreadsheet; save its table as CSV and set `path` to that")
        names = [name for name in content.namelist() if not name.endswith("/") and not name.startswith(hidden)]
        if len(names) != 1:
            raise UserError(
                f"{path} holds {len(names)} files ({', '.join(names[:3])}) where one is read; "
                "unpack it and set `path` to the folder or one of its files"
            )
        return content.read(names[0])


def _unpack_zstd(data: bytes) -> bytes:
    return pa.CompressedInputStream(pa.BufferReader(data), "zstd").read()


def read_text(path: Path) -> bytes:
    """Return the content of a text file as UTF-8 bytes without byte-order mark.

    Raises:
        UserError: the text is not UTF-8 (the line and byte are named), or has no characters.
    """
    data = read_bytes(path)
    if data.startswith(_UTF16_BOMS):
        raise UserError(f"{path} is UTF-16 text, and only UTF-8 is read; convert it: iconv -f UTF-16 -t UTF-8")
    other = next((name for magic, name in _OTHER_FORMATS.items() if data.startswith(magic)), None)
    if other is not None:
        raise UserError(f"{path} is an {other} file, and text and Parquet are read; write it as one of the two")
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
        raise UserError(f"{path} holds no text; set `path` to a file with events")
    return data


_OPEN: dict[str, Callable[[Path], Any]] = {
    "plain": lambda path: path.open("rb"),
    "gzip": gzip.open,
    "zstd": lambda path: pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"),
    "bzip2": bz2.open,
    "xz": lzma.open,
}
_UNPACK = {"gzip": gzip.decompress, "zstd": _unpack_zstd, "bzip2": bz2.decompress, "xz": lzma.decompress}


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
