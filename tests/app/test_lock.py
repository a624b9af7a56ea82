import fcntl
import os

import pytest

from seqmine.app.lock import NAME, alone_in
from seqmine.structs import UserError


def test_a_second_run_in_a_folder_is_refused_and_one_after_it_is_not(tmp_path):
    folder = tmp_path / "run"
    with alone_in(folder):
        words = (
            rf"hydra\.run\.dir is '.*run', in which process {os.getpid()} of .* runs; wait for its end, or set hydra"
        )
        with pytest.raises(UserError, match=words), alone_in(folder):
            pass
    with alone_in(folder):
        assert (folder / NAME).read_text().startswith(f"process {os.getpid()} of ")


def test_the_lock_of_a_process_that_died_holds_nobody(tmp_path):
    child = os.fork()
    if child == 0:
        fcntl.flock(os.open(tmp_path / NAME, os.O_RDWR | os.O_CREAT), fcntl.LOCK_EX)
        os._exit(9)
    os.waitpid(child, 0)
    with alone_in(tmp_path):
        pass


def test_a_file_system_without_locks_stops_nobody(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with alone_in(tmp_path), alone_in(tmp_path):
        pass
