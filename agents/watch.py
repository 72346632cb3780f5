"""What a worker says of itself: metrics and health, looked at once a second."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

import faust
import structlog

from pipeline import metrics
from pipeline.config import Metrics
from pipeline.detect.clock import END
from pipeline.detect.intake import Counts
from pipeline.health import Health, Place, Verdict
from pipeline.metrics import Meter
from pipeline.metrics_http import serve
from pipeline.snapshots import Snapshots
from schemas.times import Micros

log = structlog.get_logger()

EVERY = 1.0
"""Seconds between two looks."""


class Watch:
    """The meter of one worker, and the partitions that its app reads."""

    def __init__(
        self, app: faust.App, settings: Metrics, snapshots: Snapshots, steps: Mapping[str, Any]
    ) -> None:
        self.meter = Meter()
        self._app = app
        self._settings = settings
        self._snapshots = snapshots
        self._steps = steps
        self._health = Health(settings.stalled_seconds, time.monotonic())
        self._clocks: dict[tuple[str, int], Micros] = {}
        self._troubles: dict[str, str] = {}
        if settings.enabled:
            app.timer(interval=EVERY)(self.look)

    def serve(self) -> str:
        """Begins to listen; the address, or nothing where it is switched off."""
        wanted = self._settings
        if not wanted.enabled:
            return ""
        address = serve(wanted.host, wanted.port, self.meter, self.verdict)
        if wanted.port and not address.endswith(f":{wanted.port}"):
            log.info(
                "the port of the metrics is taken; a free one serves", wanted=wanted.port, address=address
            )
        return address

    def batch(self, topic: str, records: int, seconds: float) -> None:
        """A batch was worked off."""
        self.meter.count(metrics.READ, topic, by=records)
        self.meter.observe(metrics.BATCH, topic, value=seconds)

    def outcomes(self, stream: str, counts: Counts) -> None:
        """What became of the raw records of a batch."""
        for name, number in (
            ("accepted", counts.accepted),
            ("late", counts.late),
            ("duplicate", counts.duplicates),
            ("refused", counts.refused),
        ):
            self.meter.count(metrics.RECORDS, stream, name, by=number)

    def clock(self, topic: str, partition: int, clock: Micros) -> None:
        """Event time stands here."""
        if 0 < clock < END:
            self._clocks[topic, partition] = clock

    def trouble(self, topic: str, what: str = "") -> None:
        """The reader of a topic cannot go on for this reason; nothing: it can."""
        if what:
            self._troubles[topic] = what
        else:
            self._troubles.pop(topic, None)

    def verdict(self) -> Verdict:
        """How it stands; from any thread."""
        found = self._health.verdict(time.monotonic(), dict(self._troubles))
        self.meter.replace(metrics.HEALTHY, {(): float(found.ok)})
        return found

    async def look(self) -> None:
        """Takes stock of all partitions."""
        at, wall = time.monotonic(), time.time()
        places = list(_places(self._app.consumer, wall))
        self._health.look(places, at)
        mine = {(place.topic, place.partition) for place in places}
        self._clocks = {key: clock for key, clock in self._clocks.items() if key in mine}
        meter = self.meter
        meter.replace(metrics.LAG, self._health.lags())
        meter.replace(metrics.COMMIT_AGE, self._health.commit_ages(at))
        meter.replace(
            metrics.DELAY,
            {(topic, str(number)): wall - clock / 1e6 for (topic, number), clock in self._clocks.items()},
        )
        sizes: dict[tuple[str, ...], float] = {}
        ages: dict[tuple[str, ...], float] = {}
        for topic, number in mine:
            if topic not in self._steps:
                continue
            try:
                status = self._snapshots.path(topic, number).stat()
            except FileNotFoundError:
                continue
            sizes[topic, str(number)] = float(status.st_size)
            ages[topic, str(number)] = wall - status.st_mtime
        meter.replace(metrics.STATE_BYTES, sizes)
        meter.replace(metrics.STATE_AGE, ages)
        self.verdict()


def _places(consumer: Any, wall: float) -> Iterable[Place]:
    """The assigned partitions as Faust's consumer knows them."""
    for tp in consumer.assignment() if consumer is not None else ():
        committed, read = consumer._committed_offset.get(tp), consumer._read_offset.get(tp)
        end = consumer.highwater(tp)
        # Where nothing was fetched yet, retention may have taken all there was.
        unknown = end is None or (committed is None and read is None)
        lag = 0 if unknown else max(0, end - (committed or 0))
        said = consumer._thread._ensure_consumer().last_poll_timestamp(tp)
        yield Place(tp.topic, tp.partition, lag, committed or 0, None if said is None else wall - said / 1000)
