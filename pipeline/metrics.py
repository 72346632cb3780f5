"""What Vigie measures of itself, for Prometheus. Every metric is declared here and nowhere else.

Names, types and labels follow Prometheus' conventions: base units, `_total` for counters, labels of few values. What is
counted is counted by the batch, never by the record.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Literal, NamedTuple

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

Kind = Literal["counter", "gauge", "histogram"]
_SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


class Metric(NamedTuple):
    """One metric: its name, type, labels, and what it says."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str


READ = Metric("vigie_records_read_total", "counter", ("topic",), "Records read from a topic.")
RECORDS = Metric(
    "vigie_records_total",
    "counter",
    ("stream", "outcome"),
    "Raw records by what became of them: accepted, late, duplicate, refused. stream: posts or fans.",
)
REFUSED = Metric(
    "vigie_refused_total",
    "counter",
    ("topic", "stage", "reason"),
    "Records that were refused, by stage (intake, store) and reason code.",
)
DEAD_LETTERS = Metric(
    "vigie_dead_letters_total", "counter", ("topic",), "Records of a topic that went to its dead letters."
)
ALERTS = Metric(
    "vigie_alerts_total",
    "counter",
    ("kind", "severity", "status"),
    "Revisions of alerts. status: open, updated, closed; the rate of open is the rate of new alerts.",
)
WITHDRAWN = Metric(
    "vigie_alerts_withdrawn_total", "counter", (), "Alerts that turned out to be part of others or nothing."
)
BATCH = Metric(
    "vigie_batch_seconds", "histogram", ("topic",), "Time from a batch's arrival to the end of its work."
)
LAG = Metric(
    "vigie_lag_records",
    "gauge",
    ("topic", "partition"),
    "Records of a partition that the broker has and this worker has not committed.",
)
COMMIT_AGE = Metric(
    "vigie_commit_age_seconds",
    "gauge",
    ("topic", "partition"),
    "Time since the last commit, or since the partition came to this worker. Without lag it means nothing.",
)
DELAY = Metric(
    "vigie_event_time_delay_seconds",
    "gauge",
    ("topic", "partition"),
    "How far event time lies behind the wall clock: of raw topics that of the source, of vigie.signals.v1 that of the "
    "watermark. During a replay of old records it is their age.",
)
STATE_BYTES = Metric(
    "vigie_state_bytes", "gauge", ("topic", "partition"), "Size on disk of a partition's last state."
)
STATE_AGE = Metric(
    "vigie_state_age_seconds",
    "gauge",
    ("topic", "partition"),
    "Time since a partition's state was written. It is not written anew while no records come.",
)
STORE_DELAY = Metric(
    "vigie_store_delay_seconds",
    "histogram",
    ("topic",),
    "From the entry of a raw record into the broker until what came of it was stored: the first of each batch.",
)
ROWS = Metric("vigie_inserted_rows_total", "counter", ("table",), "Rows that the store took.")
INSERTS = Metric("vigie_inserts_total", "counter", ("topic",), "Batches that the store took.")
INSERT_FAILURES = Metric(
    "vigie_insert_failures_total", "counter", ("topic",), "Attempts to store a batch that failed."
)
MESSAGES = Metric(
    "vigie_messages_total",
    "counter",
    ("kind", "outcome"),
    "Messages of the bot to people: told, or held back by the quota (outcome held).",
)
HEALTHY = Metric("vigie_healthy", "gauge", (), "1 while /health answers 200.")

METRICS: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
"""All of them, in order."""

_TYPES = {"counter": Counter, "gauge": Gauge, "histogram": Histogram}


class Meter:
    """The metrics of one process."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._lock = threading.Lock()
        self._made: dict[str, Counter | Gauge | Histogram] = {}
        for metric in METRICS:
            more = {"buckets": _SECONDS} if metric.kind == "histogram" else {}
            self._made[metric.name] = _TYPES[metric.kind](
                metric.name, metric.help, metric.labels, registry=self.registry, **more
            )
        ProcessCollector(registry=self.registry)

    def count(self, metric: Metric, *labels: str, by: float = 1) -> None:
        """Adds to a counter."""
        made = self._made[metric.name]
        assert isinstance(made, Counter), metric.name
        if by:
            (made.labels(*labels) if labels else made).inc(by)

    def observe(self, metric: Metric, *labels: str, value: float) -> None:
        """One more observation of a histogram."""
        made = self._made[metric.name]
        assert isinstance(made, Histogram), metric.name
        made.labels(*labels).observe(value)

    def replace(self, metric: Metric, values: Mapping[tuple[str, ...], float]) -> None:
        """Sets a gauge: these label values and no others."""
        made = self._made[metric.name]
        assert isinstance(made, Gauge), metric.name
        with self._lock:
            if metric.labels:
                made.clear()
            for labels, value in values.items():
                (made.labels(*labels) if labels else made).set(value)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        with self._lock:
            return generate_latest(self.registry)
