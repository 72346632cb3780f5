"""What the embedded broker does exactly, and the one thing that it does not.

Vigie rests on exact offsets, on seeking, and on the high watermark that comes with a fetch. It does not rest on
`ListOffsets(latest)`, which Tansu 0.6 answers wrongly; a test says so here, and says when that changes.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import ConsumerRecord

from pipeline.broker import create_topics, start_broker
from pipeline.bus import Message, Publisher, partition_of
from pipeline.runtime import free_port
from schemas.topics import ACTIONS, ALERTS, POSTS_RAW, SHUFFLE, TOPICS

pytestmark = pytest.mark.integration

BATCHES = [7, 1, 12, 3]
"""Records of the batches that the tests of offsets write to one partition."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The embedded broker as `vigie up` starts it, with the declared topics."""
    port = free_port(0)
    broker = start_broker(port, tmp_path_factory.mktemp("broker") / "broker.log")
    try:
        created = asyncio.run(create_topics(f"127.0.0.1:{port}"))
        assert sorted(created) == sorted(TOPICS)
        yield f"127.0.0.1:{port}"
    finally:
        broker.terminate()
        broker.wait(10)


@contextlib.asynccontextmanager
async def producing(address: str) -> AsyncIterator[AIOKafkaProducer]:
    """A producer of messages up to 16 MB."""
    producer = AIOKafkaProducer(bootstrap_servers=address, max_request_size=16 << 20, max_batch_size=16 << 20)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@contextlib.asynccontextmanager
async def consuming(address: str, place: TopicPartition) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer at the beginning of one partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=address, max_partition_fetch_bytes=16 << 20)
    await consumer.start()
    try:
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        yield consumer
    finally:
        await consumer.stop()


async def take(consumer: AIOKafkaConsumer, count: int) -> list[ConsumerRecord[bytes, bytes]]:
    """The next records; raises TimeoutError when they do not come."""
    return [await asyncio.wait_for(consumer.getone(), 20.0) for _ in range(count)]


async def fill(address: str, place: TopicPartition) -> int:
    """Writes `BATCHES` to a partition, each as one batch; returns how many records stand there then."""
    async with producing(address) as producer:
        number = 0
        for size in BATCHES:
            batch = producer.create_batch()
            for _ in range(size):
                batch.append(key=None, value=b"%d" % number, timestamp=None)
                number += 1
            done = await producer.send_batch(batch, place.topic, partition=place.partition)
            assert (await done).offset == number - size
    return number


async def test_offsets_and_seeking(address: str) -> None:
    """Offsets are consecutive across batches, and seeking to any of them reads on from just there."""
    place = TopicPartition(POSTS_RAW, 0)
    count = await fill(address, place)
    async with consuming(address, place) as consumer:
        records = await take(consumer, count)
        assert [(record.offset, record.value) for record in records] == [(n, b"%d" % n) for n in range(count)]
        for offset in random.Random(1).sample(range(count), count):
            consumer.seek(place, offset)
            (record,) = await take(consumer, 1)
            assert (record.offset, record.value) == (offset, b"%d" % offset)


async def test_high_watermark_of_a_fetch(address: str) -> None:
    """The high watermark that comes with a fetch is the offset after the last record, and grows with the log."""
    place = TopicPartition(POSTS_RAW, 1)
    count = await fill(address, place)
    async with consuming(address, place) as consumer:
        await take(consumer, 1)
        assert consumer.highwater(place) == count
        await take(consumer, count - 1)
        assert consumer.highwater(place) == count
        async with producing(address) as producer:
            await producer.send_and_wait(place.topic, b"one more", partition=place.partition)
        await take(consumer, 1)
        assert consumer.highwater(place) == count + 1


