"""One topic's fetches, worked off: each partition's in turn, those of different partitions beside each other.

Most of the time of a small batch is waiting for the broker to take what came of it. What other partitions have to say
goes out meanwhile, in the same request; and what came of the same partition in the meantime is one batch.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

Work = Callable[[int, Sequence[Any]], Awaitable[None]]
"""work(partition, events): deals with fetches that follow one another without a gap."""


class Lanes:
    """A queue for each partition, and somebody who works it off while there is something in it.

    Args:
        work: deals with some fetches; must not raise.
        most: records that wait in a queue, and that are given to `work` at a time; a fetch more than that at the most.
    """

    def __init__(self, work: Work, most: int) -> None:
        self._work = work
        self._most = most
        self._waiting: dict[int, deque[Any]] = {}
        self._working: dict[int, asyncio.Task[None]] = {}
        self._taken = asyncio.Condition()
        self._ending = False

    async def put(self, event: Any) -> None:
        """Queues a fetch; returns when there is room for the next."""
        partition = event.message.partition
        queue = self._waiting.setdefault(partition, deque())
        queue.append(event)
        if partition not in self._working:
            self._working[partition] = asyncio.create_task(self._run(partition, queue))
        async with self._taken:
            await self._taken.wait_for(lambda: sum(len(one.value) for one in queue) < self._most)

    async def end(self, patience: float) -> None:
        """What has begun comes to its end, within so many seconds; nothing more begins."""
        self._ending = True
        if self._working:
            await asyncio.wait(self._working.values(), timeout=patience)

    async def _run(self, partition: int, queue: deque[Any]) -> None:
        try:
            while queue and not self._ending:
                events = self._next(queue)
                async with self._taken:
                    self._taken.notify_all()
                await self._work(partition, events)
        finally:
            del self._working[partition]

    def _next(self, queue: deque[Any]) -> list[Any]:
        """Fetches from the front that continue one another. Around a rebalance some may be missing or come twice; what
        deals with them sees that at the beginning of a batch."""
        events = [queue.popleft()]
        count = len(events[0].value)
        while queue and count < self._most and queue[0].value[0].offset == events[-1].value[-1].offset + 1:
            events.append(queue.popleft())
            count += len(events[-1].value)
        return events
