"""What must come out of a stream, whatever happens on the way: `backtest` for the alerts, one intake for the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from pipeline.backtest import backtest
from pipeline.connect.files import read, stamp
from pipeline.connect.items import Item
from pipeline.connect.replay import topic_of
from pipeline.detect.intake import Intake, Raw
from pipeline.detect.parameters import Parameters
from pipeline.store import rows
from pipeline.store.enriched_rows import posts_from_json
from pipeline.text.contract import to_contract
from pipeline.text.enrich import enrich
from schemas.records import FanCount, Post, Record, to_dict
from schemas.times import Micros
from schemas.topics import FANS_RAW, POSTS_RAW
from tests.endpoints import plain_alert
from tests.faults.stream import Stream

_BATCH = 5_000

KEYS = {
    "posts": ("platform", "id"),
    "fan_counts": ("platform", "page_id", "observed_at"),
    "follows": ("platform", "page_id", "actor_id", "at", "action"),
}
"""What identifies a row of each table."""

TIMES = {"posts": "created_at", "fan_counts": "observed_at", "follows": "at"}
"""The column with the event time of each table."""

Letter = tuple[str, str, bytes]
"""A dead letter: the topic that it came from, why, and its bytes."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be there when the stream is through.

    alerts: by id, without revisions. clusters: posts by copy cluster, of those with two authors or more. tables: the
    rows of each table of `KEYS`, `ingested_at` at 0. letters: each as often as the record came.
    """

    alerts: dict[str, dict[str, Any]]
    clusters: dict[str, frozenset[str]]
    tables: dict[str, pa.Table]
    letters: Counter[Letter]
    report: dict[str, Any]


def expected(stream: Stream, out: Path) -> Expected:
    """Backtests the stream, leaving the backtest's files in `out`, and works out the rows.

    Raises:
        AssertionError: backtest and intake do not agree on how many records there are of each sort.
    """
    report = backtest(read([stream.path]), Parameters(), out)
    alerts = map(orjson.loads, (out / "alerts.jsonl").read_bytes().splitlines())
    copies = map(orjson.loads, (out / "copies.jsonl").read_bytes().splitlines())
    tables, letters = _rows(stream)
    counts: Any = report["records"]
    assert counts["read"] == stream.records
    assert counts["refused"] == letters.total()
    return Expected(
        {alert["alert_id"]: plain_alert(alert) for alert in alerts},
        {copy["cluster_id"]: frozenset(copy["post_ids"]) for copy in copies},
        tables,
        letters,
        report,
    )


def _rows(stream: Stream) -> tuple[dict[str, pa.Table], Counter[Letter]]:
    parameters = Parameters()
    last: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {name: {} for name in KEYS}
    letters: Counter[Letter] = Counter()
    intakes = {
        POSTS_RAW: Intake(parameters.lateness, parameters.horizon, "posts"),
        FANS_RAW: Intake(parameters.lateness, parameters.horizon),
    }
    stamped = stamp(read([stream.path]))
    while batch := list(islice(stamped, _BATCH)):
        for topic, intake in intakes.items():
            raws = [Raw(item.raw, clock) for item, clock in _of(topic, batch)]
            for taken in intake.take(raws):
                letters.update(
                    (topic, refusal.code, raws[place].value or b"") for place, refusal in taken.refused
                )
                for record in taken.accepted:
                    _put(last, record, False)
                for record in taken.late:
                    _put(last, record, True)
                for record, late in taken.again:
                    _put(last, record, late)
    posts = [orjson.dumps(row) for row in last["posts"].values()]
    tables = {
        "posts": posts_from_json(posts, 0),
        "fan_counts": rows.fan_counts_table(list(last["fan_counts"].values()), 0),
        "follows": rows.follows_table(list(last["follows"].values()), 0),
    }
    return tables, letters


def _of(topic: str, batch: list[tuple[Item, Micros]]) -> Iterator[tuple[Item, Micros]]:
    return ((item, clock) for item, clock in batch if topic_of(item) == topic)


def _put(last: dict[str, dict[tuple[Any, ...], dict[str, Any]]], record: Record, late: bool) -> None:
    """The last word on a record is the row."""
    if isinstance(record, Post):
        last["posts"][record.platform, record.id] = to_contract(enrich(record, late))
        return
    fields = {**to_dict(record), "late": True} if late else to_dict(record)
    if isinstance(record, FanCount):
        last["fan_counts"][record.platform, record.page_id, record.observed_at] = fields
    else:
        key = (record.platform, record.page_id, record.actor_id, record.at, record.action)
        last["follows"][key] = fields
