"""Recorded records into Kafka, at the pace of their event time or as fast as the broker takes them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable

import msgspec

from pipeline.bus import CLOCK_HEADER, END_HEADER, Headers, Message
from pipeline.connect.files import stamp
from pipeline.connect.items import MAX_RECORD, FileProblem, Item, topic_of
from pipeline.connect.sending import Sender, dead_letter
from pipeline.detect.source_clock import LEAP
from schemas.times import SECOND, Micros
from schemas.topics import TOPICS

__all__ = ["BATCH", "Pace", "ReplayReport", "replay", "topic_of"]

BATCH = 4000
"""Records sent at once, at the most."""

_BATCH_BYTES = 8 << 20
_EARLY = 0.005  # seconds; sleeping for less costs more than it is worth

_TICK = 0.1
"""Seconds between two batches at a pace, at the least. Each tells every partition the time, and for each the detectors
have some milliseconds of work however few records are in it."""

OnProgress = Callable[["ReplayReport"], None]


class ReplayReport(msgspec.Struct):
    """What a replay did. bytes: of the published records. clock: where the source clock stood at the end.

    records = published + refused; refused ones (over 8,000,000 bytes) went to the dead-letter topic.
    """

    records: int = 0
    published: int = 0
    refused: int = 0
    bytes: int = 0
    seconds: float = 0.0
    clock: Micros = 0
    topics: dict[str, int] = msgspec.field(default_factory=dict)

    @property
    def per_second(self) -> float:
        """Published records per second of the wall clock."""
        return self.published / self.seconds if self.seconds > 0 else 0.0


class Pace:
    """When a record is due: `speed` times faster than event time says, counted from the first record.

    speed None: everything is due at once. now gives seconds, from any origin. Lateness stays lateness: a
    record older than the clock is due with it, not before. A first record whose date turns out wrong starts nothing.
    """

    def __init__(self, speed: float | None, now: Callable[[], float]) -> None:
        self._speed = speed
        self._now = now
        self._origin: tuple[Micros, float] | None = None
        self._started = False

    def wait(self, clock: Micros, at: Micros | None = None) -> float:
        """Seconds until a record with this source clock is due; 0 when it is, and while no clock is known (0).

        at: the record's own event time, where it has one.
        """
        if self._speed is None:
            return 0.0
        if clock == 0:
            # The clock waits for a second record to agree; time passes from the first one on all the same.
            if at is not None:
                self._origin = (at, self._now())
            return 0.0
        if self._origin is None or (not self._started and abs(clock - self._origin[0]) > LEAP):
            self._origin = (clock, self._now())
        self._started = True
        first, start = self._origin
        return max(0.0, start + (clock - first) / SECOND / self._speed - self._now())


def _to_all(topic: str, headers: Headers) -> list[Message]:
    """A message without value for each partition: what it says stands in its headers."""
    return [Message(None, None, headers, partition) for partition in range(TOPICS[topic].partitions)]


async def replay(
    publisher: Sender,
    items: Iterable[Item],
    speed: float | None = None,
    on_progress: OnProgress | None = None,
    end: bool = True,
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> ReplayReport:
    """Publishes all items in order, each with its source clock, then one end marker per partition if `end`.

    speed: event time per wall-clock time, None for as fast as possible. on_progress: called after each batch.

    Raises:
        KafkaError: the broker did not take a batch.
        FileProblem: a file turned out damaged; what could be read has been published, without end markers.
    """
    report = ReplayReport()
    began = now()
    pace = Pace(speed, now)
    waiting: dict[str, list[Message]] = {}
    count = size = 0
    sent = began - _TICK

    async def flush() -> None:
        nonlocal count, size, sent
        # Partitions that got nothing learn the time as well, so that they hold no alert back.
        if report.clock:
            clock = ((CLOCK_HEADER, b"%d" % report.clock),)
            for topic in report.topics:
                waiting.setdefault(topic, []).extend(_to_all(topic, clock))
        for topic, messages in waiting.items():
            await publisher.send(topic, messages)
        waiting.clear()
        count = size = 0
        sent = now()
        report.seconds = sent - began
        if on_progress is not None:
            on_progress(report)

    try:
        for item, clock in stamp(items):
            delay = pace.wait(clock, item.at)
            if delay > _EARLY:
                if delay > (rest := sent + _TICK - now()):
                    if count and rest > 0:
                        await sleep(rest)
                    await flush()
                    # Sending took time as well.
                    delay = pace.wait(clock)
                if delay > 0:
                    await sleep(delay)
            topic = topic_of(item)
            report.records += 1
            report.clock = clock
            if len(item.raw) > MAX_RECORD:
                report.refused += 1
                reason = (
                    f"too_long: the record has {len(item.raw)} bytes; {MAX_RECORD} can be published "
                    f"({item.source}, line {item.line})"
                )
                topic, message = dead_letter(topic, item.raw, "replay", reason, item.key)
            else:
                report.published += 1
                report.bytes += len(item.raw)
                report.topics[topic] = report.topics.get(topic, 0) + 1
                message = Message(item.key, item.raw, ((CLOCK_HEADER, b"%d" % clock),))
            waiting.setdefault(topic, []).append(message)
            count += 1
            size += len(item.raw)
            if count >= BATCH or size >= _BATCH_BYTES:
                await flush()
    except FileProblem:
        await flush()  # what was read before the damage
        raise
    await flush()
    if end:
        headers = ((END_HEADER, b"1"), (CLOCK_HEADER, b"%d" % report.clock))
        for topic in report.topics:
            await publisher.send(topic, _to_all(topic, headers))
    report.seconds = now() - began
    return report
