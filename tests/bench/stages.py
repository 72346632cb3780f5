"""Where the time of a post goes, stage by stage: CPU microseconds a post of one process each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pipeline.backtest import BATCH
from pipeline.bus import Message, Publisher
from pipeline.connect.files import stamp
from pipeline.connect.items import Item
from pipeline.detect import post_step
from pipeline.detect.alert_step import AlertStep
from pipeline.detect.intake import Raw
from pipeline.detect.messages import decode_shuffled, decode_signal, encode
from pipeline.detect.parameters import Parameters
from pipeline.detect.post_step import PostStep
from pipeline.detect.shuffle_step import ShuffleStep
from pipeline.stack import Stack
from pipeline.store.client import StoreClient
from pipeline.store.enriched_rows import posts_from_json
from pipeline.text import fingerprint
from pipeline.text.contract import encode as encode_post
from pipeline.text.enrich import Enriched, enrich, hashtags
from pipeline.text.fingerprint import text_key
from pipeline.text.language import SPOKEN, language
from pipeline.text.normalise import Forms, normalise
from pipeline.text.phrases import post_flags
from pipeline.text.urls import domain, links
from schemas.decode import Refusal, decode
from schemas.records import Post, Record
from schemas.topics import POSTS_RAW, SHUFFLE, TOPICS
from tests.bench.live import consume, running
from tests.bench.options import Options
from tests.bench.posts import kinds
from tests.measure import say, table

T = TypeVar("T")

TITLE = "Stages"

_WARM = 2_000
_SOME = 50_000
"""Rows of an insert, about as the sink collects them."""


class Watch:
    """CPU seconds by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, name: str, call: Callable[..., T], *arguments: Any) -> T:
        """Calls, and counts the time."""
        began = time.process_time()
        result = call(*arguments)
        self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - began
        return result

    def method(self, owner: Any, name: str, stage: str) -> None:
        """From now on `owner.name(…)`, which is called by the batch, counts for the stage."""
        inner = getattr(owner, name)
        setattr(owner, name, lambda *arguments: self(stage, inner, *arguments))


def _languages(posts: Sequence[Post], forms: Sequence[Forms]) -> None:
    for post, form in zip(posts, forms, strict=True):
        if len(form.full) >= SPOKEN:
            language(form.full if post.text.isascii() else post.text)


def _links(posts: Sequence[Post]) -> None:
    for post in posts:
        found = links(post.text, post.urls)
        if found:
            domain(found[0])


def _others(posts: Sequence[Post], forms: Sequence[Forms]) -> None:
    for post, form in zip(posts, forms, strict=True):
        text_key(form.full)
        post_flags(post.text, post.reply_to is not None)
        hashtags(post.text)


def text_stages(posts: Sequence[Item], watch: Watch) -> None:
    """What is done to each post by itself, one kind of work after the other. What is read or remembered at the first
    time (suffix list, hosts) has been before."""

    def decoded() -> list[Record | Refusal]:
        return [decode(item.raw, "posts") for item in posts]

    for item in posts[:_WARM]:
        decode(item.raw, "posts")
    records = watch("decode and validate", decoded)
    good = [record for record in records if isinstance(record, Post)]
    for post in good[:_WARM]:
        enrich(post)
    forms = watch("normalise", lambda: [normalise(post.text) for post in good])
    watch("language", _languages, good, forms)
    watch("links and their domains", _links, good)
    watch("text key, phrases, hashtags", _others, good, forms)


class Core:
    """The steps of the core as they run, with clocks inside."""

    def __init__(self, partitions: int, watch: Watch) -> None:
        self._watch = watch
        self._posts = PostStep(Parameters(), 0, partitions)
        self._shuffles = [ShuffleStep(Parameters(), number, 1) for number in range(partitions)]
        self._alerts = AlertStep(Parameters(), partitions, 1)
        watch.method(self._posts._intake, "take", "intake")
        for name in ("add", "advance"):
            watch.method(self._posts._authors, name, "pace of accounts")
        for shuffle in self._shuffles:
            watch.method(shuffle._copies, "add", "copies index")
            watch.method(shuffle._copies, "expire", "copies index")
            for name in ("add", "advance"):
                watch.method(shuffle._bursts, name, "bursts")
                watch.method(shuffle._shares, name, "shares of objects")

    def feed(self, batch: Sequence[Raw]) -> list[Enriched]:
        """All steps, every message encoded and decoded as on its way through the broker."""
        watch = self._watch
        out: list[Enriched] = []
        for posted in watch("first step", self._posts.feed, batch):
            out += posted.enriched
            for shuffle, message in zip(self._shuffles, posted.shuffled, strict=True):
                packed = watch("encode for the shuffle", encode, message)
                unpacked = watch("decode from the shuffle", decode_shuffled, packed)
                for signal in watch("shuffle step", shuffle.feed, unpacked, 0.0):
                    sent = watch("signals, both ways", encode, signal)
                    got = watch("signals, both ways", decode_signal, sent)
                    watch("campaigns, rings, the book of alerts", self._alerts.feed, got, 0.0)
        return out


