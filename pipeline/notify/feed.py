"""The alert topic as a stream of alerts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.alerts import Alert
from schemas.cloudevents import open_envelope
from schemas.topics import ALERTS, TOPICS


class Gone(msgspec.Struct, frozen=True):
    """An alert was withdrawn."""

    alert_id: str


async def alert_feed(
    bootstrap: str, group: str | None = None, idle: float | None = None
) -> AsyncIterator[Alert | Gone]:
    """All alerts from the beginning, or from where `group` has read to; then the new ones as they come.

    Args:
        bootstrap: the brokers.
        group: a consumer group; what was yielded before the next is asked for is committed.
        idle: seconds without news after which the feed ends; None never ends.
    """
    consumer = AIOKafkaConsumer(
        *([ALERTS] if group else []),
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=6_000,
        heartbeat_interval_ms=1_000,
    )
    await consumer.start()
    try:
        if group is None:
            places = [TopicPartition(ALERTS, number) for number in range(TOPICS[ALERTS].partitions)]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
        while True:
            got = await consumer.getmany(timeout_ms=round(1000 * (idle or 1.0)))
            if not got and idle is not None:
                return
            for records in got.values():
                for record in records:
                    if record.value is None:
                        yield Gone((record.key or b"").decode("utf-8", "replace"))
                        continue
                    try:
                        yield open_envelope(record.value)
                    except (msgspec.ValidationError, msgspec.DecodeError):
                        continue  # not one of ours: anybody may write to a topic
            if group and got:
                await consumer.commit()
    finally:
        await consumer.stop()
