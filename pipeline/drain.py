"""Waiting until everything that was published has gone through detection and into the store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import (
    ACTIONS,
    ALERTS,
    COPIES,
    DLQ,
    FANS_CHECKED,
    FANS_RAW,
    POSTS_ENRICHED,
    POSTS_RAW,
    SHUFFLE,
    SIGNALS,
    TOPICS,
)

# In the order of the stream: once a stage has read all, the next stage's topics hold all that it will get.
STAGES = (
    ("detect", (POSTS_RAW, FANS_RAW)),
    ("detect", (SHUFFLE,)),
    ("detect", (SIGNALS,)),
    (
        "sink",
        (
            POSTS_ENRICHED,
            FANS_CHECKED,
            ALERTS,
            COPIES,
            ACTIONS,
        ),
    ),
    ("sink", tuple(name for name in TOPICS if name.endswith(DLQ))),
)


async def drain(bootstrap: str, group: str = "vigie", patience: float = 300.0, store: bool = True) -> None:
    """Returns when the workers have committed all that was published before the call.

    Args:
        bootstrap: the brokers.
        group: prefix of the consumer groups (`kafka.group`).
        patience: seconds to wait at the most.
        store: wait for the sinks as well.

    Raises:
        TimeoutError: names the topic that is behind.
    """
    deadline = time.monotonic() + patience
    for role, topics in STAGES if store else STAGES[:-2]:
        ends = await end_offsets(bootstrap, topics)
        # A consumer that only asks where its group stands: it joins nothing and commits nothing.
        consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, group_id=f"{group}-{role}", enable_auto_commit=False
        )
        await consumer.start()
        try:
            consumer.assign(list(ends))
            for place, end in ends.items():
                while (done := await consumer.committed(place) or 0) < end:
                    if time.monotonic() > deadline:
                        raise TimeoutError(
                            f"after {patience:.0f} s the {role} workers stand at {done} of {end} in {place.topic}, "
                            f"partition {place.partition}; see their logs"
                        )
                    await asyncio.sleep(0.2)
        finally:
            await consumer.stop()


async def end_offsets(
    bootstrap: str, topics: Iterable[str], client_id: str = "vigie-drain"
) -> dict[TopicPartition, int]:
    """The offset after the last record of each partition.

    Read off the high watermark of a fetch: the embedded broker's own answer for the end is short of it.
    """
    places = [TopicPartition(name, number) for name in topics for number in range(TOPICS[name].partitions)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, client_id=client_id, enable_auto_commit=False, fetch_max_wait_ms=50
    )
    await consumer.start()
    try:
        consumer.assign(places)
        for place, end in (await consumer.end_offsets(places)).items():
            consumer.seek(place, max(0, end - 1))
        while any(consumer.highwater(place) is None for place in places):
            await consumer.getmany(timeout_ms=100)
        return {place: consumer.highwater(place) for place in places}
    finally:
        await consumer.stop()
