import os
import signal

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
