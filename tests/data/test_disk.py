import resource
from contextlib import contextmanager

import numpy as np
import polars as pl
import pytest

from seqmine.data.disk import writing_to
from seqmine.structs import UserError

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
    words = r"has no room for the prepared data \(.*\); free some, or set paths\.store"
    with pytest.raises(UserError, match=words), small_files(), writing_to(tmp_path):
        write(tmp_path / "file.npy")


def test_other_errors_stay_what_they_are(tmp_path):
    with pytest.raises(FileNotFoundError), writing_to(tmp_path):
        (tmp_path / "absent").read_text()
