"""Rings of a recorded operation among ordinary posts that are moved into its days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

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
_PRECISION, _RECALL = 0.99, 0.6

Account = tuple[str, str]


def _posts(path: Path) -> Iterator[Post]:
    for item in read([path]):
        post = decode(item.raw)
        if isinstance(post, Post):
            yield post


def _background(data: Path, days: int) -> Iterator[Post]:
    """Ordinary posts, each on a day of the operation, at its own time of day."""
    for path in sorted((data / "background").glob("*.jsonl.gz")):
        posts = list(_posts(path))
        first = min(post.created_at for post in posts) // DAY * DAY
        for post in posts:
            yield msgspec.structs.replace(post, created_at=START + (post.created_at - first) % (days * DAY))


def report(data: Path, problems: list[str]) -> str:
    """How many of whom rings name are of the operation, and how many of its accounts are named."""
    rows = []
    for days in DAYS:
        operation: Counter[Account] = Counter()
        kept = AccountDays()
        for post in _posts(data / "ira_tweets" / "2016may_sep.parquet"):
            if post.created_at < START + days * DAY:
                operation[post.platform, post.author_id] += 1
                kept.add([enrich(post)])
        kept.add(map(enrich, _background(data, days)))
        last = {one.alert_id: one for one in RingWeeks(WeeksParameters()).feed(kept.take(END), FINAL)}
        named = {
            (account["platform"], account["account"])
            for one in last.values()
            for reason in one.reasons
            if not one.withdrawn and reason.code in ("account_links", "former_accounts")
            for account in reason.values["links" if reason.code == "account_links" else "listed"]
        }
        active = {account for account, posts in operation.items() if posts >= _ACTIVE}
        right, found = len(named & operation.keys()), len(named & active)
        if right < _PRECISION * len(named) or found < _RECALL * len(active):
            problems.append(f"rings of a recorded operation over {days} days")
        rows.append(
            (
                days,
                len(named),
                f"{right / max(1, len(named)):.3f}",
                len(active),
                found,
                f"{found / len(active):.3f}",
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
