"""Where the time of a post goes, stage by stage: CPU microseconds a post of one process each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from pipeline.backtest import BATCH
from pipeline.bus import Message, Publisher
from pipeline.connect.files import stamp
from pipeline.connect.items import Item
from pipeline.detect import post_step
from pipeline.detect.alert_step import AlertStep
from pipeline.detect.intake import Raw
from pipeline.detect.messages import Shuffled, Signal, decode_shuffled, decode_signal, encode
from pipeline.detect.parameters import Parameters
from pipeline.detect.post_step import PostStep
from pipeline.detect.shuffle_step import ShuffleStep
from pipeline.stack import Stack
from pipeline.store.client import StoreClient
from pipeline.store.enriched_rows import posts_from_json
from pipeline.text.enrich import Enriched, enrich, to_contract
from pipeline.text.language import SPOKEN, language
from pipeline.text.normalise import normalise
from pipeline.text.urls import domain, links
from schemas.decode import decode
from schemas.records import Post
from schemas.topics import POSTS_ENRICHED, POSTS_RAW, SHUFFLE, TOPICS
from tests.bench.live import consume, running
from tests.bench.options import Options
from tests.bench.posts import kinds
from tests.measure import say, table

TITLE = "Stages"

_SOME = 50_000
"""Rows of an insert, about as the sink collects them."""


class Watch:
    """CPU seconds by name. `method` puts a clock around a method of one object, called by the batch."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, name: str, call: Callable[[], Any]) -> Any:
        """Calls, and counts the time."""
        began = time.process_time()
        result = call()
        self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - began
        return result

    def method(self, owner: Any, name: str, stage: str) -> None:
        """From now on `owner.name(…)` counts for the stage."""
        inner = getattr(owner, name)
        setattr(owner, name, lambda *a, **k: self(stage, lambda: inner(*a, **k)))


def text_stages(posts: Sequence[Item], watch: Watch) -> None:
    """What is done to each post by itself, one kind of work after the other."""
    records = watch("decode and validate", lambda: [decode(item.raw, "posts") for item in posts])
    good = [record for record in records if isinstance(record, Post)]
    forms = watch("normalise", lambda: [normalise(post.text) for post in good])
    watch(
        "language",
        lambda: [
            language(form.full if post.text.isascii() else post.text)
            for post, form in zip(good, forms, strict=True)
            if len(form.full) >= SPOKEN
        ],
    )
    found = watch("links and their domains", lambda: [links(post.text, post.urls) for post in good])
    watch("links and their domains", lambda: [domain(urls[0]) for urls in found if urls])
    watch("enrich", lambda: [enrich(post) for post in good])


def core_stages(posts: Sequence[Item], partitions: int, watch: Watch) -> list[list[Enriched]]:
    """The steps as they run, by the batch, with clocks inside; what was enriched, by the batch."""
    step = PostStep(Parameters(), 0, partitions)
    shuffles = [ShuffleStep(Parameters(), number, 1) for number in range(partitions)]
    alerts = AlertStep(Parameters(), partitions)
    watch.method(step._intake, "take", "intake")
    for name in ("add", "advance"):
        watch.method(step._authors, name, "pace of accounts")
        for shuffle in shuffles:
            watch.method(shuffle._bursts, name, "bursts")
            watch.method(shuffle._shares, name, "shares of objects")
    for shuffle in shuffles:
        watch.method(shuffle._copies, "add", "copies index")
        watch.method(shuffle._copies, "expire", "copies index")
    raws = [Raw(item.raw, clock) for item, clock in stamp(posts)]
    out = []
    plain = post_step.fingerprints
    post_step.fingerprints = lambda texts: watch("fingerprint", lambda: plain(texts))
    try:
        for start in range(0, len(raws), BATCH):
            for posted in watch("first step", lambda at=start: step.feed(raws[at : at + BATCH])):  # type: ignore[misc]
                out.append(posted.enriched)
                packed = watch("encode for the shuffle", lambda m=posted.shuffled: [encode(one) for one in m])  # type: ignore[misc]
                for shuffle, raw in zip(shuffles, packed, strict=True):
                    message: Shuffled = watch("decode from the shuffle", lambda r=raw: decode_shuffled(r))  # type: ignore[misc]
                    for signal in watch("shuffle step", lambda s=shuffle, m=message: s.feed(m, 0.0)):  # type: ignore[misc]
                        sent = watch("signals, both ways", lambda s=signal: encode(s))  # type: ignore[misc]
                        got: Signal = watch("signals, both ways", lambda r=sent: decode_signal(r))  # type: ignore[misc]
                        watch("campaigns, rings, the book of alerts", lambda s=got: alerts.feed(s, 0.0))  # type: ignore[misc]
    finally:
        post_step.fingerprints = plain
    return out


