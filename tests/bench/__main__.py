"""`make bench`: how fast it is, everything side by side in one run. Writes docs/performance.md."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from pipeline.backtest import Backtest
from pipeline.bus import Publisher
from pipeline.config import read_settings
from pipeline.connect.files import read, stamp
from pipeline.connect.items import Item, topic_of
from pipeline.connect.replay import replay
from pipeline.demo import items
from pipeline.detect.parameters import Parameters
from pipeline.drain import drain
from pipeline.scenario.generate import generate
from pipeline.stack import Stack
from pipeline.text.enrich import enrich, to_contract
from pipeline.text.fingerprint import band_keys
from schemas.decode import decode
from schemas.records import Post
from schemas.topics import POSTS_RAW, TOPICS
from tests.measure import ROOT, machine, say, shared, table


def core(posts: list[Item]) -> float:
    """Seconds for the detection core over posts in memory."""
    run = Backtest(Parameters())
    stamped = list(stamp(posts))
    began = time.perf_counter()
    for start in range(0, len(stamped), 5000):
        run.feed(stamped[start : start + 5000])
    run.feed([], end=True)
    return time.perf_counter() - began


def stages(posts: list[Item]) -> list[tuple[str, float]]:
    """Microseconds a post of the parts that every post goes through."""
    out = []

    def clocked(name: str, began: float) -> None:
        out.append((name, 1e6 * (time.perf_counter() - began) / len(posts)))

    began = time.perf_counter()
    records = [record for record in (decode(item.raw, "posts") for item in posts) if isinstance(record, Post)]
    clocked("decode and validate", began)
    began = time.perf_counter()
    enriched = [enrich(record) for record in records]
    clocked("normalise, language, links", began)
    began = time.perf_counter()
    for start in range(0, len(enriched), 5000):
        band_keys(
            [
                (e.forms.full, e.forms.bare if e.forms.bare != e.forms.full else "")
                for e in enriched[start : start + 5000]
            ]
        )
    clocked("fingerprint", began)
    began = time.perf_counter()
    for one in enriched:
        orjson.dumps(to_contract(one))
    clocked("write the enriched record", began)
    return out


async def _publish(bootstrap: str, posts: list[Item]) -> None:
    publisher = Publisher(bootstrap, "vigie-bench")
    await publisher.start()
    await replay(publisher, posts)
    await publisher.stop()


async def _consume(bootstrap: str, count: int) -> float:
    places = [TopicPartition(POSTS_RAW, number) for number in range(TOPICS[POSTS_RAW].partitions)]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, max_poll_records=5000)
    await consumer.start()
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    began, seen = time.perf_counter(), 0
    while seen < count:
        for records in (await consumer.getmany(timeout_ms=1000)).values():
            for record in records:
                if record.value is not None:
                    orjson.loads(record.value)
                    seen += 1
    seconds = time.perf_counter() - began
    await consumer.stop()
    return seconds


def live(posts: list[Item]) -> tuple[float, float, float]:
    """Seconds through detection; through the store as well; and for the limit, reading and parsing alone."""
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(read_settings().model_copy(update={"data_dir": Path(folder)}))
        try:
            stack.start()
            began = time.perf_counter()
            asyncio.run(_publish(stack.bootstrap, posts))
            asyncio.run(drain(stack.bootstrap, patience=600.0, store=False))
            detected = time.perf_counter() - began
            asyncio.run(drain(stack.bootstrap, patience=600.0))
            stored = time.perf_counter() - began
            limit = asyncio.run(_consume(stack.bootstrap, len(posts)))
        finally:
            stack.stop()
    return detected, stored, limit


def measure(name: str, posts: list[Item]) -> str:
    """One section: the same posts everywhere."""
    count = len(posts)
    say(f"bench: {name}, {count:,} posts: core")
    alone = core(posts)
    say("bench: live")
    detected, stored, limit = live(posts)
    rows = [
        (what, f"{count / seconds:,.0f}", f"{alone / seconds:.2f}")
        for what, seconds in (
            ("detection core over records in memory (one core)", alone),
            ("live: embedded broker, detection, alerts", detected),
            ("live: and stored in ClickHouse", stored),
            ("the limit: aiokafka and orjson.loads alone", limit),
        )
    ]
    parts = [(stage, f"{micros:.1f}") for stage, micros in stages(posts)]
    return (
        f"## {name}: {count:,} posts\n\n"
        + table(("what", "posts/s", "× core"), rows)
        + "\n\n"
        + table(
            ("stage of the core", "µs a post"), [*parts, ("all of the core", f"{1e6 * alone / count:.1f}")]
        )
        + "\n"
    )


def main() -> None:
    """Measures and writes."""
    generated = [item for item in items(generate(1).records) if topic_of(item) == POSTS_RAW]
    parts = [
        "# Performance\n\nWritten by `make bench`, everything in one run; broker, workers and store share the "
        f"machine's cores. Machine: {machine()}.\n",
        measure("Generated", generated),
    ]
    data = shared()
    if data is not None:
        parts.append(measure("Recorded (2015 Q4)", list(read([data / "ira_tweets" / "2015q4.parquet"]))))
    (ROOT / "docs" / "performance.md").write_text("\n".join(parts), encoding="utf-8")
    say("bench: written to docs/performance.md")


if __name__ == "__main__":
    main()
