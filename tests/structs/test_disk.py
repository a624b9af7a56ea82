import errno
import os
import resource
import shutil
import subprocess
from contextlib import contextmanager

import numpy as np
import polars as pl
import pytest

from seqmine.structs import UserError
from seqmine.structs.disk import require_place, require_room, writing_to
from seqmine.structs.files import write_atomically

NUMBERS = np.random.default_rng(0).integers(0, 1 << 60, 20_000)


@contextmanager
def small_files():
    """Let no file of this process become larger than 10,000 bytes; not while pytest writes its own."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: np.save(path, NUMBERS),
        lambda path: pl.DataFrame({"n": NUMBERS}).write_ipc(path),
        lambda path: pl.DataFrame({"n": NUMBERS}).write_parquet(path),
        lambda path: path.write_bytes(NUMBERS.tobytes()),
    ],
    ids=["numpy", "arrow", "parquet", "bytes"],
)
def test_every_writer_says_that_the_disk_is_full(write, tmp_path):
    words = r"has no room for the prepared data \(.*\); mend that, or set paths\.store"
    with pytest.raises(UserError, match=words), small_files(), writing_to(tmp_path):
        write(tmp_path / "file.npy")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "has no room"),
        (errno.EROFS, "may only be read"),
        (errno.EACCES, "may not be read or written by you"),
        (errno.ENOTDIR, "is a file, or has one above it, where a folder should be"),
        (errno.EISDIR, "is a folder where a file should be"),
    ],
)
def test_a_store_that_cannot_be_written_is_told(number, words, tmp_path):
    with pytest.raises(UserError, match=f"{words} for the prepared data"), writing_to(tmp_path):
        raise OSError(number, "x", str(tmp_path / "a"))


def test_other_errors_stay_what_they_are(tmp_path):
    with pytest.raises(FileNotFoundError), writing_to(tmp_path):
        (tmp_path / "absent").read_text()
    with pytest.raises(PermissionError), writing_to(tmp_path / "store"):
        raise PermissionError(errno.EACCES, "x", str(tmp_path / "log.csv"))
    with pytest.raises(UserError, match="^a sentence$"), writing_to(tmp_path):
        raise UserError("a sentence") from OSError(errno.ENOSPC, "x")


def test_a_place_that_cannot_be_made_is_refused(tmp_path, monkeypatch):
    require_place(tmp_path / "a" / "b", "hydra.run.dir")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    words = (
        r"hydra\.run\.dir is '.*', and .*/file is a file, .* where a folder should be; set hydra\.run\.dir to another"
    )
    for path in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(UserError, match=words):
            require_place(path, "hydra.run.dir")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # the superuser may all
    with pytest.raises(UserError, match="cannot be written by you; set hydra.run.dir"):
        require_place(tmp_path / "a", "hydra.run.dir")


def test_too_little_room_is_told_before_it_is_needed(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    require_room(tmp_path, 1, "checkpoints")
    with pytest.raises(UserError, match=r"MiB free, and checkpoints need .* MiB; free some room"):
        require_room(tmp_path, 2 * free, "checkpoints")


def test_a_full_disk_keeps_what_was_finished(tmp_path):
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path], check=False, stderr=-3)
    if mounted.returncode:
        pytest.skip("this user may mount no file system")
    try:
        path = tmp_path / "a"
        write_atomically(path, lambda file: file.write_bytes(bytes(40_000)))
        with pytest.raises(OSError, match="No space left"):
            write_atomically(path, lambda file: file.write_bytes(b"1" * 40_000))
        assert path.read_bytes() == bytes(40_000)
        assert [entry.name for entry in tmp_path.iterdir()] == ["a"]
    finally:
        subprocess.run(["umount", tmp_path], check=True)
