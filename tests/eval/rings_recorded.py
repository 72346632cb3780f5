"""Rings of a recorded operation among ordinary posts that are moved into its days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from pipeline.connect.files import read
from pipeline.detect.account_days import AccountDays
from pipeline.detect.clock import END, FINAL
from pipeline.detect.parameters_weeks import WeeksParameters
from pipeline.detect.ring_weeks import RingWeeks
from pipeline.text.enrich import enrich
from schemas.decode import decode
from schemas.records import Post
from schemas.times import DAY, Micros, parse_time
from tests.measure import table

START: Micros = parse_time("2016-05-01T00:00:00Z")
DAYS = (28, 153)
"""How long is looked at: four weeks, and all that was recorded."""
_ACTIVE = 20
"""Posts from which an account should be named."""
PRECISION, RECALL = 0.99, 0.6

Account = tuple[str, str]


def _posts(path: Path) -> Iterator[Post]:
    for item in read([path]):
        post = decode(item.raw)
        if isinstance(post, Post):
            yield post


def operation(data: Path, days: int) -> Iterator[Post]:
    """What the operation's accounts posted in so many days, as it was recorded."""
    posts = _posts(data / "ira_tweets" / "2016may_sep.parquet")
    return (post for post in posts if post.created_at < START + days * DAY)


def background(data: Path, days: int) -> Iterator[Post]:
    """Ordinary posts, each on a day of the operation, at its own time of day; ids as unique as the files' names."""
    for path in sorted((data / "background").glob("*.jsonl.gz")):
        posts = list(_posts(path))
        first = min(post.created_at for post in posts) // DAY * DAY
        for post in posts:
            yield msgspec.structs.replace(
                post,
                id=f"{path.name.partition('.')[0]}-{post.id}",
                created_at=START + (post.created_at - first) % (days * DAY),
            )


def active(posts: Iterable[Post]) -> set[Account]:
    """Accounts with so many posts that they should be named."""
    counts = Counter((post.platform, post.author_id) for post in posts)
    return {account for account, number in counts.items() if number >= _ACTIVE}


def named(reasons: Iterable[Mapping[str, Any]]) -> set[Account]:
    """Whom rings name, whether they belong to them still or did before."""
    lists = {"account_links": "links", "former_accounts": "listed"}
    return {
        (account["platform"], account["account"])
        for reason in reasons
        if reason["code"] in lists
        for account in reason["values"][lists[reason["code"]]]
    }


def report(data: Path, problems: list[str]) -> str:
    """How many of whom rings name are of the operation, and how many of its accounts are named."""
    rows = []
    for days in DAYS:
        theirs = list(operation(data, days))
        kept = AccountDays()
        kept.add(map(enrich, theirs))
        kept.add(map(enrich, background(data, days)))
        last = {one.alert_id: one for one in RingWeeks(WeeksParameters()).feed(kept.take(END), FINAL)}
        told = named(
            msgspec.structs.asdict(reason)
            for one in last.values()
            if not one.withdrawn
            for reason in one.reasons
        )
        accounts = {(post.platform, post.author_id) for post in theirs}
        wanted = active(theirs)
        right, found = len(told & accounts), len(told & wanted)
        if right < PRECISION * len(told) or found < RECALL * len(wanted):
            problems.append(f"rings of a recorded operation over {days} days")
        rows.append(
            (
                days,
                len(told),
                f"{right / max(1, len(told)):.3f}",
                len(wanted),
                found,
                f"{found / len(wanted):.3f}",
            )
        )
    head = (
        "days",
        "named",
        "of the operation",
        f"its accounts with {_ACTIVE} posts",
        "of these named",
        "recall",
    )
    return (
        "Accounts of the operation of 2016, with the ordinary posts below moved into its days. All rings are of "
        f"severity warning or higher. No parameter was set on it.\n\n{table(head, rows)}"
    )
