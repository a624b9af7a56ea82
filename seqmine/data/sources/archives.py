"""Zip and tar archives, unpacked only inside their folder and only up to a size."""

import shutil
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from seqmine.structs import UserError
from seqmine.structs.files import scratch_folder

SUFFIXES = (".zip", ".tar.gz", ".tgz", ".tar", ".tar.bz2")
MAX_BYTES = 64 << 30
"""Largest total size of unpacked files; the largest public log that is read here has 25 GB."""


def is_archive(path: Path) -> bool:
    """Return whether a file is an archive, by its name."""
    return path.name.endswith(SUFFIXES)


def unpack(archive: Path, folder: Path, max_bytes: int = MAX_BYTES) -> None:
    """Unpack an archive into a folder, whose entries appear when all are complete.

    Args:
        archive: zip or tar file.
        folder: made when missing; entries that are there already stay as they are.
        max_bytes: largest total size after unpacking.

    Raises:
        UserError: the archive is damaged, too large, or names a place outside the folder.
    """
    temporary = scratch_folder(folder, "unpack")
    try:
        if archive.name.endswith(".zip"):
            _unpack_zip(archive, temporary, max_bytes)
        else:
            _unpack_tar(archive, temporary, max_bytes)
        for entry in sorted(temporary.iterdir()):
            if not (folder / entry.name).exists():
                entry.replace(folder / entry.name)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, RuntimeError) as error:
        raise UserError(f"{archive} is damaged or unsafe ({error}); remove it and download it again") from error
    except OSError as error:
        raise UserError(f"{archive} cannot be unpacked ({error}); free space or change `root`") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _unpack_zip(archive: Path, folder: Path, max_bytes: int) -> None:
    with zipfile.ZipFile(archive) as content:
        members = content.infolist()
        _check(archive, [(member.filename, member.file_size) for member in members], max_bytes)
        content.extractall(folder)


def _unpack_tar(archive: Path, folder: Path, max_bytes: int) -> None:
    with tarfile.open(archive) as content:
        members = content.getmembers()
        _check(archive, [(member.name, member.size) for member in members], max_bytes)
        # The data filter refuses links out of the folder, devices and set-user bits.
        content.extractall(folder, filter="data")


def _check(archive: Path, members: list[tuple[str, int]], max_bytes: int) -> None:
    for name, _ in members:
        parts = PurePosixPath(name.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts:
            raise UserError(f"{archive} names {name!r}, a place outside its folder; get the file from its publisher")
    total = sum(size for _, size in members)
    if total > max_bytes:
        raise UserError(f"{archive} unpacks to {total} bytes where {max_bytes} are allowed; unpack it by hand")
