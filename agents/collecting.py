"""Fetches that are better dealt with together."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any


class Collection:
    """Where fetches wait until there is enough of them, or for long enough.

    Args:
        linger: seconds between two takings, at the least. What comes after a pause waits for a tenth of that alone.
        enough: records that are not waited beyond.
        most: records beyond which whoever brings them has to wait; a fetch more than that is taken at a time, at most.
    """

    def __init__(self, linger: float, enough: int, most: int) -> None:
        self._linger = linger
        self._enough = enough
        self._most = most
        self._taken = float("-inf")
        self._events: deque[Any] = deque()
        self._count = 0
        self._changed = asyncio.Condition()

    async def put(self, event: Any) -> None:
        """Brings a fetch; returns when there is room for the next."""
        async with self._changed:
            self._events.append(event)
            self._count += len(event.value)
            self._changed.notify_all()
            await self._changed.wait_for(lambda: self._count < self._most)

    async def take(self) -> list[Any]:
        """All that is there, as soon as it is time; at least one fetch."""
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._events))
            now = asyncio.get_running_loop().time()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(max(now + self._linger / 10, self._taken + self._linger)):
                    await self._changed.wait_for(lambda: self._count >= self._enough)
            self._taken = asyncio.get_running_loop().time()
            events = list(self._events)
            self._events.clear()
            self._count = 0
            self._changed.notify_all()
            return events
