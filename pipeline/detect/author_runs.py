"""One account's waking stretch, hour by hour: pace, spacing, sleep, and what is innocent about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import sqrt

import msgspec

from pipeline.detect.activity import Activity
from pipeline.detect.parameters_volume import AuthorParameters
from pipeline.detect.volume_tally import SHORTENERS
from schemas.alerts import MAX_IDS
from schemas.times import HOUR, MINUTE, Micros

_DAY_OF_HOURS = (1 << 24) - 1
_DOMAINS = 64  # distinct domains that are counted one by one


class Habit:
    """An account's usual busy hour: the mean posts per hour as a post sees it, over past stretches.

    That is the sum of squares over the sum, so quiet hours hardly count. Decays with the half-life given, in
    microseconds.
    """

    __slots__ = ("last", "square", "total")

    def __init__(self) -> None:
        self.total = self.square = 0.0
        self.last: Micros = 0

    def learn(self, at: Micros, total: int, square: int, half_life: Micros) -> None:
        """Adds a finished stretch that ended at `at`."""
        keep = 0.5 ** ((at - self.last) / half_life) if self.total else 0.0
        self.total = self.total * keep + total
        self.square = self.square * keep + square
        self.last = at

    def pace(self) -> float:
        """Posts an hour."""
        return self.square / self.total if self.total else 0.0


class Stretch(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A waking stretch as it stands: the figures by which it is judged, where all partitions meet.

    first, last: UTC hours since 1970, both included. usual: posts an hour in the account's usual busy hour, 0 where it
    is not known. active: hours with posts; awake: of the last 24 of them. peak: posts of the fullest hour. even_peak,
    even_awake: the fullest hour, and the most of 24 hours with posts, by the last moment at which the spacing was even;
    strict_peak, strict_awake: the same for spacing that is even beyond doubt. cv, lock: as `Run.cv` and `Run.lock`.
    bots: posts under a name or flag that declares a bot. domain: linked most, in so many posts. ids: of the first
    posts. closed: no record that is not late can change it any more.
    """

    platform: str
    author: str
    first: int
    last: int
    first_seen: Micros
    last_seen: Micros
    usual: float
    posts: int
    active: int
    awake: int
    peak: int
    peak_hour: int
    even_peak: int
    even_awake: int
    strict_peak: int
    strict_awake: int
    cv: float
    lock: float
    replies: int
    reposts: int
    linked: int
    bots: int
    domain: str
    domain_posts: int
    ids: tuple[str, ...]
    closed: bool

    def ticker(self, p: AuthorParameters) -> bool:
        """Nearly all links lead to one place, links are most of what it posts, and the posts are its own."""
        return (
            self.posts >= p.pace_posts
            and self.reposts < p.innocent_share * self.posts
            and self.linked >= p.ticker_links * self.posts
            and self.domain_posts >= p.ticker_share * self.linked
        )

    def declared(self, p: AuthorParameters) -> bool:
        """It makes no secret of being a bot: nobody is deceived by its pace."""
        return self.bots >= p.innocent_share * self.posts


