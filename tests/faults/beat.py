"""A sign of life from what takes minutes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.measure import say

Told = Callable[[str, int, int], None]
"""What is being done, how many records of it are through, and of how many; 0 where nobody knows."""


def quiet(what: str, done: int, total: int) -> None:
    """Nobody wants to know."""


class Beat:
    """Says what is being done and how far it is, every so many seconds while the context lasts. From a thread of its
    own: some stretches tell nothing on their way."""

    def __init__(self, head: str, every: float = 20.0, out: Callable[[str], None] = say) -> None:
        self._head = head
        self._every = every
        self._out = out
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._main, daemon=True)
        self._now = ("", 0, 0)
        self._began = 0.0

    def told(self, what: str, done: int, total: int) -> None:
        """Takes note; see `Told`."""
        self._now = (what, done, total)

    def __str__(self) -> str:
        what, done, total = self._now
        far = f", {done:,} of {total:,}" if total else f", {done:,}" if done else ""
        return f"{self._head}: {what}{far}, after {time.monotonic() - self._began:.0f} s"

    def _main(self) -> None:
        while not self._end.wait(self._every):
            self._out(str(self))

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()
