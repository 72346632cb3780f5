"""Fetches of a topic: each partition's in order, others beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from agents.lanes import Lanes


def fetch(partition: int, first: int, count: int) -> Any:
    """Records `first`, `first` + 1, … of a partition."""
    records = [SimpleNamespace(offset=first + n) for n in range(count)]
    return SimpleNamespace(message=SimpleNamespace(partition=partition), value=records)


class Worker:
    """Writes down what it is given; goes on when it may."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, list[int]]] = []
        self.may = asyncio.Event()

    async def __call__(self, partition: int, events: Sequence[Any]) -> None:
        self.seen.append((partition, [record.offset for event in events for record in event.value]))
        await self.may.wait()


async def test_what_waits_is_one_batch_and_partitions_do_not_wait_for_each_other() -> None:
    """While one partition is worked on, another begins, and what follows in the first one is put together."""
    work = Worker()
    lanes = Lanes(work, 100)
    for one in (fetch(0, 0, 2), fetch(1, 7, 1), fetch(0, 2, 2), fetch(0, 4, 1)):
        await lanes.put(one)
        await asyncio.sleep(0)
    assert work.seen == [(0, [0, 1]), (1, [7])]
    work.may.set()
    await lanes.end(1.0)
    assert work.seen[2:] == []  # what has not begun when the end comes does not begin


async def test_fetches_with_a_gap_or_twice_are_not_put_together() -> None:
    """Whoever deals with them sees where the next begins, and asks for what is missing."""
    work = Worker()
    work.may.set()
    lanes = Lanes(work, 100)
    for one in (fetch(0, 0, 2), fetch(0, 2, 1), fetch(0, 5, 2), fetch(0, 3, 4), fetch(0, 7, 1)):
        await lanes.put(one)
    for _ in range(20):
        await asyncio.sleep(0)
    assert [offsets for _, offsets in work.seen] == [[0, 1, 2], [5, 6], [3, 4, 5, 6, 7]]


async def test_a_full_queue_makes_the_reader_wait() -> None:
    """So that no more is fetched than is worked off."""
    work = Worker()
    lanes = Lanes(work, 3)
    await lanes.put(fetch(0, 0, 1))
    await asyncio.sleep(0)
    await lanes.put(fetch(0, 1, 2))
    full = asyncio.create_task(lanes.put(fetch(0, 3, 2)))
    await asyncio.sleep(0.01)
    assert not full.done()
    work.may.set()
    await asyncio.wait_for(full, 1.0)
    await asyncio.sleep(0.01)
    assert [offset for _, offsets in work.seen for offset in offsets] == [0, 1, 2, 3, 4]
