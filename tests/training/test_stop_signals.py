import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seqmine.training.stop_signals import Requests, Stopped, stoppable


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_request_stops_at_once_or_waits(number, status):
    before = signal.getsignal(number)
    with stoppable():
        with pytest.raises(Stopped) as stopped:
            os.kill(os.getpid(), number)
        requests = Requests()
        requests.wait()
        os.kill(os.getpid(), number)
        assert requests.number == number
    assert (stopped.value.code, stopped.value.signal) == (status, number)
    assert signal.getsignal(number) == before


_OF_TWO = """
import os, subprocess, sys, time
from datetime import timedelta
if "LOCAL_RANK" not in os.environ:
    other = subprocess.Popen([sys.executable, *sys.argv], env={**os.environ, "LOCAL_RANK": "1"})
    print(other.pid, flush=True)
    time.sleep(60)
from seqmine.training.stop_signals import end_with_parent
end_with_parent()
from torch.distributed import TCPStore
print("waits", flush=True)
TCPStore("localhost", int(sys.argv[1]), 2, is_master=False, timeout=timedelta(minutes=30))
"""


def test_a_process_that_waits_for_a_killed_one_ends_too(tmp_path):
    """The second process of a distributed run looks half an hour for the first, which was killed before they met."""
    script = tmp_path / "of_two.py"
    script.write_text(_OF_TWO)
    first = subprocess.Popen([sys.executable, str(script), "1"], stdout=subprocess.PIPE, text=True)
    second = int(first.stdout.readline())
    assert first.stdout.readline() == "waits\n"
    first.kill()
    first.wait()
    killed = time.monotonic()
    while _runs(second) and time.monotonic() - killed < 20:
        time.sleep(0.05)
    assert not _runs(second)


def _runs(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.is_file() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_stop_comes_from_another_process_as_it_was():
    stopped = pickle.loads(pickle.dumps(Stopped(signal.SIGINT)))
    assert (stopped.code, stopped.signal) == (130, signal.SIGINT)
