"""The embedded broker's door, and what goes along when the broker is emptied."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from pipeline.broker import create_topics
from pipeline.bus import Message, Publisher, version_header
from pipeline.carry import Carried, carried, put_back
from pipeline.drain import end_offsets
from pipeline.embedded import EmbeddedBroker
from pipeline.gate import Held
from pipeline.runtime import free_port
from schemas.topics import ALERTS, POSTS_RAW

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

PLACE = TopicPartition(POSTS_RAW, 0)
LARGE = [Message(b"k", bytes([n]) * 300_000, (), 0) for n in range(10)]
"""More than any buffer between client and broker takes unread."""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """One that runs, with the declared topics."""
    running = EmbeddedBroker(free_port(0), tmp_path / "broker.log")
    try:
        asyncio.run(create_topics(running.bootstrap))
        yield running
    finally:
        running.stop()


async def values(broker: EmbeddedBroker, place: TopicPartition) -> list[Any]:
    """All records of a partition."""
    end = (await end_offsets(broker.bootstrap, [place.topic]))[place]
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, enable_auto_commit=False)
    await consumer.start()
    found: list[Any] = []
    try:
        consumer.assign([place])
        consumer.seek(place, 0)
        while len(found) < end:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += records
        return found
    finally:
        await consumer.stop()


async def publisher(broker: EmbeddedBroker, name: str) -> Publisher:
    """One that is connected."""
    one = Publisher(broker.bootstrap, name)
    await one.start()
    return one


@pytest.mark.parametrize("emptied", [False, True])
async def test_records_from_outside_wait_and_are_not_lost(broker: EmbeddedBroker, emptied: bool) -> None:
    """Held records reach the broker once the door opens, the one that was there or the one that was begun anew, each
    once and in order; Vigie's own pass meanwhile, and nobody was told that a held one is published."""
    outside, own = await publisher(broker, "somebody"), await publisher(broker, "vigie-detect")
    try:
        await outside.send(POSTS_RAW, [Message(b"k", b"before", (), 0)])
        assert broker.gate.unanswered() == 0
        broker.gate.hold(Held.RECORDS)
        sending = asyncio.create_task(outside.send(POSTS_RAW, LARGE))
        await own.send(POSTS_RAW, [Message(b"k", b"own", (), 0)])
        await asyncio.sleep(1.0)
        assert not sending.done()
        assert [record.value for record in await values(broker, PLACE)] == [b"before", b"own"]
        if emptied:
            broker.gate.hold(Held.ALL)
            await asyncio.to_thread(broker.empty)
            await create_topics(broker.bootstrap)
        broker.gate.hold(Held.NOTHING)
        await asyncio.wait_for(sending, 30.0)
        kept = [] if emptied else [b"before", b"own"]
        found = [record.value for record in await values(broker, PLACE)]
        assert found == kept + [message.value for message in LARGE]
    finally:
        await outside.stop()
        await own.stop()


async def test_alerts_go_along(broker: EmbeddedBroker) -> None:
    """Of each alert the last word, in the order of these words, with its number; the bot goes on where it was, and does
    not tell again what it told."""
    words = [(b"a", b"1"), (b"b", b"2"), (b"a", b"3"), (b"c", b"4"), (b"b", None)]
    messages = [Message(key, value, version_header(n), 0) for n, (key, value) in enumerate(words)]
    teller = await publisher(broker, "vigie-detect")
    await teller.send(ALERTS, messages)
    await teller.stop()
    place = TopicPartition(ALERTS, 0)
    bot = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, group_id="g-bot", enable_auto_commit=False)
    await bot.start()
    bot.assign([place])
    await bot.commit({place: 4})
    await bot.stop()
    kept = await carried(broker.bootstrap, "g-bot")
    assert [(one.key, one.value) for one in kept.messages] == [(b"a", b"3"), (b"c", b"4"), (b"b", None)]
    assert kept.told == 2
    await asyncio.to_thread(broker.empty)
    await create_topics(broker.bootstrap)
    await put_back(broker.bootstrap, "g-bot", kept)
    assert await carried(broker.bootstrap, "g-bot") == Carried(kept.messages, 2)
    assert (await carried(broker.bootstrap, "nobody")).told is None
