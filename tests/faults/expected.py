"""What must come out of a stream, whatever happens on the way: `backtest` for the alerts, one intake for the rows."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

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
from tests.faults.beat import Told, quiet
from tests.faults.stream import Stream

_BATCH = 5_000
_PIECE = 10_000  # rows that become Arrow at a time

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


def expected(stream: Stream, out: Path, told: Told = quiet, apart: bool = False) -> Expected:
    """Backtests the stream, leaving the backtest's files in `out`, and works out the rows. `told` hears how far it is.
    apart: the backtest runs in a process of its own, beside the rows; worth its start for long streams.

    Raises:
        AssertionError: backtest and intake do not agree on how many records there are of each sort.
        RuntimeError: the process of the backtest failed; it has said why.
    """
    if apart:
        process = multiprocessing.get_context("spawn").Process(
            target=_backtest, args=(stream.path, out), daemon=True
        )
        process.start()
        tables, letters = _rows(stream, told)
        told("backtest", 0, 0)
        process.join()
        if process.exitcode:
            raise RuntimeError(f"the backtest ended with {process.exitcode}")
    else:
        told("backtest", 0, 0)
        _backtest(stream.path, out)
        tables, letters = _rows(stream, told)
    report = orjson.loads((out / "report.json").read_bytes())
    alerts = map(orjson.loads, (out / "alerts.jsonl").read_bytes().splitlines())
    copies = map(orjson.loads, (out / "copies.jsonl").read_bytes().splitlines())
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


def _backtest(path: Path, out: Path) -> None:
    backtest(read([path]), Parameters(), out)


class Rows:
    """The rows of a table, as Arrow has them: of millions, a tenth of what dictionaries would take. `make`: of records,
    the table's."""

    def __init__(self, key: tuple[str, ...], make: Callable[[list[Any]], pa.Table]) -> None:
        self._key = key
        self._make = make
        self._waiting: list[Any] = []
        self._pieces: list[pa.Table] = [make([])]

    def put(self, record: Any) -> None:
        """Takes one more; the last of a key is its row."""
        self._waiting.append(record)
        if len(self._waiting) == _PIECE:
            self._pieces.append(self._make(self._waiting))
            self._waiting = []

    def table(self) -> pa.Table:
        """One row for each key."""
        said = pa.concat_tables([*self._pieces, self._make(self._waiting)])
        numbers = pa.array(range(said.num_rows), pa.int64())
        keys = said.select(self._key).append_column("number", numbers)
        last = keys.group_by(self._key).aggregate([("number", "max")])["number_max"]
        return said if len(last) == said.num_rows else said.filter(pc.is_in(numbers, last))


def _rows(stream: Stream, told: Told) -> tuple[dict[str, pa.Table], Counter[Letter]]:
    parameters = Parameters()
    makers: dict[str, Callable[[list[Any]], pa.Table]] = {
        "posts": partial(posts_from_json, ingested_at=0),
        "fan_counts": partial(rows.fan_counts_table, ingested_at=0),
        "follows": partial(rows.follows_table, ingested_at=0),
    }
    kept = {name: Rows(key, makers[name]) for name, key in KEYS.items()}
    letters: Counter[Letter] = Counter()
    intakes = {
        POSTS_RAW: Intake(parameters.lateness, parameters.horizon, "posts"),
        FANS_RAW: Intake(parameters.lateness, parameters.horizon),
    }
    stamped = stamp(read([stream.path]))
    done = 0
    while batch := list(islice(stamped, _BATCH)):
        told("rows that must be there", done, stream.records)
        done += len(batch)
        for topic, intake in intakes.items():
            raws = [Raw(item.raw, clock) for item, clock in _of(topic, batch)]
            for taken in intake.take(raws):
                letters.update(
                    (topic, refusal.code, raws[place].value or b"") for place, refusal in taken.refused
                )
                for record in taken.accepted:
                    _put(kept, record, False)
                for record in taken.late:
                    _put(kept, record, True)
                for record, late in taken.again:
                    _put(kept, record, late)
    return {name: one.table() for name, one in kept.items()}, letters


def _of(topic: str, batch: list[tuple[Item, Micros]]) -> Iterator[tuple[Item, Micros]]:
    return ((item, clock) for item, clock in batch if topic_of(item) == topic)


def _put(kept: dict[str, Rows], record: Record, late: bool) -> None:
    """The last word on a record is the row."""
    if isinstance(record, Post):
        kept["posts"].put(orjson.dumps(to_contract(enrich(record, late))))
        return
    fields = {**to_dict(record), "late": True} if late else to_dict(record)
    kept["fan_counts" if isinstance(record, FanCount) else "follows"].put(fields)