async def test_list_offsets_latest_is_wrong(address: str) -> None:
    """`ListOffsets(latest)` answers the first offset of the last batch plus one, not the end of the log."""
    place = TopicPartition(POSTS_RAW, 2)
    count = await fill(address, place)
    async with consuming(address, place) as consumer:
        told = (await consumer.end_offsets([place]))[place]
        beginning = (await consumer.beginning_offsets([place]))[place]
    assert beginning == 0
    assert told != count, (
        "this broker answers ListOffsets(latest) rightly: the flaw of Tansu 0.6 is mended, "
        "and the notes on it in pipeline/broker.py can go"
    )
    assert told == count - BATCHES[-1] + 1


async def test_large_message(address: str) -> None:
    """A message of 6 MB comes back to the byte, between two small ones."""
    place, large = TopicPartition(ACTIONS, 0), random.Random(2).randbytes(6_000_000)
    async with producing(address) as producer:
        for value in (b"before", large, b"after"):
            await producer.send_and_wait(place.topic, value, partition=0)
    async with consuming(address, place) as consumer:
        assert [record.value for record in await take(consumer, 3)] == [b"before", large, b"after"]


async def test_keys_headers_and_tombstones(address: str) -> None:
    """Keys, headers (repeated, empty, binary) and messages without value come back as they were sent."""
    place = TopicPartition(ALERTS, 0)
    headers = [("a", b"1"), ("a", b"2"), ("empty", b""), ("bytes", b"\x00\xff"), ("é", "œ".encode())]
    async with producing(address) as producer:
        await producer.send_and_wait(place.topic, b"x", key=b"k", headers=headers, partition=0)
        await producer.send_and_wait(place.topic, None, key=b"k", partition=0)
        await producer.send_and_wait(place.topic, b"", key=None, partition=0)
    async with consuming(address, place) as consumer:
        first, second, third = await take(consumer, 3)
    assert (first.key, first.value, list(first.headers)) == (b"k", b"x", headers)
    assert (second.key, second.value, list(second.headers)) == (b"k", None, [])
    assert (third.key, third.value) == (None, b"")


async def test_publisher_keeps_order(address: str) -> None:
    """What `Publisher` sends stands in the partition that the key gives, in order, small and large alike."""
    draw = random.Random(3)
    messages = [
        Message(b"key %d" % draw.randrange(20), b"%06d " % n + b"x" * draw.choice((10, 10, 10, 300_000)))
        for n in range(300)
    ]
    publisher = Publisher(address, "test")
    await publisher.start()
    for start in range(0, len(messages), 100):
        await publisher.send(SHUFFLE, messages[start : start + 100])
    await publisher.stop()
    partitions = TOPICS[SHUFFLE].partitions
    for partition in range(partitions):
        expected = [m for m in messages if m.key and partition_of(m.key, partitions) == partition]
        async with consuming(address, TopicPartition(SHUFFLE, partition)) as consumer:
            found = await take(consumer, len(expected))
        assert [(record.key, record.value) for record in found] == [(m.key, m.value) for m in expected]


async def test_topics_are_created_once(address: str) -> None:
    """The topics have the declared partitions; creating them again creates nothing; twice at once is no error."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    present = {entry["topic"]: len(entry["partitions"]) for entry in await admin.describe_topics()}
    await admin.close()
    assert {name: present[name] for name in TOPICS} == {name: t.partitions for name, t in TOPICS.items()}
    again = await asyncio.gather(create_topics(address), create_topics(address))
    assert all(names == [] for names in again)


async def test_created_from_two_sides_at_once(tmp_path: Path) -> None:
    """Several workers may create the topics of a fresh broker at the same moment: each topic is there once."""
    port = free_port(0)
    broker = start_broker(port, tmp_path / "broker.log")
    try:
        made = await asyncio.gather(*(create_topics(f"127.0.0.1:{port}") for _ in range(3)))
        assert set().union(*made) == set(TOPICS)
        assert await create_topics(f"127.0.0.1:{port}") == []
    finally:
        broker.terminate()
        broker.wait(10)


async def test_no_broker() -> None:
    """Where no broker answers, the address is named once patience has ended."""
    address = f"127.0.0.1:{free_port(0)}"
    with pytest.raises(ConnectionError, match=address):
        await create_topics(address, patience=0.5)
