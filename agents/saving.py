"""Writing the states of steps while the worker goes on.

A large state is pickled by a fork of the worker: the child has it as it was at that moment, and the worker stands still
for the fork alone (some milliseconds for each gigabyte it holds). A small one is not worth a process. Redis saves its
data in this way.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from math import sqrt
from typing import Any

import structlog

from pipeline.snapshots import Mark, Snapshots, freeze

log = structlog.get_logger()

_SMALL = 0.1
"""Seconds of pickling for which a worker may stand still."""
_FORKS = sys.platform == "linux"  # elsewhere libraries of the system do not outlive a fork
_LONGEST = 600.0
"""Seconds after which a child is taken to hang."""

Key = tuple[str, int]
"""Topic and partition."""


def pause(took: Mapping[Key, float], key: Key, share: float) -> float:
    """Seconds between two states of a partition, so that all of them together take `share` of a core.

    By the square root of what each takes (as of the best interval between checkpoints: Young, "A first order
    approximation to the optimum checkpoint interval", CACM 1974): the many small ones need not wait for the few large
    ones. One that was not written yet, of which nothing is known, does not wait: a worker that dies again and again
    gets on all the same.

    Args:
        took: CPU seconds that the latest state of each partition took, of those written so far.
    """
    return sqrt(took.get(key, 0.0)) * sum(map(sqrt, took.values())) / share


class Saver:
    """Decides when a state is written, and writes one at a time.

    Args:
        snapshots: where to.
        interval: least seconds between two states of one partition.
        share: CPU seconds of writing for each second, at the most, all partitions together.
    """

    def __init__(self, snapshots: Snapshots, interval: float, share: float) -> None:
        self._snapshots = snapshots
        self._interval = interval
        self._share = share
        self._since: dict[Key, float] = {}
        self._took: dict[Key, float] = {}
        self._written: dict[Key, Mark] = {}
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "states")
        self._child = 0

    def begin(self, key: Key, last: Mark | None) -> None:
        """The partition has come to this worker, its state up to `last` on disk: the next is due in an interval."""
        self._since[key] = time.monotonic()
        if last is not None:
            self._written[key] = last

    def forget(self, key: Key) -> None:
        """The partition has gone."""
        self._since.pop(key, None)
        self._took.pop(key, None)
        self._written.pop(key, None)

    def stands(self, key: Key, last: Mark) -> bool:
        """Whether the state up to this record is on disk, and not only on its way there."""
        return self._written.get(key) == last

    @property
    def idle(self) -> bool:
        """Nothing is being written."""
        return self._writing is None or self._writing.done()

    def due(self, key: Key) -> bool:
        """Whether the state of this partition is to be written now."""
        if not self.idle:
            return False
        wait = max(self._interval, pause(self._took, key, self._share))
        return time.monotonic() - self._since.get(key, 0.0) >= wait

    def save(self, key: Key, last: Mark, state: Any) -> None:
        """Writes the state as it is at this moment; goes on beside the caller."""
        self._since[key] = time.monotonic()
        if _FORKS and self._took.get(key, 0.0) > _SMALL:
            child = os.fork()
            if child == 0:
                _write_and_die(self._snapshots, key, last, state)
            self._child = child
            done = self._child_writes(child)
        else:
            began = time.thread_time()
            pickled = freeze(state)
            done = self._thread_writes(key, last, pickled, time.thread_time() - began)
        self._writing = asyncio.create_task(self._finish(key, last, done))

    async def _finish(self, key: Key, last: Mark, done: Awaitable[float]) -> None:
        try:
            seconds = await done
        except OSError as error:
            log.warning("a state could not be written", topic=key[0], partition=key[1], error=str(error))
            return
        if key in self._since:
            self._took[key] = seconds
            self._written[key] = last
        log.debug("state written", topic=key[0], partition=key[1], cpu_seconds=round(seconds, 3))

    async def _thread_writes(self, key: Key, last: Mark, pickled: bytes, spent: float) -> float:
        def write() -> float:
            began = time.thread_time()
            self._snapshots.write(*key, last, pickled)
            return time.thread_time() - began

        return spent + await asyncio.wrap_future(self._thread.submit(write))

    async def _child_writes(self, child: int) -> float:
        """CPU seconds of the child, once it has written."""
        try:
            _, status, usage = await asyncio.wait_for(asyncio.to_thread(os.wait4, child, 0), _LONGEST)
        except TimeoutError:
            os.kill(child, signal.SIGKILL)
            raise OSError(f"it took longer than {_LONGEST:.0f} s") from None
        finally:
            self._child = 0
        if code := os.waitstatus_to_exitcode(status):
            raise OSError(f"the process that was to write it ended with {code}")
        return usage.ru_utime + usage.ru_stime

    def put(self, key: Key, last: Mark, state: Any) -> None:
        """Writes the state here and now. The one before stands where that fails, which is logged."""
        try:
            self._snapshots.write(*key, last, freeze(state))
        except OSError as error:
            log.warning("a state could not be written", topic=key[0], partition=key[1], error=str(error))
        else:
            self._written[key] = last

    def end(self) -> None:
        """Nothing is written beside the caller any more: what is on its way is older than what it has, and would take
        its place. For the end, when nothing runs any more."""
        self._thread.shutdown()
        if self._child:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(self._child, signal.SIGKILL)
                os.waitpid(self._child, 0)


def _write_and_die(snapshots: Snapshots, key: Key, last: Mark, state: Any) -> None:
    """The child: holds none of the worker's connections or signals, and runs nothing of it afterwards."""
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        snapshots.write(*key, last, freeze(state))
    except BaseException:
        os._exit(1)
    os._exit(0)
