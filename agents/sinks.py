"""Topics -> ClickHouse. Write, then commit: every table is keyed, so saying a row again does no harm.

The sinks have a role and a consumer group of their own: a store that stalls stops no detector. They try again until
the store takes a batch; nothing is skipped.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import orjson
import pyarrow as pa
import structlog

from agents.app import Shell
from agents.rights import Rights
from pipeline import metrics
from pipeline.bus import version_of
from pipeline.config import Settings
from pipeline.detect.intake import Refused
from pipeline.letters import OUTCOMES
from pipeline.runtime import store_address
from pipeline.store import rows
from pipeline.store.client import StoreClient
from pipeline.store.enriched_rows import posts_from_json
from pipeline.store.errors import StoreError
from pipeline.store.migrate import Retention, migrate
from schemas import erasures
from schemas.decode import Refusal
from schemas.times import Micros
from schemas.topics import ACTIONS, ALERTS, COPIES, DLQ, ERASURES, FANS_CHECKED, POSTS_ENRICHED, TOPICS

log = structlog.get_logger()

T = TypeVar("T")
Tables = list[tuple[str, pa.Table]]
Shape = Callable[[Sequence[Any], Micros], Tables]
_UNSHAPELY = (ValueError, KeyError, TypeError, AttributeError)
_LONGEST_PAUSE = 30.0
_LINGER, _SOON = 1.0, 0.1
"""Seconds between two inserts at the least: the store's work grows with their number. After a pause a tenth of that."""
_URGENT = (ALERTS, ACTIONS)


def store_writer(settings: Settings) -> StoreClient:
    """The client that may write."""
    host, port = store_address(settings)
    return StoreClient(
        host,
        port,
        settings.store.writer,
        settings.store.writer_password.get_secret_value(),
        settings.store.database,
    )


