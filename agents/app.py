"""The Faust app of one role, and what its agents share."""

from __future__ import annotations

import asyncio
import os
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol, TypeVar

import faust
import msgspec
import structlog
from faust.types import TP

from agents.collecting import Collection
from agents.erasures import ErasureFeed
from agents.lanes import Lanes
from agents.logs import same_logs
from agents.saving import Saver
from agents.transport import BatchSchema, BatchTransport
from agents.watch import Watch
from pipeline import metrics
from pipeline.bus import CLOCK_HEADER, END_HEADER, FORM_HEADER, Message, Publisher, form_of
from pipeline.config import Settings
from pipeline.connect.items import MAX_RECORD
from pipeline.detect.erase import cleaned
from pipeline.detect.intake import Raw, Refused
from pipeline.detect.messages import FORM
from pipeline.detect.parameters import Parameters, read_parameters
from pipeline.detect.people import People, pseudonyms
from pipeline.poison import OUTDATED, POISONED, PoisonLimit
from pipeline.snapshots import Mark, Snapshots, fit
from schemas.decode import Refusal
from schemas.times import HOUR, LATEST, Micros
from schemas.topics import dead_letter_topic

log = structlog.get_logger()

BATCH = 5_000
"""Records of one fetch at the most: some tenths of a second of work."""

OUR_FORM = ((FORM_HEADER, b"%d" % FORM),)
"""Headers of messages between steps."""

_UNDERWAY: Micros = HOUR
"""For how long after an erasure messages between steps may still hold whom it is about."""

T = TypeVar("T")
Handler = Callable[[int, Sequence[Any]], Awaitable[bool]]
Collected = Callable[[Sequence[Any]], Awaitable[None]]

_FINISH = 10.0
"""Seconds that a batch may still take when the worker ends."""

_STORED_WAIT = 0.2
"""Seconds that a fetch of the sinks may wait: they collect for longer, and each fetch asks for many topics."""

_ENOUGH = 20_000
"""Records beyond which a collector waits for no more."""

_COLLECTED = 50_000
"""Records handed to a collector at a time, at the most (and one fetch more)."""


class Stateful(Protocol):
    """What has a state for each partition of a topic (`agents.steps`)."""

    async def resume(self, committed: Mapping[int, int], earliest: Mapping[int, int]) -> dict[int, int]:
        """Makes or finds the states of these partitions; the offsets at which reading begins."""

    def save(self) -> bool:
        """Writes what is not on disk yet; whether everything is there now."""


def faust_app(name: str, brokers: Sequence[str], folder: Path) -> faust.App:
    """A Faust app that leaves to Vigie what Vigie does itself; with the transport of Faust's own. `folder`: where Faust
    makes the folders that it would else make in the working directory."""
    folder.mkdir(parents=True, exist_ok=True)
    return faust.App(
        name,
        broker=list(brokers),
        datadir=str(folder / name),
        autodiscover=False,
        web_enabled=False,
        topic_allow_declare=False,  # pipeline.broker creates topics, from their one declaration
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        broker_max_poll_records=BATCH,
        broker_commit_interval=1.0,
        broker_commit_every=1_000_000,
        # The embedded broker answers a join when this has passed; a few seconds are the least.
        broker_rebalance_timeout=3.0,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.0,
        broker_request_timeout=35.0,
        # What waits in the broker comes in fewer, larger fetches.
        stream_buffer_maxsize=4,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
    )


