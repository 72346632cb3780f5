"""What a burst is made of: exact figures over a set of posts, the same in whatever order they are added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from heapq import nlargest, nsmallest
from math import ceil, sqrt

import msgspec

from pipeline.detect.activity import Activity
from pipeline.detect.parameters_volume import BurstParameters
from schemas.alerts import MAX_IDS
from schemas.times import DAY, HOUR, Micros

SHORTENERS = frozenset(
    {
        "t.co",
        "bit.ly",
        "goo.gl",
        "ow.ly",
        "buff.ly",
        "tinyurl.com",
        "is.gd",
        "dlvr.it",
        "ift.tt",
        "fb.me",
        "amzn.to",
        "trib.al",
        "lnkd.in",
        "vk.cc",
        "clck.ru",
        "cutt.ly",
        "rebrand.ly",
        "shorturl.at",
        "t.ly",
    }
)
"""Domains that hide where a link leads: they say nothing about a common source."""


class Makeup(msgspec.Struct, frozen=True):
    """Figures of an episode. Shares are of all its posts, 0..1, unless said otherwise.

    core: accounts, the most active ones, that make nine tenths of the posts. top5, top_tenth: posts of the five,
    and of the most active tenth of the accounts. known: posts whose account's creation date is known; new: share
    *of those* by new accounts. copies: posts that are no native reposts and share a text with several accounts.
    domain, source: the domain linked most, and the posts that link to it. marked: posts that are copies or by new
    accounts. suspect: posts that are marked or by accounts with many posts in the episode. effective: posts that
    would tell as much if each came from another account (Kish, "Survey Sampling", 1965): a count, not a share.
    """

    posts: int
    accounts: int
    core: int
    top5: float
    top_tenth: float
    known: int
    new: float
    replies: float
    reposts: float
    copies: float
    domain: str
    source: float
    marked: float
    suspect: float
    effective: float


HOURS = 48
"""Lengths of a wave's course that are told; of a longer one each covers several hours."""
_NAMED = 5
_COMPANY = 500


class Course(msgspec.Struct, frozen=True):
    """How a wave went. posts, marked: in each stretch of `hours` hours from `start` (a full hour) on, how many posts,
    and how many of them are copies or by new accounts. started: the accounts of the first posts; carried: those with
    most posts, and how many each; marked_accounts: the first ones that posted a marked post."""

    start: Micros
    hours: int
    posts: tuple[int, ...]
    marked: tuple[int, ...]
    started: tuple[str, ...]
    carried: tuple[tuple[str, int], ...]
    marked_accounts: tuple[str, ...]


