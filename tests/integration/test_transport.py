"""How soon a record is with a worker, and how publishing is put together."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.app import Shell
from agents.transport import BatchTransport, let_wait
from pipeline.broker import create_topics, start_broker
from pipeline.bus import Message, Publisher
from pipeline.config import Settings
from pipeline.runtime import free_port
from schemas.topics import SHUFFLE, SIGNALS

pytestmark = pytest.mark.integration

_TRIES = 12


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An embedded broker."""
    port = free_port(0)
    broker = start_broker(port, tmp_path_factory.mktemp("broker") / "broker.log")
    try:
        asyncio.run(create_topics(f"127.0.0.1:{port}"))
        yield f"127.0.0.1:{port}"
    finally:
        broker.terminate()
        broker.wait(10)


async def test_a_worker_does_not_wait_for_the_broker_to_look(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The consumer that a worker's Faust app makes hears of a record within its own short time, not Faust's 1.5 s; and
    the time can be changed while it runs.

    The embedded broker sleeps for half of a fetch's time before it looks again; half of 1.5 s would show here.
    """
    monkeypatch.chdir(tmp_path)
    settings = Settings(data_dir=tmp_path)  # type: ignore[call-arg]
    shell = Shell(settings, address, "detect")
    consumer = shell.app.consumer._thread._create_worker_consumer(shell.app.transport)
    publisher = Publisher(address)
    await publisher.start()
    await consumer.start()
    try:
        consumer.assign([TopicPartition(SIGNALS, 0)])
        await consumer.seek_to_beginning()
        quick = await _waited(consumer, publisher)
        let_wait(consumer, 1.5)  # as it rests, or would rest by itself
        slow = await _waited(consumer, publisher)
        let_wait(consumer, BatchTransport.fetch_wait)
        again = await _waited(consumer, publisher)
        assert max(quick, again) < 0.2
        assert slow > 2 * max(quick, again)
    finally:
        await consumer.stop()
        await publisher.stop()


async def _waited(consumer: AIOKafkaConsumer, publisher: Publisher) -> float:
    """Seconds from a record's publication to its being read: the median of several."""
    waited = []
    for n in range(_TRIES):
        reading = asyncio.create_task(consumer.getone())
        await asyncio.sleep(0.12 + 0.015 * n)  # into the middle of a fetch
        began = time.monotonic()
        await publisher.send(SIGNALS, [Message(None, b"%d" % n)])
        assert (await asyncio.wait_for(reading, 5.0)).value == b"%d" % n
        waited.append(time.monotonic() - began)
    return statistics.median(waited)


async def test_what_many_publish_at_once_goes_together_in_order(address: str) -> None:
    """Each sender's messages stay in order, none is lost or doubled, and there are fewer batches than senders."""
    publisher = Publisher(address)
    await publisher.start()
    consumer = AIOKafkaConsumer(bootstrap_servers=address)
    await consumer.start()
    try:

        async def sender(name: int) -> None:
            for n in range(5):
                await publisher.send(
                    SHUFFLE, [Message(None, b"%d %d %d" % (name, n, k), (), 0) for k in range(3)]
                )

        await asyncio.gather(*(sender(name) for name in range(20)))
        place = TopicPartition(SHUFFLE, 0)
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        got = [await asyncio.wait_for(consumer.getone(), 10.0) for _ in range(300)]
        for name in range(20):
            mine = [one.value for one in got if one.value.split()[0] == b"%d" % name]
            assert mine == [b"%d %d %d" % (name, n, k) for n in range(5) for k in range(3)]
        assert len({one.timestamp for one in got}) < 30  # the broker's, one for each batch
    finally:
        await consumer.stop()
        await publisher.stop()


async def test_a_cancelled_sender_does_not_stop_the_others(address: str) -> None:
    """They wait for the same word of the broker."""
    publisher = Publisher(address)
    await publisher.start()
    try:
        first, second = (
            asyncio.create_task(publisher.send(SHUFFLE, [Message(None, name, (), 1)]))
            for name in (b"a", b"b")
        )
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait_for(second, 10.0)
        assert first.cancelled()
    finally:
        await publisher.stop()
