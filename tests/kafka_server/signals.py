"""Ctrl-C and SIGTERM, so that no process is left behind whenever they come."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """A signal asks to stop. Not an Exception: nothing on the way may take it for a failure."""

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


def _heeded() -> list[signal.Signals]:
    """Those that are not ignored: `nohup` and `&` ignore some, and so must we and our children."""
    return [signum for signum in SIGNALS if signal.getsignal(signum) is not signal.SIG_IGN]


@contextmanager
def raising() -> Iterator[None]:
    """Turns the first signal into `Stopped`; more of them do not disturb the cleaning up."""
    stopped: list[int] = []

    def handle(signum: int, _: FrameType | None) -> None:
        if not stopped:
            stopped.append(signum)
            raise Stopped(signum)

    before = {signum: signal.signal(signum, handle) for signum in _heeded()}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


@contextmanager
def held() -> Iterator[None]:
    """Keeps signals back until the end of the block: a process is started and noted down, or neither."""
    if threading.current_thread() is not threading.main_thread():  # handlers run in the main thread alone
        yield
        return
    caught: list[int] = []
    before = {signum: signal.signal(signum, lambda number, _: caught.append(number)) for signum in _heeded()}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
        for number in caught[:1]:
            signal.raise_signal(number)
