"""Bluesky's firehose into Kafka, through Jetstream: reconnects, resumes, and publishes each event once.

The cursor is saved after the broker has acknowledged what came before it. After a reconnection the stream
goes on from a little before the cursor (servers do not send in strict order of their time, and hosts differ);
what was published already is recognised and dropped. The client sends nothing but the handshake.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable

import msgspec
import structlog
from aiokafka.errors import KafkaError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from pipeline.bus import CLOCK_HEADER, Message
from pipeline.config import Jetstream as JetstreamSettings
from pipeline.connect.backoff import Backoff
from pipeline.connect.cursors import CursorStore
from pipeline.connect.jetstream_frames import Deleted, Ignored, Notice, parse_v1, parse_v2
from pipeline.connect.jetstream_url import subscription_url
from pipeline.connect.resume import Resume
from pipeline.connect.sending import Sender, dead_letter
from schemas.decode import Refusal
from schemas.packing import packed
from schemas.records import Post, event_time, record_key, to_dict
from schemas.times import Micros, format_time
from schemas.topics import FANS_RAW, POSTS_RAW

__all__ = ["Jetstream", "JetstreamReport", "parse_v1", "parse_v2"]

_BATCH = 1000
_LINGER = 0.2  # seconds an event waits for company on its way to the broker
_SEND_ATTEMPTS = 8
_LAST_WORDS = 5.0  # seconds that a stopping connector gives the broker
_MAX_FRAME = 8 << 20

_log = structlog.get_logger("vigie.connect.jetstream")


class JetstreamReport(msgspec.Struct):
    """Counts since the start. published = posts + follows; refused frames went to the dead-letter topic.

    cursors_lost: how often the server no longer had (or never knew) the place to go on from.
    """

    frames: int = 0
    posts: int = 0
    follows: int = 0
    deleted: int = 0
    ignored: int = 0
    duplicates: int = 0
    refused: int = 0
    connections: int = 0
    silences: int = 0
    cursors_lost: int = 0

    @property
    def published(self) -> int:
        """Records published."""
        return self.posts + self.follows


class _Silence(Exception):
    pass


class _Closed(Exception):
    pass


class _Enough(Exception):
    pass


class Jetstream:
    """One subscription. `publisher` must have been started.

    limit: stop after so many records. insecure: ws:// in place of wss://, for hosts of one's own.
    draw: numbers in [0, 1) for the jitter. now: seconds of any clock that does not jump.
    """

    def __init__(
        self,
        publisher: Sender,
        settings: JetstreamSettings,
        cursors: CursorStore,
        *,
        limit: int | None = None,
        insecure: bool = False,
        backoff: Backoff | None = None,
        draw: Callable[[], float] = random.random,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        if not settings.hosts:
            raise ValueError("jetstream.hosts is empty; at least one host is needed")
        self.report = JetstreamReport()
        self._publisher = publisher
        self._settings = settings
        self._limit = limit
        self._insecure = insecure
        self._backoff = backoff or Backoff()
        self._draw = draw
        self._now = now
        self._parse = parse_v1 if settings.version == 1 else parse_v2
        self._waiting: dict[str, list[Message]] = {}
        self._count = 0
        self._clock: Micros = 0
        self._resume = Resume(cursors, f"jetstream-v{settings.version}")
        self._unsure = False  # a batch is on its way to the broker, or got lost there

    async def run(self) -> JetstreamReport:
        """Reads until the limit or cancellation; then what has been read is published and the cursor saved.

        Raises:
            KafkaError: the broker refused a batch several times over; the next run reads it again.
            OSError: the cursor cannot be saved.
        """
        try:
            await self._connect_for_ever()
        except asyncio.CancelledError:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS):
                    await self._last_words()
            raise
        self._resume.save(self._now(), force=True)
        return self.report

    async def _last_words(self) -> None:
        if not self._unsure:  # otherwise the next run goes back to before that batch
            await self._flush()
            self._resume.save(self._now(), force=True)

    async def _connect_for_ever(self) -> None:
        hosts = self._settings.hosts
        place = self._resume.place
        turn = hosts.index(place.host) if place and place.host in hosts else 0
        failures = 0
        while True:
            host = hosts[turn % len(hosts)]
            before = self.report.frames - self.report.duplicates
            stay = False
            try:
                await self._session(host)
            except _Enough:
                await self._flush()
                return
            except _Closed as error:  # the server told us to come back
                _log.warning("closed", host=host, reason=str(error))
                stay = True
            except _Silence:
                self.report.silences += 1
                _log.warning("silent", host=host, seconds=self._settings.silence_seconds)
            except InvalidStatus as error:
                stay = self._rejected(host, error)
            except (ConnectionClosed, WebSocketException, OSError, TimeoutError) as error:
                _log.warning("disconnected", host=host, error=str(error) or type(error).__name__)
                stay = isinstance(error, ConnectionClosed)
            await self._flush()
            brought = self.report.frames - self.report.duplicates > before
            failures = 0 if brought else failures + 1
            if not stay or failures > 1:
                turn += 1
            await asyncio.sleep(self._backoff.delay(failures, self._draw))

    def _rejected(self, host: str, error: InvalidStatus) -> bool:
        """Whether it was the cursor that the host refused; then the next attempt starts from now."""
        body = bytes(error.response.body or b"")
        if self._resume.place is None or error.response.status_code != 400 or b"CursorTooOld" not in body:
            said = body[:200].decode("utf-8", "replace")
            _log.warning("rejected", host=host, status=error.response.status_code, body=said)
            return False
        self._lose_cursor("CursorTooOld", host)
        self._resume.lose()
        return True

    def _lose_cursor(self, name: str, host: str) -> None:
        self.report.cursors_lost += 1
        since = None if self._resume.place is None else format_time(self._resume.place.at)
        _log.warning("cursor_lost", host=host, reason=name, events_missing_since=since)

    async def _session(self, host: str) -> None:
        """One connection, until something ends it. Always raises."""
        silence = self._settings.silence_seconds
        connection = connect(
            subscription_url(self._settings.version, host, self._resume.place, insecure=self._insecure),
            subprotocols=[Subprotocol("xrpc.v1.json")] if self._settings.version == 2 else None,
            open_timeout=min(10.0, silence),
            close_timeout=1,
            ping_interval=None,  # silence is watched here; the server is sent nothing
            max_size=_MAX_FRAME,
            proxy=None if self._insecure else True,
        )
        async with connection as socket:
            self.report.connections += 1
            _log.info("connected", host=host, resumed=self._resume.place is not None)
            due: float | None = None
            while True:
                frame = await self._receive(socket, silence if due is None else max(0.0, due - self._now()))
                if frame is not None:
                    self._take(frame, host)
                    if due is None:
                        due = self._now() + _LINGER
                if due is not None and (frame is None or self._count >= _BATCH or self._now() >= due):
                    await self._flush()
                    due = None
                elif frame is None:
                    raise _Silence

    async def _receive(self, socket: ClientConnection, seconds: float) -> bytes | None:
        try:
            async with asyncio.timeout(seconds):
                return await socket.recv(decode=False)
        except TimeoutError:
            return None

    def _take(self, frame: bytes, host: str) -> None:
        """Sorts one frame into what waits for the broker."""
        parsed = self._parse(frame)
        outcome = parsed.outcome
        report = self.report
        if isinstance(outcome, Notice):
            if outcome.fatal:
                raise _Closed(f"{outcome.name}: {outcome.message}")
            if outcome.name in ("OutdatedCursor", "FutureCursor"):
                self._lose_cursor(outcome.name, host)
            return
        report.frames += 1
        mark = frame if parsed.identity is None else parsed.identity.encode("utf-8", "surrogatepass")
        if not self._resume.is_new(mark, parsed.at):
            report.duplicates += 1
            return
        if parsed.cursor is not None and parsed.at is not None:
            self._resume.reach(parsed.cursor, host, parsed.at)
        if isinstance(outcome, Refusal):
            report.refused += 1
            self._add(*dead_letter(POSTS_RAW, frame, "connect.jetstream", str(outcome)))
        elif isinstance(outcome, Deleted):
            report.deleted += 1
        elif isinstance(outcome, Ignored):
            report.ignored += 1
        else:
            self._clock = max(self._clock, event_time(outcome))
            headers = ((CLOCK_HEADER, b"%d" % self._clock),)
            message = Message(record_key(outcome), packed(to_dict(outcome)), headers)
            if isinstance(outcome, Post):
                report.posts += 1
                self._add(POSTS_RAW, message)
            else:
                report.follows += 1
                self._add(FANS_RAW, message)
            if self._limit is not None and report.published >= self._limit:
                raise _Enough

    def _add(self, topic: str, message: Message) -> None:
        self._waiting.setdefault(topic, []).append(message)
        self._count += 1

    async def _flush(self) -> None:
        """Publishes what waits. Cancelled in the middle, it still ends what it began: half a batch would be
        published again by the next run."""
        sending = asyncio.ensure_future(self._deliver())
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            await asyncio.wait([sending], timeout=_LAST_WORDS)
            raise
        self._resume.save(self._now())

    async def _deliver(self) -> None:
        self._unsure = True
        waiting, self._waiting, self._count = self._waiting, {}, 0
        for topic, messages in waiting.items():
            await self._send(topic, messages)
        self._unsure = False
        self._resume.acknowledge()

    async def _send(self, topic: str, messages: list[Message]) -> None:
        for failures in range(1, _SEND_ATTEMPTS + 1):
            try:
                await self._publisher.send(topic, messages)
                return
            except KafkaError as error:
                _log.warning("broker_refused", topic=topic, records=len(messages), error=repr(error))
                if failures == _SEND_ATTEMPTS:
                    raise
                await asyncio.sleep(self._backoff.delay(failures, self._draw))
