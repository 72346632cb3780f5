"""What one account did on one UTC day, as far as it may show that several accounts are one hand's.

Lives beside `AuthorPace`, in the partition of an account, and is told when the day can change no more. Objects are
names that accounts of different platforms can have in common, but for places and answers, which are the platform's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import msgspec

from pipeline.detect.clock import END
from pipeline.text.enrich import Enriched
from schemas.times import DAY, HOUR, Micros

Account = tuple[str, str]
"""Platform and id."""

INTERESTS = ("name", "site", "tag")
MEETINGS = ("answer", "link", "place")
KINDS = (*INTERESTS, *MEETINGS, "text")
"""Of objects: the first word of each."""

MOST_OBJECTS = 64
"""Of an account on a day, the first ones."""
MOST_POSTS = 4
"""Posts of an account on a day that are kept as evidence, the first ones."""
_OWN = 30  # characters from which a text is somebody's own
_PLACE_HOURS = 2  # being in one thread within so long is being there together

_NAME = re.compile(r" (?<=[\w,;] )([A-ZÀ-Þ][\w-]{3,30})")  # that it begins with a space makes it fast


class AccountDay(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One account's UTC day (in days since 1970). name: as displayed. objects: see `objects_of`. own: its first
    posts, (time, id)."""

    platform: str
    author: str
    day: int
    name: str
    created_at: Micros | None
    posts: int
    objects: tuple[str, ...]
    own: tuple[tuple[Micros, str], ...]


def objects_of(one: Enriched) -> list[str]:
    """The objects of a post: what it links to, names, quotes, where it stands and what it answers."""
    post = one.post
    if post.repost:
        return [f"answer {post.platform} {post.repost_of or one.key}"]
    out = [f"link {link}" for link in one.urls[:2] if "/" in link or "?" in link]
    if one.domain:
        out.append(f"site {one.domain}")
    out += [f"tag {tag.lstrip('#').casefold()}" for tag in one.hashtags[:4]]
    out += [f"tag @{name.lstrip('@').casefold()}" for name in post.mentions[:2]]
    out += [f"name {name.casefold()}" for name in _NAME.findall(post.text[:1000])[:4]]
    if post.target is not None:
        out.append(f"place {post.platform} {post.target} {post.created_at // (_PLACE_HOURS * HOUR)}")
    if post.reply_to:
        out.append(f"answer {post.platform} {post.reply_to}")
    if len(one.forms.bare) >= _OWN:
        out.append(f"text {one.key:x}")
    return out


class _Seen(msgspec.Struct, gc=False):
    at: Micros
    post: str
    name: str | None
    created_at: Micros | None
    objects: list[str]


class AccountDays:
    """The days of one partition that are not complete. Memory: what was posted within a day and the lateness."""

    def __init__(self) -> None:
        self._days: dict[int, dict[tuple[str, str], list[_Seen]]] = {}
        self._due: Micros = END  # when the first of them is complete

    def add(self, posts: Iterable[Enriched]) -> None:
        """Takes posts that count, in any order."""
        for one in posts:
            post = one.post
            if not post.deleted:
                day = post.created_at // DAY
                accounts = self._days.get(day)
                if accounts is None:
                    accounts = self._days[day] = {}
                    self._due = min(self._due, (day + 1) * DAY)
                accounts.setdefault((post.platform, post.author_id), []).append(
                    _Seen(post.created_at, post.id, post.author_name, post.author_created_at, objects_of(one))
                )

    def take(self, watermark: Micros) -> list[AccountDay]:
        """The days that the watermark has passed, by day and account."""
        if watermark < self._due:
            return []
        done = sorted(day for day in self._days if (day + 1) * DAY <= watermark)
        told = [
            _summed(day, key, posts) for day in done for key, posts in sorted(self._days.pop(day).items())
        ]
        self._due = min(((day + 1) * DAY for day in self._days), default=END)
        return told


def _summed(day: int, key: tuple[str, str], posts: list[_Seen]) -> AccountDay:
    posts.sort(key=lambda one: (one.at, one.post))
    last = posts[-1]
    objects = dict.fromkeys(thing for one in posts for thing in one.objects)
    return AccountDay(
        *key,
        day,
        last.name or "",
        last.created_at,
        len(posts),
        tuple(list(objects)[:MOST_OBJECTS]),
        tuple((one.at, one.post) for one in posts[:MOST_POSTS]),
    )


def surplus(days: Sequence[Mapping[Account, AccountDay]], most: int) -> set[Account]:
    """The accounts to be forgotten where there are more than `most` account days: those seen on the fewest days, and of
    these first those that were not seen for the longest. An eighth more than must be, so that it is not each day's
    work. `days` in order."""
    excess = sum(map(len, days)) - most
    if excess <= 0:
        return set()
    excess += most // 8
    count = Counter(chain.from_iterable(days))
    last = {account: place for place, accounts in enumerate(days) for account in accounts}
    gone: set[Account] = set()
    for account in sorted(count, key=lambda account: (count[account], last[account], account)):
        if excess <= 0:
            break
        gone.add(account)
        excess -= count[account]
    return gone
