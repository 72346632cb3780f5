"""One live run: the whole system as `vigie up` starts it, the posts published as fast as they go."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
from aiokafka import AIOKafkaConsumer

from pipeline.bus import Publisher
from pipeline.config import Settings, read_settings
from pipeline.connect.items import Item
from pipeline.connect.replay import replay
from pipeline.drain import drain, end_offsets
from pipeline.stack import Stack
from schemas.topics import POSTS_RAW
from tests.bench.processes import Meter

_PATIENCE = 900.0


@dataclass(frozen=True, slots=True)
class Volume:
    """What a topic got: messages with a value, and the bytes of those values, uncompressed."""

    messages: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Live:
    """A run: seconds from the first publication until all alerts were told, and until all was stored; CPU seconds and
    peak bytes by process (`detect` and `sink` stand for all their workers); what each topic got, if that was asked."""

    count: int
    detected: float
    stored: float
    cpu: dict[str, float]
    memory: dict[str, int]
    volumes: dict[str, Volume]

    def memory_of(self, role: str) -> int:
        """Peak bytes of all processes of a role together."""
        return sum(size for name, size in self.memory.items() if name.partition("-")[0] == role)


@contextmanager
def running(bootstrap: str = "", workers: int = 1) -> Iterator[Stack]:
    """A stack on free ports with its data in a folder that goes again; on the embedded broker, or the one named.

    Raises:
        pipeline.stack.StackError: a part did not start.
    """
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        stack = Stack(settings(Path(folder), bootstrap, workers))
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()


def settings(folder: Path, bootstrap: str = "", workers: int = 1) -> Settings:
    """The defaults, with its own folder and ports."""
    base = read_settings()
    return base.model_copy(
        update={
            "data_dir": folder,
            "workers": workers,
            "kafka": base.kafka.model_copy(update={"bootstrap": bootstrap, "port": 0}),
            "store": base.store.model_copy(update={"port": 0}),
        }
    )


def pids(stack: Stack, broker: int | None = None) -> dict[str, int]:
    """The processes of a stack by name; `broker` where it is not the embedded one; `publisher` is this process."""
    found = {name: part.pid for name, part in stack._parts.items()}
    return {**found, **({"broker": broker} if broker else {}), "publisher": os.getpid()}


async def publish(bootstrap: str, posts: Iterable[Item], end: bool = True) -> None:
    """As `vigie replay --speed max` does."""
    publisher = Publisher(bootstrap, "vigie-bench")
    await publisher.start()
    try:
        await replay(publisher, posts, end=end)
    finally:
        await publisher.stop()


async def consume(bootstrap: str, topic: str, parse: bool = True) -> tuple[float, Volume]:
    """Reads a whole topic, parsing each value as JSON if `parse`: seconds from the first fetch, and what was there."""
    ends = await end_offsets(bootstrap, [topic])
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, max_poll_records=5000)
    await consumer.start()
    messages = size = 0
    try:
        consumer.assign(list(ends))
        await consumer.seek_to_beginning(*ends)
        waiting = {place for place, end in ends.items() if end}
        began = time.perf_counter()
        while waiting:
            for place, records in (await consumer.getmany(timeout_ms=1000)).items():
                for record in records:
                    if record.value is not None:
                        if parse:
                            orjson.loads(record.value)
                        messages += 1
                        size += len(record.value)
                if records and records[-1].offset + 1 >= ends[place]:
                    waiting.discard(place)
        return time.perf_counter() - began, Volume(messages, size)
    finally:
        await consumer.stop()


def limit(bootstrap: str) -> tuple[float, float]:
    """Seconds, and CPU seconds of this process, for reading and parsing the raw posts and nothing else."""
    before = time.process_time()
    seconds, _ = asyncio.run(consume(bootstrap, POSTS_RAW))
    return seconds, time.process_time() - before


def play(stack: Stack, posts: Sequence[Item], broker: int | None = None, volumes: Iterable[str] = ()) -> Live:
    """Publishes the posts and waits until all is through.

    Raises:
        TimeoutError: it was not within a quarter of an hour.
    """
    meter = Meter(pids(stack, broker))
    began = time.perf_counter()
    asyncio.run(publish(stack.bootstrap, posts))
    asyncio.run(drain(stack.bootstrap, patience=_PATIENCE, store=False))
    detected = time.perf_counter() - began
    asyncio.run(drain(stack.bootstrap, patience=_PATIENCE))
    stored = time.perf_counter() - began
    cpu = together(meter.seconds())
    memory = meter.peaks()
    told = {topic: asyncio.run(consume(stack.bootstrap, topic, parse=False))[1] for topic in volumes}
    return Live(len(posts), detected, stored, cpu, memory, told)


def together(by_process: dict[str, float]) -> dict[str, float]:
    """The sum of the workers of a role under the role's name: detect-1 and detect-2 are `detect`."""
    sums: dict[str, float] = {}
    for name, value in by_process.items():
        role = name.partition("-")[0]
        sums[role] = sums.get(role, 0.0) + value
    return sums
