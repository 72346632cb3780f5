"""The demonstration: a generated scenario through the whole system, and what it found of what was planted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from pipeline.bus import Publisher
from pipeline.connect.items import Item
from pipeline.connect.replay import ReplayReport, replay
from pipeline.drain import drain
from pipeline.notify.feed import Gone, alert_feed
from pipeline.scenario.generate import Scenario
from pipeline.scenario.score import Row, score
from pipeline.stack import Stack
from pipeline.store.client import StoreClient
from schemas.alerts import Alert
from schemas.packing import packed
from schemas.records import FanCount, Post, Record, event_time, record_key, record_kind, to_dict

CALM = 1.0
"""Seconds without news, once all alerts are in their topic, after which the listener has heard them all."""
_PATIENCE = 150.0


class Result(msgspec.Struct):
    """What a demonstration found. stored, expected: rows of the tables posts, fan_counts and follows together."""

    rows: list[Row]
    alerts: list[Alert]
    replayed: ReplayReport
    stored: int
    expected: int
    evidence: dict[str, int]

    @property
    def good(self) -> bool:
        """Everything planted was found, nothing else was alarmed, every record is stored once, evidence is there."""
        return (
            all(row.ok for row in self.rows) and self.stored == self.expected and all(self.evidence.values())
        )


def items(records: Iterable[Record]) -> Iterator[Item]:
    """Records as a file reader would hand them on."""
    for line, record in enumerate(records, 1):
        yield Item(
            packed(to_dict(record)),
            event_time(record),
            record_key(record),
            record_kind(record),
            "scenario",
            line,
        )


def distinct(records: Iterable[Record]) -> int:
    """How many rows the records make: a record told twice is one."""
    keys: set[tuple[Any, ...]] = set()
    for record in records:
        if isinstance(record, Post):
            keys.add((record.platform, record.id))
        elif isinstance(record, FanCount):
            keys.add((record.platform, record.page_id, record.observed_at))
        else:
            keys.add((record.platform, record.page_id, record.actor_id, record.action, record.at))
    return len(keys)


async def run(
    stack: Stack,
    scenario: Scenario,
    show: Callable[[Alert], None],
    progress: Callable[[ReplayReport], None],
) -> Result:
    """Plays the scenario and waits until it has gone through.

    Raises:
        TimeoutError: it did not within two and a half minutes after the last record.
    """
    last: dict[str, Alert] = {}
    revisions: list[Alert] = []
    heard = time.monotonic()

    async def listen() -> None:
        nonlocal heard
        async for alert in alert_feed(stack.bootstrap):
            heard = time.monotonic()
            if isinstance(alert, Gone):
                last.pop(alert.alert_id, None)
                continue
            last[alert.alert_id] = alert
            revisions.append(alert)
            show(alert)

    listener = asyncio.create_task(listen())
    publisher = Publisher(stack.bootstrap, "vigie-demo")
    await publisher.start()
    try:
        replayed = await replay(publisher, items(scenario.records), None, progress)
        await drain(stack.bootstrap, stack.settings.kafka.group, _PATIENCE)
        # All is published and stored; what the listener has not heard yet is on its way.
        while time.monotonic() - heard < CALM:
            if listener.done():
                listener.result()
            await asyncio.sleep(0.1)
        stored, evidence = await asyncio.to_thread(_look_up, stack, list(last.values()))
    finally:
        listener.cancel()
        await publisher.stop()
    expected = distinct(scenario.records)
    rows = score(scenario.truth, [msgspec.to_builtins(alert) for alert in last.values()])
    return Result(rows, list(last.values()), replayed, stored, expected, evidence)


def _look_up(stack: Stack, alerts: list[Alert]) -> tuple[int, dict[str, int]]:
    """Rows in the store, and the rows behind each alert of some severity."""
    database = stack.settings.store.database
    count = " + ".join(
        f"(SELECT count() FROM {database}.{table} FINAL)" for table in ("posts", "fan_counts", "follows")
    )
    with StoreClient("127.0.0.1", stack.store_port, database=database) as client:
        stored = int(client.query(f"SELECT {count}").result_rows[0][0])
        evidence = {
            alert.alert_id: len(client.query(alert.evidence_sql).result_rows)
            for alert in alerts
            if alert.severity != "info"
        }
    return stored, evidence
