"""How it grows with workers, partitions and machines. Writes docs/scaling.md.

    python -m tests.bench scaling            writes the page
    python -m tests.bench.scaling            prints it

Measured are the live system with one worker and with two, what the topics carry, and the core cut into more partitions
than this machine could run at once. The rest is arithmetic over those figures (`scaling_model`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import cramjam

from pipeline.backtest import BATCH
from pipeline.bus import partition_of
from pipeline.connect.files import stamp
from pipeline.connect.items import Item
from pipeline.detect.alert_step import AlertStep
from pipeline.detect.intake import Raw
from pipeline.detect.messages import decode_shuffled, decode_signal, encode
from pipeline.detect.parameters import Parameters
from pipeline.detect.post_step import PostStep, targets
from pipeline.detect.shuffle_step import ShuffleStep
from pipeline.store.client import StoreClient
from pipeline.text.contract import encode as encode_post
from pipeline.text.enrich import enrich
from schemas.decode import decode
from schemas.records import Post
from schemas.topics import ALERTS, COPIES, POSTS_ENRICHED, POSTS_RAW, SHUFFLE, SIGNALS, TOPICS
from tests.bench import scaling_page
from tests.bench.live import Live, pids, play, running
from tests.bench.options import Options
from tests.bench.posts import generated, kinds
from tests.bench.processes import Meter
from tests.bench.scaling_model import Cost, counted, skew
from tests.bench.store import sizes
from tests.measure import say

CARRIED = (POSTS_RAW, POSTS_ENRICHED, SHUFFLE, SIGNALS, COPIES, ALERTS)


@dataclass(frozen=True, slots=True)
class Workers:
    """A live run. resting: peak bytes of the detection workers before the first post. disk: stored bytes a post."""

    count: int
    run: Live
    resting: int
    disk: float


def live(posts: Sequence[Item], workers: int) -> Workers:
    """The live system with so many detection workers."""
    with running(workers=workers) as stack:
        before = Meter({n: pid for n, pid in pids(stack).items() if n.startswith("detect")}).peaks()
        run = play(stack, posts, volumes=CARRIED)
        store = stack.settings.store
        with StoreClient("127.0.0.1", stack.store_port, store.writer, stack.writer_password) as writer:
            held = {name: (rows, size) for name, rows, size in sizes(writer, store.database)}
    rows, size = held["posts"]
    return Workers(workers, run, sum(before.values()), size / rows)


def cut(posts: Sequence[Item], partitions: int, shell: float = 0.0) -> Cost:
    """The core with so many shuffle partitions, all in this process, every message encoded and decoded."""
    step = PostStep(Parameters(), 0, partitions)
    shuffles = [ShuffleStep(Parameters(), number, 1) for number in range(partitions)]
    alerts = AlertStep(Parameters(), partitions, 1)
    spent: Counter[str] = Counter()
    held = [0] * partitions
    sent = size = 0
    raws = [Raw(item.raw, clock) for item, clock in stamp(posts)]
    for at in range(0, len(raws), BATCH):
        began = time.process_time()
        dealt = []
        for posted in step.feed(raws[at : at + BATCH]):
            for one in posted.enriched:
                encode_post(one)
            dealt += [(k, encode(message)) for k, message in enumerate(posted.shuffled)]
        now = time.process_time()
        spent["first"] += round(1e9 * (now - began))
        for k, raw in dealt:
            size += len(raw)
            began = time.process_time()
            message = decode_shuffled(raw)
            signals = [encode(signal) for signal in shuffles[k].feed(message, 0.0)]
            now = time.process_time()
            spent["shuffle"] += round(1e9 * (now - began))
            for signal in signals:
                alerts.feed(decode_signal(signal), 0.0)
            spent["alerts"] += round(1e9 * (time.process_time() - now))
            held[k] += len(message.copies) + len(message.activity) + len(message.shares)
            sent += len(message.copies)
    per = 1000.0 * len(posts)
    return Cost(
        partitions=partitions,
        first=spent["first"] / per,
        shuffle=spent["shuffle"] / per,
        alerts=spent["alerts"] / per,
        shell=shell,
        fan_out=sent / len(posts),
        shuffle_bytes=size / len(posts),
        source_skew=skew(counted((partition_of(item.key or b"", partitions) for item in posts), partitions)),
        shuffle_skew=skew(held),
    )


def packed(posts: Sequence[Item]) -> float:
    """What lz4 leaves of the raw posts, as the producer packs them: compressed bytes against plain ones."""
    plain = squeezed = 0
    for at in range(0, len(posts), 1000):
        batch = b"".join(item.raw for item in posts[at : at + 1000])
        plain += len(batch)
        squeezed += len(bytes(cramjam.lz4.compress(batch)))
    return squeezed / plain


def report(options: Options) -> str:
    """Measures; the page."""
    posts = generated(options.count)
    runs = []
    for workers in (1, 2):
        say(f"bench: scaling: live, workers: {workers}")
        runs.append(live(posts, workers))
    some = posts[: 4_000 if options.quick else 20_000]
    here = cut(posts, TOPICS[SHUFFLE].partitions)  # the same posts as live, so that the index is as large
    one = runs[0].run
    core = here.first + here.shuffle + here.alerts
    shell = max(0.0, 1e6 * one.cpu.get("detect", 0.0) / one.count - core)
    costs = []
    for partitions in scaling_page.PARTITIONS:
        say(f"bench: scaling: the core in {partitions} partitions")
        costs.append(cut(some, partitions, shell))
    skews = [
        (title, [(n, *_skews(records, n)) for n in scaling_page.PARTITIONS])
        for title, records in kinds(options.count, options.quick)
    ]
    return scaling_page.page(runs, costs, skews, packed(posts), len(some))


def _skews(posts: Sequence[Item], partitions: int) -> tuple[float, float]:
    """Posts by author's partition, and by target's (0.0 where nothing has one): the fullest against the mean."""
    authors = skew(counted((partition_of(item.key or b"", partitions) for item in posts), partitions))
    records = [record for item in posts if isinstance(record := decode(item.raw, "posts"), Post)]
    places = [
        crc32(f"{post.platform}:{target}".encode()) % partitions
        for post in records
        for target in targets(enrich(post))
    ]
    return authors, skew(counted(places, partitions)) if places else 0.0


if __name__ == "__main__":
    print(report(Options()))
