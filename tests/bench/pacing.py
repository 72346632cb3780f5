"""Publishes posts at a steady pace, campaigns of copies among them, through the same code as a replay.

    python -m tests.bench.pacing BOOTSTRAP RATE SECONDS TAG

Prints the moment of the first post (microseconds) when it begins, and how late it was at the end when it ends.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

import orjson

from pipeline.bus import Publisher
from pipeline.connect.items import Item
from pipeline.connect.replay import replay
from pipeline.detect.copy_parameters import CopyParameters
from pipeline.scenario.generate import generate
from schemas.records import Post
from schemas.times import SECOND, Micros, format_time

CAMPAIGNS = 100
"""Planted in each run, evenly spread."""

GAP = 0.02
"""Seconds between the copies of a campaign."""

PLATFORM = "paced"
WORDS = 14
AUTHORS = 100_000
_AHEAD = 1.0


class Planned(NamedTuple):
    """A post to come. offset: seconds after the first. campaign: its number, or -1."""

    offset: float
    author: str
    name: str
    text: str
    campaign: int


def accounts() -> int:
    """Copies of a campaign: as many as make it one, so that its last post is the one that can be alerted."""
    return CopyParameters().accounts


def completed(seconds: float, campaign: int) -> float:
    """When the campaign's last post is due, in seconds after the first post of the run."""
    return (campaign + 0.5) * seconds / CAMPAIGNS + (accounts() - 1) * GAP


def vocabulary() -> list[str]:
    """Words of the generated posts, French and English."""
    records = generate(2, scale=0.02).records
    words = {
        word for post in records if isinstance(post, Post) for word in post.text.split() if word.isalpha()
    }
    return sorted(words)


def plan(rate: int, seconds: float, tag: str, words: list[str]) -> list[Planned]:
    """All posts of a run in order of time: sentences of words drawn at random, no two alike, and the campaigns."""
    rng = random.Random(f"{tag}/{rate}")
    out = [
        Planned(
            n / rate, f"a{rng.randrange(AUTHORS)}", f"{tag}-{n}", " ".join(rng.choices(words, k=WORDS)), -1
        )
        for n in range(round(rate * seconds))
    ]
    for campaign in range(CAMPAIGNS):
        text = " ".join(rng.choices(words, k=WORDS))
        begin = completed(seconds, campaign) - (accounts() - 1) * GAP
        out += [
            Planned(begin + k * GAP, f"{tag}-c{campaign}-{k}", f"{tag}-c{campaign}-p{k}", text, campaign)
            for k in range(accounts())
        ]
    return sorted(out, key=lambda planned: planned.offset)


def items(planned: list[Planned], start: Micros) -> Iterator[Item]:
    """The records, as a connector would hand them on at that moment."""
    for line, one in enumerate(planned, 1):
        at = start + round(one.offset * SECOND)
        record = {
            "id": one.name,
            "platform": PLATFORM,
            "author_id": one.author,
            "created_at": format_time(at),
            "text": one.text,
        }
        yield Item(orjson.dumps(record), at, f"{PLATFORM}:{one.author}".encode(), "posts", "paced", line)


async def run(bootstrap: str, rate: int, seconds: float, tag: str) -> None:
    """Plans, waits for its moment, publishes."""
    planned = plan(rate, seconds, tag, vocabulary())
    publisher = Publisher(bootstrap, "vigie-pacing")
    await publisher.start()
    start = time.time_ns() // 1000 + round(_AHEAD * SECOND)
    print(start, flush=True)
    await asyncio.sleep(start / SECOND - time.time())
    await replay(publisher, items(planned, start), speed=1.0, end=False)
    print(time.time() - start / SECOND - planned[-1].offset, flush=True)
    await publisher.stop()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]))
