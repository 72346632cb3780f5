"""What tests ask of a running Vigie through its two doors: the broker and the store's HTTP endpoint."""

from __future__ import annotations

import asyncio
from typing import Any

import clickhouse_connect
import orjson
from clickhouse_connect.driver.client import Client

from pipeline.bus import END_HEADER, Message, Publisher
from pipeline.notify.feed import Gone, alert_feed
from schemas.alerts import encode_alert
from schemas.times import format_time
from schemas.topics import FANS_RAW, POSTS_RAW, TOPICS


def plain_alert(alert: dict[str, Any]) -> dict[str, Any]:
    """An alert without its revision: how often it was told on the way is no part of what was found."""
    return {name: value for name, value in alert.items() if name != "revision"}


class Endpoints:
    """The two doors. `kafka`: address of the broker; `sql_port`: the store's on 127.0.0.1."""

    kafka: str
    sql_port: int

    def reader(self, **arguments: Any) -> Client:
        """A client of the ClickHouse endpoint, as an analyst makes it."""
        return clickhouse_connect.get_client(
            host="127.0.0.1", port=self.sql_port, database="vigie", **arguments
        )

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        client = self.reader()
        try:
            return [tuple(row) for row in client.query(query, parameters=parameters).result_rows]
        finally:
            client.close()

    def value(self, query: str, **parameters: Any) -> Any:
        """The one value of a query."""
        return self.rows(query, **parameters)[0][0]

    def end_streams(self) -> None:
        """Tells the detectors that nothing more comes, as the end of a replay does."""

        async def send() -> None:
            publisher = Publisher(self.kafka, "test-end")
            await publisher.start()
            try:
                for topic in (POSTS_RAW, FANS_RAW):
                    ends = [
                        Message(None, None, ((END_HEADER, b"1"),), partition)
                        for partition in range(TOPICS[topic].partitions)
                    ]
                    await publisher.send(topic, ends)
            finally:
                await publisher.stop()

        asyncio.run(send())

    def told_alerts(self, since: str, before: str) -> dict[str, dict[str, Any]]:
        """The last revision of every alert in the topic whose `first_seen` lies in this time, by id."""

        async def listen() -> dict[str, dict[str, Any]]:
            last: dict[str, dict[str, Any]] = {}
            async for alert in alert_feed(self.kafka, None, 1.0):
                if isinstance(alert, Gone):
                    last.pop(alert.alert_id, None)
                elif since <= alert.first_seen < before:
                    last[alert.alert_id] = orjson.loads(encode_alert(alert))
            return last

        return asyncio.run(listen())

    def stored_alerts(self, since: str, before: str) -> dict[str, dict[str, Any]]:
        """The same from the table `alerts`, put back into the contract's form."""
        times = ("first_seen", "last_seen", "window_start", "window_end")
        replaced = ", ".join(f"toUnixTimestamp64Micro({name}) AS {name}" for name in times)
        client = self.reader()
        try:
            found = client.query(
                f"SELECT * REPLACE ({replaced}) FROM alerts FINAL "
                "WHERE alerts.first_seen >= parseDateTime64BestEffort({a:String}, 6, 'UTC') "
                "AND alerts.first_seen < parseDateTime64BestEffort({b:String}, 6, 'UTC')",
                parameters={"a": since, "b": before},
            )
            return {row["alert_id"]: _contract(row) for row in found.named_results()}
        finally:
            client.close()


def _contract(row: dict[str, Any]) -> dict[str, Any]:
    same = (
        "alert_id",
        "kind",
        "revision",
        "status",
        "severity",
        "score",
        "observed",
        "expected",
        "evidence_sql",
    )
    subject = {"platform": row["subject_platform"], "id": row["subject_id"]}
    return {
        **{name: row[name] for name in same},
        **{name: orjson.loads(row[name]) for name in ("reasons", "ruled_out", "detector")},
        "subject": {**subject, "name": row["subject_name"]} if row["subject_name"] else subject,
        "first_seen": format_time(row["first_seen"]),
        "last_seen": format_time(row["last_seen"]),
        "window": {"start": format_time(row["window_start"]), "end": format_time(row["window_end"])},
        "accounts": {"count": row["account_count"], "ids": list(row["account_ids"])},
        "posts": {"count": row["post_count"], "ids": list(row["post_ids"])},
        "summary": {"fr": row["summary_fr"], "en": row["summary_en"]},
    }