class Shell:
    """What agents need: settings, parameters of the core, a publisher."""

    def __init__(self, settings: Settings, bootstrap: str, role: str) -> None:
        self.settings = settings
        self.role = role
        self.parameters: Parameters = read_parameters(settings.detect)
        self.steps: dict[str, Stateful] = {}
        self.people = People(pseudonyms(settings.privacy.key()))
        self.erasures = ErasureFeed(bootstrap, self.people.erasures)
        folder = settings.data_dir / "state" / settings.kafka.group
        self.snapshots = Snapshots(folder, fit(self.parameters, self.people.pseudonyms))
        self.saver = Saver(self.snapshots, settings.recovery.interval_seconds, settings.recovery.share)
        self._resuming = asyncio.Lock()
        self._bootstrap = bootstrap
        self._publisher: Publisher | None = None
        self._starting = asyncio.Lock()
        self.app = self._make_app()
        self._poison = PoisonLimit(settings.poison.share, settings.poison.records)
        self.watch = Watch(self.app, settings.metrics, self.snapshots, self.steps)

    def _make_app(self) -> faust.App:
        brokers = [f"kafka://{address.strip()}" for address in self._bootstrap.split(",")]
        app = faust_app(f"{self.settings.kafka.group}-{self.role}", brokers, self.settings.data_dir / "faust")
        app.transport = BatchTransport(list(app.conf.broker), app, loop=app.loop)
        app.transport.resume = self._resume
        if self.role == "sink":
            app.transport.fetch_wait = _STORED_WAIT
        return app

    async def _resume(self, committed: Mapping[TP, int], earliest: Mapping[TP, int]) -> dict[TP, int]:
        places: dict[TP, int] = {}
        async with self._resuming:
            try:
                await self.erasures.ready()
                for topic, steps in self.steps.items():
                    mine = {tp.partition: offset for tp, offset in committed.items() if tp.topic == topic}
                    if mine:
                        first = {partition: earliest[TP(topic, partition)] for partition in mine}
                        found = await steps.resume(mine, first)
                        places |= {TP(topic, partition): offset for partition, offset in found.items()}
            except Exception:
                self.crash("recovery")
        return places

    async def same_logs(self, marks: Mapping[TP, Mark]) -> dict[TP, bool]:
        """As `agents.logs.same_logs`, of this app's broker."""
        return await same_logs(self._bootstrap, marks)

    def save(self) -> bool:
        """Writes the states that are not on disk yet; whether all of them are there now. For the end, when nothing runs
        any more."""
        self.saver.end()
        saved = [steps.save() for steps in self.steps.values()]
        return all(saved)

    def forgetful(self, record: Any, message: T) -> T:
        """What a step of ours sent, without people who were forgotten since. A while after somebody was forgotten
        nothing of theirs comes any more."""
        erasures = self.people.erasures
        if not len(erasures) or record.timestamp * 1000 > erasures.latest + _UNDERWAY:
            return message
        return cleaned(message, erasures)

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        """Publishes and waits for the broker's word; nothing is acknowledged upstream before."""
        if not messages:
            return
        async with self._starting:
            if self._publisher is None:
                publisher = Publisher(self._bootstrap, f"vigie-{self.role}")
                await publisher.start()
                self._publisher = publisher
        await self._publisher.send(topic, messages)

    async def stop(self) -> None:
        """Closes the publisher."""
        await self.erasures.stop()
        if self._publisher is not None:
            await self._publisher.stop()
            self._publisher = None

    def agent(self, topic: str, handler: Handler) -> None:
        """One reader of a topic; `handler(partition, records)` is called for what is there of a partition, in order,
        for several partitions at a time, and says whether it may be committed."""
        shell = self

        async def work(partition: int, events: Sequence[Any]) -> None:
            began = now()
            # What was fetched before a rebalance is fetched again.
            current = [one for one in events if one.message.generation_id == shell.app.consumer_generation_id]
            records = [record for event in current for record in event.value]
            try:
                done = bool(current) and await handler(partition, records)
            except Exception:
                shell.crash(topic)
            shell.watch.batch(topic, len(records), now() - began)
            for event in current:
                event.value.done = done
                event.ack()

        lanes = Lanes(work, BATCH)

        async def run(stream: Any) -> None:
            try:
                async for event in stream.noack().events():
                    await lanes.put(event)
            except asyncio.CancelledError:
                # The worker ends. A state in the middle of a batch is none that could be written.
                await lanes.end(_FINISH)
                raise

        self.app.agent(self.app.topic(topic, schema=BatchSchema()), name=topic, concurrency=1)(run)

    def collector(self, topic: str, handler: Collected, linger: float) -> None:
        """As `agent`, for a reader that does better with much at a time: `handler(records)` is called with all that
        came within `linger` seconds, from all partitions, each partition's in order, and acknowledged afterwards.
        """
        shell = self
        waiting = Collection(linger, _ENOUGH, _COLLECTED)
        writers: list[asyncio.Task[None]] = []

        async def write() -> None:
            while True:
                events = await waiting.take()
                records = [record for event in events for record in event.value]
                began = now()
                try:
                    await handler(records)
                except Exception:
                    shell.crash(topic)
                shell.watch.batch(topic, len(records), now() - began)
                for event in events:
                    event.value.done = True
                    event.ack()

        async def run(stream: Any) -> None:
            if not writers:
                writers.append(asyncio.create_task(write()))
            async for event in stream.noack().events():
                await waiting.put(event)

        self.app.agent(self.app.topic(topic, schema=BatchSchema()), name=topic, concurrency=1)(run)

    def crash(self, where: str) -> NoReturn:
        """A fault of ours or of the broker: ends the process at once, before anything more can be committed.

        Faust acknowledges what an agent raised on. A worker that dies instead is started again where it had committed.
        """
        log.error("worker ends on an unexpected error", where=where, error=traceback.format_exc())
        os._exit(70)

    def check(self, topic: str, records: Sequence[Any], refused: int) -> None:
        """Ends the process when a reader meets hardly anything but records to refuse, of which these are `refused`.

        Nothing of the batch is published or committed then: all of it comes again.
        """
        limit = self.settings.poison
        found = self._poison.exceeded(topic, records[0].partition, len(records), refused)
        if found is None:
            return
        log.error(
            "worker stops: nearly all records are refused",
            topic=topic,
            partition=records[0].partition,
            refused=found[0],
            of=found[1],
            offset=records[0].offset,
            do="mend what sends them and start the worker again; what waits is kept. To have them all go to the dead "
            f"letters ({dead_letter_topic(topic)}; `vigie dlq list`) start it with VIGIE_POISON__RECORDS=0; the limit "
            f"now is {limit.share:g} of the last {limit.records}",
        )
        os._exit(POISONED)

    def readable(self, topic: str, records: Sequence[Any]) -> None:
        """Ends the process when a step of a newer version wrote in a form that this one does not know. To refuse its
        messages would tear holes into what is detected; a worker of that version takes the partition over.
        """
        newer = next((record for record in records if form_of(record.headers) > FORM), None)
        if newer is None:
            return
        log.error(
            "worker stops: a newer version of Vigie wrote this",
            topic=topic,
            partition=newer.partition,
            offset=newer.offset,
            form=form_of(newer.headers),
            known=FORM,
            do="upgrade this worker and start it again; what waits is kept, and newer workers take it",
        )
        os._exit(OUTDATED)

    async def refuse(
        self, topic: str, records: Sequence[Any], refused: Sequence[Refused], stage: str = "intake"
    ) -> None:
        """Sends refused records to the dead-letter topic with their place and the reason."""
        messages = [
            Message(
                records[place].key,
                self.people.letter(records[place].value or b"")[:MAX_RECORD],
                (
                    ("topic", topic.encode()),
                    ("partition", b"%d" % records[place].partition),
                    ("offset", b"%d" % records[place].offset),
                    ("stage", stage.encode()),
                    ("reason", refusal.code.encode()),
                    ("field", refusal.field.encode()),
                    ("message", self.people.word(refusal.message).encode("utf-8", "replace")),
                ),
            )
            for place, refusal in refused
        ]
        await self.publish(dead_letter_topic(topic), messages)
        for code, number in Counter(refusal.code for _, refusal in refused).items():
            self.watch.meter.count(metrics.REFUSED, topic, stage, code, by=number)
        self.watch.meter.count(metrics.DEAD_LETTERS, topic, by=len(messages))


def read_all(records: Sequence[Any], read: Callable[[bytes], T]) -> tuple[list[tuple[Any, T]], list[Refused]]:
    """Decodes what our own steps sent, each with its record; what somebody else put there is refused."""
    good: list[tuple[Any, T]] = []
    bad: list[Refused] = []
    for place, record in enumerate(records):
        try:
            good.append((record, read(record.value or b"")))
        except (msgspec.DecodeError, msgspec.ValidationError, ValueError) as error:
            bad.append(Refused(place, Refusal("not_ours", "", f"not a message of Vigie's: {error}")))
    return good, bad


def raw(record: Any) -> Raw:
    """A fetched record as the core takes it."""
    clock, end = None, False
    for name, value in record.headers:
        if name == CLOCK_HEADER and value.isdigit() and len(value) < 19:
            clock = int(value) if int(value) < LATEST else None
        elif name == END_HEADER:
            end = record.value is None
    return Raw(record.value, clock, end, record.offset, record.timestamp * 1000)


def now() -> float:
    """Seconds, from any origin."""
    return time.monotonic()