class Sinks:
    """One reader for each stored topic."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._settings = shell.settings
        self._ready = False
        self._lock = asyncio.Lock()
        self._clients: dict[str, StoreClient] = {}
        self._rights = Rights(shell, self.insist)
        for topic, shape in SHAPES.items():
            linger = _SOON if topic in _URGENT else _LINGER
            shell.collector(topic, self._handler(topic, shape), linger)
        shell.app.task(self._begin)

    def _handler(self, topic: str, shape: Shape) -> Any:
        async def handle(records: Sequence[Any]) -> None:
            at = time.time_ns() // 1000
            records = await self._rights.kept(topic, records)
            tables, refused = shaped(records, at, shape)
            self._shell.check(topic, records, len(refused))
            await self._insist(topic, tables)
            entered = version_of(records[0].headers)
            if entered is not None:
                delay = max(0.0, time.time() - entered / 1e6)
                self._shell.watch.meter.observe(metrics.STORE_DELAY, topic, value=delay)
            if refused and not topic.endswith(DLQ):
                await self._shell.refuse(topic, records, refused, "store")
            await self._rights.stored(topic, records, at)

        return handle

    async def _insist(self, topic: str, tables: Tables) -> None:
        def insert(client: StoreClient) -> None:
            for name, table in tables:
                client.insert(name, table)

        await self.insist(topic, insert)
        meter = self._shell.watch.meter
        meter.count(metrics.INSERTS, topic)
        for name, table in tables:
            meter.count(metrics.ROWS, name, by=table.num_rows)

    async def insist(self, topic: str, work: Callable[[StoreClient], T]) -> T:
        """Does something in the store, again and again until it succeeds; for each topic one thing at a time."""
        pause = 0.2
        watch = self._shell.watch
        while True:
            try:
                await self._prepare()
                done = await asyncio.to_thread(self._call, topic, work)
                watch.trouble(topic)
                return done
            except StoreError as error:
                watch.trouble(topic, str(error))
                watch.meter.count(metrics.INSERT_FAILURES, topic)
                log.warning("the store does not take a batch; trying again", topic=topic, error=str(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _begin(self) -> None:
        """Prepares the store before there is something for it. Where it is away, the first batch tries again."""
        try:
            await self._prepare()
        except StoreError as error:
            log.warning("the store is not there yet", error=str(error))

    async def _prepare(self) -> None:
        async with self._lock:
            if not self._ready:
                await asyncio.to_thread(self._migrate)
                self._ready = True

    def _migrate(self) -> None:
        with store_writer(self._settings) as client:
            client.wait_ready(30.0)
            migrate(client, self._settings.store.database, Retention(**self._settings.retention.model_dump()))

    def _call(self, topic: str, work: Callable[[StoreClient], T]) -> T:
        client = self._clients.get(
            topic
        )  # a client is not for several threads; a topic's batches come in turn
        if client is None:
            client = self._clients[topic] = store_writer(self._settings)
        return work(client)


def shaped(records: Sequence[Any], at: Micros, shape: Shape) -> tuple[Tables, list[Refused]]:
    """The rows of a batch; records that make none are refused, the others stay."""
    try:
        return shape(records, at), []
    except _UNSHAPELY:
        pass
    good, refused = [], []
    for place, record in enumerate(records):
        try:
            shape([record], at)
        except _UNSHAPELY as error:
            refused.append(Refused(place, Refusal("not_storable", "", f"{type(error).__name__}: {error}")))
        else:
            good.append(record)
    return shape(good, at), refused


def _values(records: Sequence[Any]) -> list[Any]:
    return [orjson.loads(record.value) for record in records]


def _told(records: Sequence[Any]) -> list[int | None]:
    return [version_of(record.headers) for record in records]


def _posts(records: Sequence[Any], at: Micros) -> Tables:
    return [("posts", posts_from_json([record.value or b"" for record in records], at, _told(records)))]


def _fans(records: Sequence[Any], at: Micros) -> Tables:
    return rows.fan_tables(_values(records), at, _told(records))


def _alerts(records: Sequence[Any], at: Micros) -> Tables:
    alerts = [
        rows.withdrawal(record.key.decode()) if record.value is None else orjson.loads(record.value)["data"]
        for record in records
    ]
    return [
        ("alert_revisions", rows.alert_revisions_table(alerts, at)),
        ("alerts", rows.alerts_table(alerts, at, _told(records))),
    ]


def _copies(records: Sequence[Any], at: Micros) -> Tables:
    return [("copy_members", rows.copy_members_table(_values(records), at, _told(records)))]


def _actions(records: Sequence[Any], at: Micros) -> Tables:
    return [("actions", rows.actions_table(_values(records), at))]


def _erasures(records: Sequence[Any], at: Micros) -> Tables:
    found = [erasures.decode(record.value or b"") for record in records]
    return [("erasures", rows.erasures_table(found, at))]


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 19 else -1


def _digest(headers: dict[str, str]) -> int | None:
    text = headers.get("digest", "")
    return int(text) if text.isdecimal() and len(text) <= 20 and int(text) < 1 << 64 else None


def _letters(records: Sequence[Any], at: Micros) -> Tables:
    letters, outcomes = [], []
    for record in records:
        headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}
        if record.value is None and headers.get("outcome") in OUTCOMES and _digest(headers) is not None:
            outcomes.append(
                {
                    "topic": headers.get("topic", record.topic.removesuffix(DLQ)),
                    "partition": _number(headers.get("partition")),
                    "offset": _number(headers.get("offset")),
                    "digest": _digest(headers),
                    "outcome": headers["outcome"],
                }
            )
            continue
        letters.append(
            {
                "topic": headers.get("topic", record.topic.removesuffix(DLQ)),
                "partition": _number(headers.get("partition")),
                "offset": _number(headers.get("offset")),
                "stage": headers.get("stage", ""),
                "code": headers.get("reason", "").partition(":")[0],
                "field": headers.get("field", ""),
                "message": headers.get("message", headers.get("reason", "")),
                "raw": record.value or b"",
            }
        )
    return [
        ("dead_letters", rows.dead_letters_table(letters, at)),
        ("letter_outcomes", rows.letter_outcomes_table(outcomes, at)),
    ]


SHAPES: dict[str, Shape] = {
    POSTS_ENRICHED: _posts,
    FANS_CHECKED: _fans,
    ALERTS: _alerts,
    COPIES: _copies,
    ACTIONS: _actions,
    ERASURES: _erasures,
    **{name: _letters for name in TOPICS if name.endswith(DLQ)},
}