async def _produce(bootstrap: str, messages: Sequence[Message], topic: str) -> None:
    publisher = Publisher(bootstrap, "vigie-bench")
    await publisher.start()
    for start in range(0, len(messages), BATCH):
        await publisher.send(topic, messages[start : start + BATCH])
    await publisher.stop()


def outer_stages(
    posts: Sequence[Item], enriched: Sequence[list[Enriched]], stack: Stack, watch: Watch
) -> None:
    """What goes in and out: this process's share of it (the broker's and the store's are under Throughput)."""
    raws = [
        raw
        for batch in enriched
        for raw in watch(
            "encode the enriched record", lambda b=batch: [orjson.dumps(to_contract(e)) for e in b]
        )  # type: ignore[misc]
    ]
    messages = [Message(item.key, item.raw) for item in posts]
    watch("produce", lambda: asyncio.run(_produce(stack.bootstrap, messages, POSTS_RAW)))
    watch("consume", lambda: asyncio.run(consume(stack.bootstrap, POSTS_RAW, parse=False)))
    tables = [
        watch("sink: shape rows", lambda at=start: posts_from_json(raws[at : at + _SOME], 0))  # type: ignore[misc]
        for start in range(0, len(raws), _SOME)
    ]
    database = stack.settings.store.database
    writer = StoreClient("127.0.0.1", stack.store_port, "vigie_writer", stack.writer_password, database)
    with writer:
        writer.query("SELECT 1")
        for rows in tables:
            watch("sink: insert", lambda r=rows: writer.insert("posts", r))  # type: ignore[misc]


def measured(posts: Sequence[Item], stack: Stack) -> list[tuple[str, float]]:
    """Stage -> CPU microseconds a post; indented ones are parts of the line above them."""
    watch = Watch()
    text_stages(posts, watch)
    enriched = core_stages(posts, TOPICS[SHUFFLE].partitions, watch)
    outer_stages(posts, enriched, stack, watch)
    t = {name: 1e6 * seconds / len(posts) for name, seconds in watch.seconds.items()}
    enriching = ("normalise", "language", "links and their domains")
    first = ("intake", "enrich", "fingerprint", "pace of accounts")
    second = ("copies index", "bursts", "shares of objects")
    inner = "&nbsp;&nbsp;"
    return [
        ("first step", t["first step"]),
        (f"{inner}decode and validate", t["decode and validate"]),
        (f"{inner}intake: repeats, lateness, time", t["intake"] - t["decode and validate"]),
        *((f"{inner}{name}", t[name]) for name in enriching),
        (f"{inner}text key, phrases, hashtags", t["enrich"] - sum(t[name] for name in enriching)),
        (f"{inner}fingerprint", t["fingerprint"]),
        (f"{inner}pace of accounts", t["pace of accounts"]),
        (f"{inner}candidates, activity, dealing out", t["first step"] - sum(t[name] for name in first)),
        ("encode the enriched record", t["encode the enriched record"]),
        ("encode for the shuffle", t["encode for the shuffle"]),
        ("decode from the shuffle", t["decode from the shuffle"]),
        ("shuffle step", t["shuffle step"]),
        *((f"{inner}{name}", t[name]) for name in second),
        ("signals, both ways", t["signals, both ways"]),
        ("campaigns, rings, the book of alerts", t["campaigns, rings, the book of alerts"]),
        *((name, t[name]) for name in ("produce", "consume", "sink: shape rows", "sink: insert")),
    ]


def section(options: Options) -> str:
    """Measures; the body of the section."""
    parts = [
        "CPU microseconds a post of the process that does it, batches of "
        f"{BATCH:,}, {TOPICS[SHUFFLE].partitions} shuffle partitions. Indented lines are parts of the line above."
    ]
    columns = []
    for title, posts in kinds(options.count):
        say(f"bench: stages, {title}")
        with running() as stack:
            columns.append((f"{title}: {len(posts):,}", measured(posts, stack)))
    names = [name for name, _ in columns[0][1]]
    rows = [(name, *(f"{lines[i][1]:.1f}" for _, lines in columns)) for i, name in enumerate(names)]
    parts.append(table(("stage", *(title for title, _ in columns)), rows))
    return "\n\n".join(parts)
