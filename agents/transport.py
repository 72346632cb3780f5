"""Batches through Faust: one message for each (partition, fetch).

Faust makes an asyncio task of every event; at some ten thousand posts a second that is all a core does. Here the
consumer hands over one message whose value is the list of records fetched from one partition, and whose offset is that
of the last. Acknowledging it acknowledges them all, in order, because each topic has one reader (`concurrency=1`).
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import faust
from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, Message
from faust.types.tuples import ConsumerMessage  # type: ignore[attr-defined,unused-ignore]


class Batch(list[Any]):
    """The records of one fetch. done: all that comes of them is published or stored."""

    done = False


_RESTS_AFTER = 1.0
"""Seconds without a record after which a consumer asks less often. (Workers tell each other the time every 5 s.)"""


def let_wait(consumer: Any, seconds: float) -> None:
    """Sets for how long the broker may keep an aiokafka consumer's fetches from now on; no setting leads there."""
    consumer._fetch_max_wait_ms = round(1000 * seconds)
    if consumer._fetcher is not None:  # since it was started
        consumer._fetcher._fetch_max_wait_ms = round(1000 * seconds)


class _Thread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Where Faust runs aiokafka's consumer."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        let_wait(consumer, self.transport.fetch_wait)
        return consumer


class BatchConsumer(driver.Consumer):  # type: ignore[misc]
    """Hands over whole fetches."""

    _heard = 0.0
    _waits: float | None = None

    def _new_consumer_thread(self) -> _Thread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:  # noqa: ASYNC109 (the parent's)
        """One message a partition; stops when a rebalance begins, as its parent does."""
        records, active = await self._wait_next_records(timeout)
        self._hurry(bool(records))
        if records is None or self.should_stop:
            return
        if not self.flow_active:
            await self.perform_seek()
            return
        generation = self.app.consumer_generation_id
        for tp, batch in records.items():
            if not self.flow_active or self.app.consumer_generation_id != generation:
                break
            if batch and (active is None or tp in active or tp in self._buffered_partitions):
                self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
                yield tp, self._batch(tp, batch)

    def _hurry(self, found: bool) -> None:
        now = time.monotonic()
        self._heard = now if found else self._heard
        rests = now - self._heard > _RESTS_AFTER
        waits = self.transport.rest_wait if rests else self.transport.fetch_wait
        if waits != self._waits:
            self._waits = waits
            let_wait(self._thread._ensure_consumer(), waits)

    async def perform_seek(self) -> None:
        """Goes to where the agents' states stand, which may be before or behind what was committed."""
        try:
            await super().perform_seek()
            assigned = self.assignment()
            committed = {tp: self._committed_offset[tp] or 0 for tp in assigned}
            places = await self.transport.resume(committed, await self.earliest_offsets(*assigned))
            for tp, offset in places.items():
                await self.seek(tp, offset)
            # What a state holds was published. Nothing may come any more that would lead to a commit.
            ahead = {tp: offset for tp, offset in places.items() if offset > committed.get(tp, 0)}
            if ahead:
                await self._commit(ahead)
                self._committed_offset.update(ahead)
        except IllegalStateError:
            self.log.info("another rebalance has begun")  # which ends with the same

    def asked(self, tp: TP, within: float) -> int | None:
        """When the broker last said where an assigned partition ends (Unix milliseconds), if that was within so many
        seconds."""
        at: int | None = self._thread._ensure_consumer().last_poll_timestamp(tp)
        return at if at is not None and time.time() * 1000 - at < within * 1000 else None

    def _batch(self, tp: TP, batch: list[Any]) -> ConsumerMessage:
        last = batch[-1]
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000.0 if last.timestamp is not None else None,
            last.timestamp_type,
            [],
            None,
            Batch(batch),
            None,
            0,
            sum(record.serialized_value_size for record in batch),
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    def ack(self, message: Message) -> bool:
        """Counts what was dealt with. Faust acknowledges, too, what an agent was cancelled on and what it skipped
        because a rebalance came between; committed, that would never be published by anybody."""
        return bool(message.value.done) and bool(super().ack(message))

    def _new_offset(self, tp: TP) -> int | None:
        # Acknowledgements come in order, so the highest stands for all below it.
        acked = self._acked[tp]
        if not acked:
            return None
        highest = max(acked)
        acked.clear()
        self._acked_index[tp].clear()
        self._gap[tp].clear()
        return int(highest) + 1


class BatchTransport(driver.Transport):  # type: ignore[misc]
    """Kafka by aiokafka, by the batch."""

    Consumer = BatchConsumer
    fetch_wait = 0.1
    """Seconds that the broker may keep a fetch waiting for records; Faust would have 1.5. The embedded broker looks
    for news only after half of that time, at each of the steps between a post and its alert. And while one fetch
    waits, no other asks for the partitions whose records were being worked on when it was sent."""
    rest_wait = 1.0
    """The same while nothing comes: asking often costs the embedded broker several percent of a core."""

    async def resume(self, committed: Mapping[TP, int], earliest: Mapping[TP, int]) -> Mapping[TP, int]:
        """From the committed and the earliest offsets of the assigned partitions to those at which reading begins;
        partitions left out begin where they were committed. Whoever has states puts another function here."""
        return {}


class BatchSchema(faust.Schema):  # type: ignore[misc]
    """Passes the list of records through as it is."""

    def compile(self, app: Any, **_: Any) -> Any:
        """A decoder that decodes nothing: validation is the core's, and a refusal is a value there."""
        create_event = app.create_event

        async def decode(message: Message, *, propagate: bool = False) -> Any:
            return create_event(None, message.value, [], message)

        return decode