class Tally:
    """Posts of one episode, summed up. Memory grows with accounts and the distinct texts of each."""

    __slots__ = (
        "_authors", "_domains", "_earliest", "_known", "_new", "_p", "_replies", "_reposts", "_sharers",
        "_texts", "first_seen", "last_seen", "posts",
    )  # fmt: skip

    def __init__(self, parameters: BurstParameters) -> None:
        self._p = parameters
        self.posts = 0
        self.first_seen: Micros = 1 << 62
        self.last_seen: Micros = 0
        self._known = self._new = self._replies = self._reposts = 0
        self._authors: dict[str, list[int]] = {}  # posts, first time
        self._domains: Counter[str] = Counter()
        self._earliest: list[tuple[Micros, str]] = []
        # (account, sketch, by a new account, hour) -> posts
        self._texts: Counter[tuple[str, tuple[int, ...], bool, int]] = Counter()
        # Sketch key -> accounts, no more of them than count. Most texts have one: a set each would cost much.
        self._sharers: dict[int, str | set[str]] = {}

    def add(self, rows: Iterable[Activity]) -> None:
        """Adds posts."""
        young = round(self._p.new_account_days * DAY)
        for row in rows:
            at, author, created = row.at, row.author_id, row.author_created_at
            self.posts += 1
            self.first_seen = min(self.first_seen, at)
            self.last_seen = max(self.last_seen, at)
            entry = self._authors.get(author)
            if entry is None:
                self._authors[author] = [1, at]
            else:
                entry[0] += 1
                entry[1] = min(entry[1], at)
            new = created is not None and at - created <= young
            self._known += created is not None
            self._new += new
            self._replies += row.is_reply
            self._reposts += row.is_repost
            if row.domain and row.domain not in SHORTENERS:
                self._domains[row.domain] += 1
            self._earliest.append((at, row.post_id))
            # A native repost has its original's text by design: it is no copy.
            sketch = () if row.is_repost else row.sketch
            self._texts[author, sketch, new, at // HOUR] += 1
            for key in sketch:
                self._share(key, author)
        self._trim()

    def _share(self, key: int, author: str) -> None:
        sharers = self._sharers.get(key)
        if sharers is None:
            self._sharers[key] = author
        elif isinstance(sharers, str):
            if sharers != author:
                self._sharers[key] = {sharers, author}
        elif len(sharers) < self._p.copy_accounts:
            sharers.add(author)

    def _trim(self) -> None:
        if len(self._earliest) > 4 * MAX_IDS:
            self._earliest = nsmallest(MAX_IDS, self._earliest)

    def absorb(self, other: Tally) -> None:
        """Adds the posts of another tally."""
        self.posts += other.posts
        self.first_seen = min(self.first_seen, other.first_seen)
        self.last_seen = max(self.last_seen, other.last_seen)
        self._known += other._known
        self._new += other._new
        self._replies += other._replies
        self._reposts += other._reposts
        for author, (count, at) in other._authors.items():
            entry = self._authors.setdefault(author, [0, at])
            entry[0] += count
            entry[1] = min(entry[1], at)
        self._domains.update(other._domains)
        self._texts.update(other._texts)
        for key, authors in other._sharers.items():
            for author in (authors,) if isinstance(authors, str) else authors:
                self._share(key, author)
        self._earliest += other._earliest
        self._trim()

    def first_posts(self) -> list[str]:
        """Ids of the first posts, in order of (time, id)."""
        return [post for _, post in nsmallest(MAX_IDS, self._earliest)]

    def first_accounts(self) -> list[str]:
        """Ids of the first accounts, in order of (time of their first post, id)."""
        return [who for _, who in nsmallest(MAX_IDS, ((at, who) for who, (_, at) in self._authors.items()))]

    def _core(self) -> int:
        """How many accounts make nine tenths of the posts."""
        rest = 0.9 * self.posts
        for rank, count in enumerate(sorted((count for count, _ in self._authors.values()), reverse=True), 1):
            rest -= count
            if rest <= 0:
                return rank
        return len(self._authors)

    def _common(self) -> set[int]:
        """Keys of texts that several accounts share."""
        return {
            key
            for key, authors in self._sharers.items()
            if not isinstance(authors, str) and len(authors) >= self._p.copy_accounts
        }

    def course(self) -> Course:
        """How the wave went so far."""
        first, last = self.first_seen // HOUR, self.last_seen // HOUR
        hours = -(-(last - first + 1) // HOURS)
        posts = [0] * ((last - first) // hours + 1)
        marked, bearing, common = list(posts), set(), self._common()
        for (author, sketch, new, hour), count in self._texts.items():
            posts[(hour - first) // hours] += count
            if new or not common.isdisjoint(sketch):
                marked[(hour - first) // hours] += count
                bearing.add(author)
        most = nsmallest(_NAMED, ((-count, who) for who, (count, _) in self._authors.items()))
        early = nsmallest(_COMPANY, ((self._authors[who][1], who) for who in bearing))
        return Course(
            start=first * HOUR,
            hours=hours,
            posts=tuple(posts),
            marked=tuple(marked),
            started=tuple(self.first_accounts()[:_NAMED]),
            carried=tuple((who, -count) for count, who in most),
            marked_accounts=tuple(who for _, who in early),
        )

    def makeup(self) -> Makeup:
        """The figures as they stand."""
        p, total, accounts = self._p, self.posts, len(self._authors)
        counts = nlargest(max(5, ceil(accounts / 10)), (count for count, _ in self._authors.values()))
        common = self._common()
        copies = marked = suspect = 0
        for (author, sketch, new, _), posts in self._texts.items():
            copy = not common.isdisjoint(sketch)
            copies += posts if copy else 0
            marked += posts if copy or new else 0
            suspect += posts if copy or new or self._authors[author][0] >= p.heavy_posts else 0
        # Ties go to the name that sorts first, as the counter's own order is that of arrival.
        domain = min(self._domains.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
        return Makeup(
            posts=total,
            accounts=accounts,
            core=self._core(),
            top5=sum(counts[:5]) / total,
            top_tenth=sum(counts[: max(1, ceil(accounts / 10))]) / total,
            known=self._known,
            new=self._new / self._known if self._known else 0.0,
            replies=self._replies / total,
            reposts=self._reposts / total,
            copies=copies / total,
            domain=domain[0],
            source=domain[1] / total,
            marked=marked / total,
            suspect=suspect / total,
            effective=total * total / sum(count * count for count, _ in self._authors.values()),
        )


def wilson(hits: float, total: float, z: float = 1.96) -> tuple[float, float]:
    """Bounds of a share (Wilson, "Probable inference", JASA 1927): sound for small totals and shares near 0
    or 1. Effective numbers of cases need not be whole.
    """
    if total <= 0:
        return 0.0, 1.0
    share, square = hits / total, z * z
    middle = share + square / (2 * total)
    spread = z * sqrt(share * (1 - share) / total + square / (4 * total * total))
    below, above = (middle - spread) / (1 + square / total), (middle + spread) / (1 + square / total)
    return max(0.0, below), min(1.0, above)
