"""What a broker that is emptied takes along: the last word on each alert, and how far the bot had told them.

The topic of alerts is compacted: readers may expect every alert in it. The other topics are read and stored by then.
"""

from __future__ import annotations

from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from pipeline.bus import Message, Publisher
from pipeline.drain import end_offsets
from schemas.topics import ALERTS

CARRIER = "vigie-carry"
"""Client id."""

MOST = 100_000
"""Alerts that are taken along, the latest ones."""

_PLACE = TopicPartition(ALERTS, 0)


class Carried(NamedTuple):
    """The words, in their order, and how many of them the bot had read; None where there is no bot."""

    messages: list[Message]
    told: int | None


async def carried(bootstrap: str, group: str) -> Carried:
    """Reads the topic of alerts, as compaction would leave it.

    Args:
        bootstrap: the broker.
        group: that of the bot.
    """
    end = (await end_offsets(bootstrap, [ALERTS], CARRIER))[_PLACE]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, client_id=CARRIER, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        consumer.assign([_PLACE])
        committed = await consumer.committed(_PLACE)
        consumer.seek(_PLACE, 0)
        last: dict[bytes | None, tuple[int, Message]] = {}
        place = 0
        while place < end:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    last.pop(record.key, None)
                    message = Message(record.key, record.value, tuple(record.headers), 0, record.timestamp)
                    last[record.key] = (record.offset, message)
                    place = record.offset + 1
    finally:
        await consumer.stop()
    kept = list(last.values())[-MOST:]
    told = None if committed is None else sum(offset < committed for offset, _ in kept)
    return Carried([message for _, message in kept], told)


async def put_back(bootstrap: str, group: str, kept: Carried) -> None:
    """Publishes what was taken along, and says where the bot goes on."""
    publisher = Publisher(bootstrap, CARRIER)
    await publisher.start()
    try:
        await publisher.send(ALERTS, kept.messages)
    finally:
        await publisher.stop()
    if kept.told is None:
        return
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, client_id=CARRIER, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        consumer.assign([_PLACE])
        await consumer.commit({_PLACE: kept.told})
    finally:
        await consumer.stop()
