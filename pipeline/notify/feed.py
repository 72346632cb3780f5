"""The alert topic as a stream of alerts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from pipeline.bus import version_of
from schemas.alerts import Alert
from schemas.cloudevents import open_envelope
from schemas.topics import ALERTS, TOPICS

log = structlog.get_logger()

_REMEMBERED = 100_000
"""Alerts of which the latest version is remembered."""

_FETCH_WAIT_MS = 100
"""The embedded broker looks for news only after half of the time that a fetch may wait."""


class Gone(msgspec.Struct, frozen=True):
    """An alert was withdrawn."""

    alert_id: str


async def alert_feed(
    bootstrap: str, group: str | None = None, idle: float | None = None
) -> AsyncIterator[Alert | Gone]:
    """All alerts from the beginning, or from where `group` has read to; then the new ones as they come.

    A word of an alert that comes after a later one (a detector tells again what it told before a crash) is left out.

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
        fetch_max_wait_ms=_FETCH_WAIT_MS,
    )
    versions: dict[str, int] = {}
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
                    if not _later(versions, (record.key or b"").decode("utf-8", "replace"), record.headers):
                        continue
                    if record.value is None:
                        yield Gone((record.key or b"").decode("utf-8", "replace"))
                        continue
                    try:
                        yield open_envelope(record.value)
                    except (msgspec.ValidationError, msgspec.DecodeError) as error:
                        # Anybody may write to a topic; a newer version may know kinds that this one does not.
                        log.warning("not an alert of this version", offset=record.offset, error=str(error))
            if group and got:
                await consumer.commit()
    finally:
        await consumer.stop()


def _later(versions: dict[str, int], name: str, headers: Sequence[tuple[str, bytes]]) -> bool:
    """Whether this is no word that was passed on, nor one from before it; words without a number always count."""
    version = version_of(headers)
    if version is None:
        return True
    known = versions.pop(name, -1)
    versions[name] = max(known, version)
    if len(versions) > _REMEMBERED:
        versions.pop(next(iter(versions)))
    return version > known