class Run:
    """A stretch of UTC hours without a sleep. Constant memory, apart from posts that are not yet complete.

    `fold` takes complete hours in order. The marks of a machine are set at the end of an hour, from all that came
    before, and stay, so they are a function of the set of posts. `usual`: as in `Stretch`.
    """

    __slots__ = (
        "_clock", "_domains", "_earliest", "_gaps", "_mask", "_squares", "active", "bots", "even_awake", "even_peak",
        "first", "first_seen", "last", "last_seen", "linked", "most_awake", "peak", "peak_hour", "posts", "replies",
        "reposts", "said", "square", "strict_awake", "strict_peak", "usual",
    )  # fmt: skip

    def __init__(self, hour: int, usual: float) -> None:
        self.first = self.last = hour  # hours since the epoch
        self.usual = usual
        self.first_seen: Micros = 0
        self.last_seen: Micros = 0
        self.posts = self.square = self.active = 0  # square: sum of squared posts an hour
        self.peak = self.peak_hour = 0
        self.replies = self.reposts = self.linked = self.bots = 0
        self.most_awake = 0  # the most hours with posts in any 24 in a row
        self.even_peak = self.even_awake = self.strict_peak = self.strict_awake = 0
        self.said: Stretch | None = None
        self._gaps = 0.0  # seconds
        self._squares = 0.0
        self._mask = 0  # which of the last 24 hours had posts
        self._clock: dict[int, int] = {}  # minute of the hour -> hours that had a post in it
        self._domains: Counter[str] = Counter()
        self._earliest: list[str] = []

    def fold(self, p: AuthorParameters, hour: int, rows: Sequence[Activity]) -> None:
        """Adds one complete hour; rows in order of (at, post_id)."""
        self._take(hour, rows)
        if self.posts < p.regular_posts:
            return
        cv, locked, awake = self.cv(), self.lock() >= p.clock_lock, self.awake()
        if locked or cv <= p.regular_cv:
            self.even_peak, self.even_awake = self.peak, max(self.even_awake, awake)
        if locked or cv <= p.strict_cv:
            self.strict_peak, self.strict_awake = self.peak, max(self.strict_awake, awake)

    def peek(self, hour: int, rows: Sequence[Activity]) -> Run:
        """What the run would be with an hour that is still going on; marks only what more posts cannot undo."""
        run = Run(self.first, self.usual)
        for name in Run.__slots__:
            setattr(run, name, getattr(self, name))
        run._clock, run._domains = dict(self._clock), Counter(self._domains)
        run._earliest = list(self._earliest)
        run._take(hour, rows)
        return run

    def _take(self, hour: int, rows: Sequence[Activity]) -> None:
        count = len(rows)
        if not self.posts:
            self.first_seen = self.last_seen = rows[0].at
        previous = self.last_seen
        minutes = set()
        for row in rows:
            gap = (row.at - previous) / 1e6
            previous = row.at
            self._gaps += gap
            self._squares += gap * gap
            minutes.add(row.at % HOUR // MINUTE)
            self.replies += row.is_reply
            self.reposts += row.is_repost
            self.bots += row.is_bot
            if row.domain and row.domain not in SHORTENERS:
                self.linked += 1
                if row.domain in self._domains or len(self._domains) < _DOMAINS:
                    self._domains[row.domain] += 1
            if len(self._earliest) < MAX_IDS:
                self._earliest.append(row.post_id)
        for minute in minutes:
            self._clock[minute] = self._clock.get(minute, 0) + 1
        self._mask = (self._mask << min(24, hour - self.last) | 1) & _DAY_OF_HOURS
        self.last, self.last_seen = hour, previous
        self.most_awake = max(self.most_awake, self.awake())
        self.active += 1
        self.posts += count
        self.square += count * count
        if count > self.peak:
            self.peak, self.peak_hour = count, hour

    def awake(self) -> int:
        """How many of the last 24 hours had posts."""
        return self._mask.bit_count()

    def cv(self) -> float:
        """Standard deviation of the times between posts over their mean: 0 like a clock, 1 at random, more
        in fits.
        """
        gaps = self.posts - 1
        if gaps < 1 or self._gaps <= 0:
            return 1.0
        mean = self._gaps / gaps
        return sqrt(max(0.0, self._squares / gaps - mean * mean)) / mean

    def lock(self) -> float:
        """How much the posts keep to the same minutes of the hour: 0 as by chance, 1 always the same.

        The probability that a minute used in one hour is used in another hour too, less what evenly spread
        posts would give (the form of Cohen's kappa).
        """
        used, hours = sum(self._clock.values()), self.active
        if hours < 12:  # two or three hours may agree by chance
            return 0.0
        again = sum(count * (count - 1) for count in self._clock.values()) / (used * (hours - 1))
        chance = used / (60 * hours)
        return (again - chance) / (1 - chance) if chance < 0.9 else 0.0

    def stretch(self, key: tuple[str, str], closed: bool) -> Stretch:
        """Its figures. `key`: platform and author."""
        domain, links = min(self._domains.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
        return Stretch(
            *key, self.first, self.last, self.first_seen, self.last_seen, self.usual, self.posts, self.active,
            self.awake(), self.peak, self.peak_hour, self.even_peak, self.even_awake, self.strict_peak,
            self.strict_awake, self.cv(), self.lock(), self.replies, self.reposts, self.linked, self.bots, domain,
            links, tuple(self._earliest), closed,
        )  # fmt: skip
