"""Fetches that are dealt with together."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from agents.collecting import Collection


def fetch(count: int) -> Any:
    """A fetch of so many records."""
    return SimpleNamespace(value=[None] * count)


async def test_what_comes_within_the_time_is_taken_together() -> None:
    """After a pause a fetch waits for others a tenth of the time; between two takings lies all of it."""
    waiting = Collection(0.5, 100, 1000)
    clock = asyncio.get_running_loop().time
    began = clock()
    await waiting.put(fetch(1))
    taking = asyncio.create_task(waiting.take())
    await asyncio.sleep(0.01)
    await waiting.put(fetch(2))
    assert not taking.done()
    assert [len(one.value) for one in await asyncio.wait_for(taking, 1.0)] == [1, 2]
    taken = clock()
    assert taken - began >= 0.05
    await waiting.put(fetch(3))
    await asyncio.wait_for(waiting.take(), 2.0)
    assert clock() - taken >= 0.5


async def test_enough_is_not_waited_for() -> None:
    """However long it might wait."""
    waiting = Collection(60.0, 5, 1000)
    await waiting.put(fetch(2))
    taking = asyncio.create_task(waiting.take())
    await asyncio.sleep(0.01)
    await waiting.put(fetch(3))
    assert len(await asyncio.wait_for(taking, 1.0)) == 2


async def test_whoever_brings_too_much_has_to_wait() -> None:
    """So that no more is fetched than is dealt with."""
    waiting = Collection(0.0, 5, 10)
    await waiting.put(fetch(9))
    bringing = asyncio.create_task(waiting.put(fetch(9)))
    await asyncio.sleep(0.01)
    assert not bringing.done()
    assert len(await waiting.take()) == 2
    await asyncio.wait_for(bringing, 1.0)
