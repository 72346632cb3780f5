"""Throughput: the core, the live system, other frameworks around the same step, and the limit, on the same posts."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from pipeline.backtest import BATCH, Backtest
from pipeline.broker import create_topics, start_broker
from pipeline.connect.files import stamp
from pipeline.connect.items import Item
from pipeline.detect.intake import Raw
from pipeline.detect.parameters import Parameters
from pipeline.detect.post_step import PostStep
from schemas.topics import SHUFFLE, TOPICS
from tests.bench.installed import HERE, environment, libraries
from tests.bench.live import limit, play, publish, running
from tests.bench.options import Options
from tests.bench.posts import kinds
from tests.kafka_server import KafkaMissingError, KafkaServer, KafkaStartError, check_available
from tests.measure import say, table

TITLE = "Throughput"

PROCESSES = ("broker", "detect", "sink", "store", "publisher")
FRAMEWORKS = (
    ("Faust, Vigie's batches", "faust_batches", False),
    ("Faust, event by event", "faust_events", False),
    ("Bytewax, batches", "bytewax_flow", True),
    ("Quix Streams, message by message", "quix_app", True),
)
_LONGEST = 900.0
_SOME = 5_000
_UNITS = 10
"""Fewer batches than these tell nothing about a framework that does nothing: most was fetched before the clock ran."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: so many posts in so many seconds. cpu: seconds by process."""

    what: str
    count: int
    seconds: float
    cpu: dict[str, float]

    @property
    def rate(self) -> float:
        """Posts a second."""
        return self.count / max(self.seconds, 1e-9)


def core(posts: Sequence[Item]) -> Row:
    """All of detection over records in memory."""
    run = Backtest(Parameters())
    stamped = list(stamp(posts))
    began, before = time.perf_counter(), time.process_time()
    for start in range(0, len(stamped), BATCH):
        run.feed(stamped[start : start + BATCH])
    run.feed([], end=True)
    seconds = time.perf_counter() - began
    cpu = {"detect": time.process_time() - before}
    return Row("detection core, records in memory, one core", len(posts), seconds, cpu)


def first_step(posts: Sequence[Item]) -> tuple[Row, int]:
    """The first step alone over records in memory, and how many posts it accepted."""
    step = PostStep(Parameters(), 0, TOPICS[SHUFFLE].partitions)
    raws = [Raw(item.raw, clock) for item, clock in stamp(posts)]
    began, before, accepted = time.perf_counter(), time.process_time(), 0
    for start in range(0, len(raws), BATCH):
        accepted += sum(posted.counts.accepted for posted in step.feed(raws[start : start + BATCH]))
    seconds, cpu = time.perf_counter() - began, {"detect": time.process_time() - before}
    return Row("first step alone, records in memory", len(posts), seconds, cpu), accepted


def one_by_one(posts: Sequence[Item]) -> Row:
    """The first step over some of them as a framework without batches must call it."""
    step = PostStep(Parameters(), 0, TOPICS[SHUFFLE].partitions)
    some = [Raw(item.raw, clock) for item, clock in stamp(posts[:_SOME])]
    began, before = time.perf_counter(), time.process_time()
    for raw in some:
        step.feed([raw])
    seconds, cpu = time.perf_counter() - began, {"detect": time.process_time() - before}
    return Row("first step alone, one post at a time", len(some), seconds, cpu)


def live(
    posts: Sequence[Item], broker: str = "embedded broker", bootstrap: str = "", pid: int | None = None
) -> list[Row]:
    """The system on a broker, then the limit on what lies there."""
    with running(bootstrap) as stack:
        run = play(stack, posts, pid)
        seconds, cpu = limit(stack.bootstrap)
    return [
        Row(f"live, {broker}: detected", run.count, run.detected, {}),
        Row(f"live, {broker}: detected and stored", run.count, run.stored, run.cpu),
        Row(f"the limit, {broker}: aiokafka and orjson.loads alone", run.count, seconds, {"detect": cpu}),
    ]


def live_on_kafka(posts: Sequence[Item]) -> list[Row]:
    """The same on Apache Kafka; nothing, with a line, where that cannot run."""
    try:
        check_available()
        with KafkaServer() as kafka:
            return live(posts, str(kafka), kafka.bootstrap, kafka.pid)
    except (KafkaMissingError, KafkaStartError) as error:
        say(f"bench: {error}")
        return []


@contextmanager
def _broker() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = start_broker(port)
    try:
        asyncio.run(create_topics(f"127.0.0.1:{port}"))
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def frameworks(posts: Sequence[Item], accepted: int, idle: Sequence[bool]) -> list[Row]:
    """The first step called from each framework; `idle` with True in it: and each with nothing to do."""
    folder = libraries(HERE / "frameworks" / "frameworks.txt")
    rows = []
    with _broker() as bootstrap:
        asyncio.run(publish(bootstrap, posts, end=False))
        for title, script, foreign in FRAMEWORKS:
            if foreign and folder is None:
                continue
            for rests in idle:
                say(f"bench: {title}{', nothing to do' if rests else ''}")
                told = _script(script, [bootstrap, str(len(posts)), *(["--idle"] if rests else [])], folder)
                if not rests and told["accepted"] != accepted:
                    raise AssertionError(f"{title}: {told['accepted']} posts accepted, {accepted} in memory")
                if rests and told["units"] < _UNITS:
                    say("bench: too few posts to tell how fast it does nothing")
                    continue
                what = f"{title}: nothing to do" if rests else f"first step called from {title}"
                rows.append(Row(what, int(told["posts"]), told["seconds"], {"detect": told["cpu"]}))
    return rows


def _script(name: str, arguments: list[str], folder: Path | None) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.bench.frameworks.{name}", *arguments],
        env=environment(folder),
        capture_output=True,
        timeout=_LONGEST,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(
            f"{name} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}"
        )
    told: dict[str, float] = orjson.loads(done.stdout.splitlines()[-1])
    return told


def tabled(rows: Sequence[Row]) -> str:
    """Ratios to the first row first, then posts a second, then CPU microseconds a post of each process."""
    head = ("what", "× core", "posts/s", *(f"{name}, µs" for name in PROCESSES))
    return table(
        head,
        [
            (
                row.what,
                f"{row.rate / rows[0].rate:.2f}",
                f"{row.rate:,.0f}",
                *(
                    f"{1e6 * row.cpu[name] / max(row.count, 1):.0f}" if name in row.cpu else ""
                    for name in PROCESSES
                ),
            )
            for row in rows
        ],
    )


def section(options: Options) -> str:
    """Measures; the body of the section."""
    parts = [
        "All lines of a table are about the same posts. `× core`: speed against the detection core. The columns in µs "
        "are CPU time a post of each process, user and system; detect is the worker, or whoever does the work. Live "
        "times run from the first publication until the workers have committed everything (they commit once a second). "
        "The lines of the frameworks begin after the first unit that each hands on, so that starting and "
        "joining a group are not in them; what their own threads fetch ahead is held to a few megabytes."
    ]
    for title, posts in kinds(options.count, options.quick):
        say(f"bench: {title}, {len(posts):,}: core")
        step, accepted = first_step(posts)
        rows = [core(posts), step, one_by_one(posts)]
        say("bench: live on the embedded broker")
        rows += live(posts)
        if not options.quick:
            say("bench: live on Apache Kafka")
            rows += live_on_kafka(posts)
        rows += frameworks(posts, accepted, idle=(False,) if options.quick else (False, True))
        parts.append(f"### {title}: {len(posts):,}\n\n{tabled(rows)}")
    return "\n\n".join(parts)
