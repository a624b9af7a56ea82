"""Requests to stop, SIGTERM of a scheduler and SIGINT of a keyboard: at once, or where a training can be kept."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

NUMBERS = (signal.SIGTERM, signal.SIGINT)
_LOOK_EVERY_S = 0.5


class Stopped(SystemExit):
    """The run was asked to stop; ends the process with 128 and the number of the signal, as shells tell it.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.signal = signal.Signals(number)

    def __reduce__(self) -> tuple[type, tuple[int]]:
        """Come from another process, as a job of a launcher does, as it was."""
        return Stopped, (int(self.signal),)


class Requests:
    """The latest request to stop, kept until somebody asks for it."""

    def __init__(self) -> None:
        self.number = 0

    def wait(self) -> None:
        """Keep requests from now on instead of stopping at once."""
        self.number = 0
        _handle(self._keep)

    def _keep(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.number = number


def stop_at_once() -> None:
    """Let a request raise ``Stopped`` wherever the process is."""
    _handle(_stop)


@contextmanager
def stoppable() -> Iterator[None]:
    """Let requests raise ``Stopped`` in the body; what handled them before does so again after it."""
    before = {number: signal.getsignal(number) for number in NUMBERS}
    stop_at_once()
    try:
        yield
    finally:
        if _is_main():
            for number, handler in before.items():
                signal.signal(number, handler)


def end_with_parent() -> None:
    """End this process, from now on, when the one that started it is gone, whatever ended that.

    A killed process can tell nobody, and the others of a distributed run would wait for it half an hour.
    """
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True, name="watch-of-the-parent").start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_S)
    os._exit(1)


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    raise Stopped(number)


def _handle(handler: Callable[[int, FrameType | None], None]) -> None:
    if _is_main():
        for number in NUMBERS:
            signal.signal(number, handler)


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()  # others may not set handlers
