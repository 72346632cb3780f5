"""Publishing to Kafka by the batch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder

from schemas.topics import TOPICS

CLOCK_HEADER = "vigie-clock"
"""Decimal microseconds: the latest event time that the source had sent when it sent this record. On a message without
value: it has sent nothing else to this partition since."""

END_HEADER = "vigie-end"
"""On a message without value, one per partition: the source has nothing more to send; close what is open."""

VERSION_HEADER = "vigie-version"
"""Decimal number on what detection tells: of one thing the word with the highest stands. What is told again,
after a crash or by a worker that woke too late, has the number that it had the first time."""

FORM_HEADER = "vigie-form"
"""Decimal number on messages between steps: their form (`pipeline.detect.messages.FORM`). 1 where there is none."""

Headers = tuple[tuple[str, bytes], ...]


class Message(NamedTuple):
    """One Kafka message. Without `partition` the key decides, as in Kafka's own clients (murmur2). timestamp: Unix
    milliseconds, of the moment of sending where there is none."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None
    timestamp: int | None = None


def partition_of(key: bytes, partitions: int) -> int:
    """Kafka's default partitioner."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


def _append(builder: BatchBuilder, message: Message) -> Any:
    return builder.append(
        key=message.key,
        value=message.value,
        timestamp=message.timestamp,
        headers=list(message.headers),
    )


def version_header(version: int) -> Headers:
    """The headers that say the number of a word."""
    return ((VERSION_HEADER, b"%d" % version),)


def form_of(headers: Sequence[tuple[str, bytes]]) -> int:
    """The number under `FORM_HEADER`; 1 where there is none, or something that is no number."""
    for name, value in headers:
        if name == FORM_HEADER and value.isdigit() and len(value) < 10:
            return int(value)
    return 1


def version_of(headers: Sequence[tuple[str, bytes]]) -> int | None:
    """The number under `VERSION_HEADER`, if there is one."""
    for name, value in headers:
        if name == VERSION_HEADER and value.isdigit() and len(value) < 19:
            return int(value)
    return None


class _Out:
    """What waits for a partition while a batch is under way to it. told: comes true when the broker has these; None
    where nothing waits."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.told: asyncio.Future[None] | None = None
        self.task: asyncio.Task[None] | None = None


class Publisher:
    """An aiokafka producer that takes lists of messages and returns when the broker has them all."""

    def __init__(self, bootstrap: str, client_id: str = "vigie") -> None:
        self._bootstrap = bootstrap
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None
        self._turn = 0
        self._out: dict[tuple[str, int], _Out] = {}
        self._places: dict[
            tuple[str, bytes], int
        ] = {}  # murmur2 is Python code; authors come again and again

    async def start(self) -> None:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            client_id=self._client_id,
            compression_type="zstd",  # aiokafka packs lz4 at its slowest level: eight times the time, and larger
            max_batch_size=1 << 20,
            max_request_size=8 << 20,
            acks="all",
            enable_idempotence=False,
        )
        await self._producer.start()

    async def stop(self) -> None:
        if self._producer is not None:
            await self._producer.stop()

    def place(self, topic: str, key: bytes | None) -> int:
        """The partition for a key; keyless messages take turns."""
        partitions = TOPICS[topic].partitions
        if partitions == 1:
            return 0
        if key is None:
            self._turn += 1
            return self._turn % partitions
        place = self._places.get((topic, key))
        if place is None:
            if len(self._places) > 500_000:
                self._places.clear()
            place = self._places[topic, key] = partition_of(key, partitions)
        return place

    async def send(self, topic: str, messages: Sequence[Message]) -> None:
        """Publishes in order within each partition and waits for the broker's word.

        Raises:
            aiokafka.errors.KafkaError: the broker did not take them.
        """
        producer = self._producer
        if producer is None:
            raise RuntimeError("Publisher.send before start")
        by_partition: dict[int, list[Message]] = {}
        for message in messages:
            place = self.place(topic, message.key) if message.partition is None else message.partition
            by_partition.setdefault(place, []).append(message)
        told = [self._put(producer, topic, partition, batch) for partition, batch in by_partition.items()]
        # Others wait for the same word: that one of them is cancelled does not take it from them.
        await asyncio.gather(*map(asyncio.shield, told))

    def _put(
        self, producer: AIOKafkaProducer, topic: str, partition: int, messages: list[Message]
    ) -> asyncio.Future[None]:
        """Queues messages; what comes true when the broker has them."""
        out = self._out.setdefault((topic, partition), _Out())
        out.messages += messages
        if out.told is None:
            out.told = asyncio.get_running_loop().create_future()
        told = out.told
        if out.task is None:
            out.task = asyncio.create_task(self._write_all(producer, topic, partition, out))
        return told

    async def _write_all(self, producer: AIOKafkaProducer, topic: str, partition: int, out: _Out) -> None:
        """What is queued for a partition; what is queued meanwhile goes together afterwards."""
        try:
            while out.told is not None:
                messages, told = out.messages, out.told
                out.messages, out.told = [], None
                try:
                    await _write(producer, topic, partition, messages)
                except BaseException as error:
                    told.set_exception(error)
                    if not isinstance(error, Exception):
                        raise
                else:
                    told.set_result(None)
        finally:
            out.task = None


async def _write(producer: AIOKafkaProducer, topic: str, partition: int, messages: list[Message]) -> None:
    """Messages for one partition in as few batches as they fit in; returns when the broker has them."""
    sent: list[asyncio.Future[object]] = []
    builder = producer.create_batch()
    for message in messages:
        added = _append(builder, message)
        if added is None:  # the batch is full
            sent.append(await producer.send_batch(builder, topic, partition=partition))
            builder = producer.create_batch()
            added = _append(builder, message)
        if added is None:  # larger than any batch: alone
            sent.append(
                await producer.send(
                    topic,
                    message.value,
                    message.key,
                    partition=partition,
                    timestamp_ms=message.timestamp,
                    headers=list(message.headers),
                )
            )
    if builder.record_count():
        sent.append(await producer.send_batch(builder, topic, partition=partition))
    await asyncio.gather(*sent)
