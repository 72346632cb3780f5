"""The same detectors over files, without a broker. Same input and configuration, same bytes."""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
import orjson

from pipeline.connect.files import stamp
from pipeline.connect.items import MAX_RECORD, FileProblem, Item
from pipeline.connect.replay import topic_of
from pipeline.detect.alert_step import AlertStep, Told
from pipeline.detect.book import Withdrawn
from pipeline.detect.campaigns import Closed
from pipeline.detect.fan_step import FanStep
from pipeline.detect.intake import Counts, Raw, Refused
from pipeline.detect.parameters import Parameters
from pipeline.detect.people import People
from pipeline.detect.post_step import PostStep
from pipeline.detect.shuffle_step import ShuffleStep
from schemas.alerts import Alert, encode_alert
from schemas.times import Micros, format_time
from schemas.topics import POSTS_RAW

BATCH = 5_000


class Backtest:
    """One partition of everything, in this process. `now` plays no part: nothing is ever quiet in a file."""

    def __init__(self, parameters: Parameters, people: People | None = None) -> None:
        self._posts = PostStep(parameters, 0, 1)
        self._fans = FanStep(parameters, 0)
        for step in (self._posts, self._fans):
            step.meet(people or People())
        self._shuffle = ShuffleStep(parameters, 0, 1)
        self._alerts = AlertStep(parameters, 1, 1)
        self.counts: dict[str, Counts] = {"posts": Counts(), "fans": Counts()}
        self.refused: Counter[str] = Counter()
        self.alerts: dict[str, Alert] = {}
        self.copies: list[Closed] = []

    def feed(self, batch: Iterable[tuple[Item, Micros]], end: bool = False) -> None:
        """Takes stamped items in reading order; `end` closes what is open."""
        posts: list[Raw] = []
        fans: list[Raw] = []
        for item, clock in batch:
            if len(item.raw) > MAX_RECORD:
                self.refused["too_long"] += 1
                self.counts["posts"].read += 1
                self.counts["posts"].refused += 1
                continue
            (posts if topic_of(item) == POSTS_RAW else fans).append(Raw(item.raw, clock))
        if end:
            posts.append(Raw(None, end=True))
            fans.append(Raw(None, end=True))
        for out in self._fans.feed(fans):
            self._count("fans", out.counts, out.refused)
            for signal in out.signals:
                self._keep(self._alerts.feed(signal, 0.0))
        for posted in self._posts.feed(posts):
            self._count("posts", posted.counts, posted.refused)
            for message in posted.shuffled:
                for signal in self._shuffle.feed(message, 0.0):
                    self._keep(self._alerts.feed(signal, 0.0))

    @property
    def fan_quality(self) -> dict[str, int]:
        """What was found wrong with follower counts and passed over, by code."""
        return dict(sorted({**self._fans.quality_notes, **self._alerts.quality_notes}.items()))

    def _count(self, stream: str, counts: Counts, refused: list[Refused]) -> None:
        self.counts[stream].add(counts)
        self.refused.update(refusal.code for _, refusal in refused)

    def _keep(self, told: Told) -> None:
        for alert in told.alerts:
            if isinstance(alert, Withdrawn):
                self.alerts.pop(alert.alert_id, None)
            else:
                self.alerts[alert.alert_id] = alert
        self.copies += told.closed


def backtest(
    items: Iterable[Item],
    parameters: Parameters,
    out: Path,
    on_batch: Callable[[int], None] = lambda _: None,
    people: People | None = None,
) -> dict[str, object]:
    """Runs over all items and writes `alerts.jsonl`, `copies.jsonl`, `report.json` into `out`; returns the report.
    `people`: under which names records come in, and whose do not.

    Raises:
        FileProblem: an input could not be read to its end; what was read has been written.
    """
    run = Backtest(parameters, people)
    began = time.perf_counter()
    stamped = stamp(items)
    try:
        for batch in _batches(stamped):
            run.feed(batch)
            on_batch(len(batch))
    finally:
        run.feed([], end=True)
        report = _write(run, out, time.perf_counter() - began)
    return report


def _batches(stamped: Iterator[tuple[Item, Micros]]) -> Iterator[list[tuple[Item, Micros]]]:
    """Lists of at most `BATCH`. Where reading fails, what was read before comes first, then the error."""
    batch: list[tuple[Item, Micros]] = []
    try:
        for one in stamped:
            batch.append(one)
            if len(batch) == BATCH:
                yield batch
                batch = []
    except FileProblem:
        yield batch
        raise
    if batch:
        yield batch


def _write(run: Backtest, out: Path, seconds: float) -> dict[str, object]:
    out.mkdir(parents=True, exist_ok=True)
    alerts = sorted(run.alerts.values(), key=lambda alert: (alert.first_seen, alert.alert_id))
    (out / "alerts.jsonl").write_bytes(b"".join(encode_alert(alert) + b"\n" for alert in alerts))
    copies = sorted(run.copies, key=lambda closed: (closed.first_seen, closed.cluster_id))
    (out / "copies.jsonl").write_bytes(b"".join(_copies_line(closed) for closed in copies))
    kinds = Counter(alert.kind for alert in alerts)
    severities = Counter(alert.severity for alert in alerts)
    posts, fans = run.counts["posts"], run.counts["fans"]
    total = Counts()
    total.add(posts)
    total.add(fans)
    report: dict[str, object] = {
        "records": msgspec.structs.asdict(total),
        "posts": msgspec.structs.asdict(posts),
        "fans": msgspec.structs.asdict(fans),
        "refused": dict(sorted(run.refused.items())),
        "alerts": {
            "total": len(alerts),
            "by_kind": dict(sorted(kinds.items())),
            "by_severity": dict(sorted(severities.items())),
        },
        "copy_clusters": len(copies),
        "fan_counts_passed_over": run.fan_quality,
        # The two figures below differ from run to run; everything above, and the other files, do not.
        "posts_per_second": round(posts.read / seconds, 1) if seconds else 0.0,
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        * (1 if sys.platform == "darwin" else 1024),
    }
    (out / "report.json").write_bytes(
        orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    )
    return report


def _copies_line(closed: Closed) -> bytes:
    record = {
        "cluster_id": closed.cluster_id,
        "post_ids": closed.post_ids,
        "author_ids": closed.author_ids,
        "first_seen": format_time(closed.first_seen),
        "last_seen": format_time(closed.last_seen),
    }
    return orjson.dumps(record) + b"\n"