def core_stages(posts: Sequence[Item], partitions: int, watch: Watch) -> list[Enriched]:
    """Runs the core over the posts; what was enriched."""
    core = Core(partitions, watch)
    raws = [Raw(item.raw, clock) for item, clock in stamp(posts)]
    plain = fingerprint.fingerprints
    watch.method(post_step, "fingerprints", "fingerprint")
    try:
        return [one for at in range(0, len(raws), BATCH) for one in core.feed(raws[at : at + BATCH])]
    finally:
        setattr(post_step, "fingerprints", plain)  # noqa: B010 (it is not exported there)


def _encoded(enriched: Sequence[Enriched]) -> list[bytes]:
    return [encode_post(one) for one in enriched]


def outer_stages(posts: Sequence[Item], enriched: Sequence[Enriched], stack: Stack, watch: Watch) -> None:
    """What goes in and out: this process's share of it (the broker's and the store's are under Throughput)."""
    raws = watch("encode the enriched record", _encoded, enriched)
    asyncio.run(_produced([Message(item.key, item.raw) for item in posts], stack, watch))
    watch("consume", lambda: asyncio.run(consume(stack.bootstrap, POSTS_RAW, parse=False)))
    posts_from_json(raws[:10], 0)
    tables = [
        watch("sink: shape rows", posts_from_json, raws[at : at + _SOME], 0)
        for at in range(0, len(raws), _SOME)
    ]
    store = stack.settings.store
    writer = StoreClient("127.0.0.1", stack.store_port, store.writer, stack.writer_password, store.database)
    with writer:
        writer.wait_ready(30.0)
        for rows in tables:
            watch("sink: insert", writer.insert, "posts", rows)


async def _produced(messages: Sequence[Message], stack: Stack, watch: Watch) -> None:
    publisher = Publisher(stack.bootstrap, "vigie-bench")
    await publisher.start()
    began = time.process_time()
    for start in range(0, len(messages), BATCH):
        await publisher.send(POSTS_RAW, messages[start : start + BATCH])
    watch.seconds["produce"] = time.process_time() - began
    await publisher.stop()


def measured(posts: Sequence[Item], stack: Stack) -> list[tuple[str, float]]:
    """Stage -> CPU microseconds a post; indented ones are parts of the line above them."""
    watch = Watch()
    text_stages(posts, watch)
    enriched = core_stages(posts, TOPICS[SHUFFLE].partitions, watch)
    outer_stages(posts, enriched, stack, watch)
    t = {name: 1e6 * seconds / len(posts) for name, seconds in watch.seconds.items()}
    enriching = ("normalise", "language", "links and their domains", "text key, phrases, hashtags")
    first = ("intake", *enriching, "fingerprint", "pace of accounts")
    second = ("copies index", "bursts", "shares of objects")
    inner = "&nbsp;&nbsp;"
    return [
        ("first step", t["first step"]),
        (f"{inner}decode and validate", t["decode and validate"]),
        (f"{inner}intake: repeats, lateness, time", t["intake"] - t["decode and validate"]),
        *((f"{inner}{name}", t[name]) for name in enriching),
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
    for title, posts in kinds(options.count, options.quick):
        say(f"bench: stages, {title}")
        with running() as stack:
            columns.append((f"{title}: {len(posts):,}", measured(posts, stack)))
    names = [name for name, _ in columns[0][1]]
    rows = [(name, *(f"{lines[i][1]:.1f}" for _, lines in columns)) for i, name in enumerate(names)]
    parts.append(table(("stage", *(title for title, _ in columns)), rows))
    return "\n\n".join(parts)
