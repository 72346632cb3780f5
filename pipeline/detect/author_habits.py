"""What is usual for accounts on each platform, as of each day: learned from all source partitions together.

Quantiles over accounts, each of which counts once a day, with a half-life of weeks. The habit is that of the hour which
one account in a thousand reaches. A few loud accounts must not make it: it is read where at least `platform_top`
accounts a day stand above, and carried on from there to one in a thousand by a tail that falls with the square (the
count of accounts above twice the pace is a quarter), as heavy tails of activity do. So half as many loud accounts as
that move it no further than the next ordinary ones are apart.

Days are folded in order when all partitions have told theirs, as sums of whole numbers: a habit is a function of the
set of posts of the days before.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from operator import attrgetter

import msgspec

from pipeline.detect.author_days import LADDER, AuthorDay, rung
from pipeline.detect.parameters_volume import AuthorParameters

_HOURS = 25
_TAIL = 2.0
"""Exponent of the tail by which rarer paces are estimated."""
_KEEP = 40
"""Days for which the habit of a past day is kept; `AuthorMerge` asks for none older than 15."""


class PlatformHabit(msgspec.Struct, frozen=True):
    """What is usual on a platform, learned from `days` days of which `day` was the last.

    accounts: how many were seen a day, on average. known: enough of both for judging. median: posts in the fullest hour
    of the usual account's day. high: posts in that hour that one account in a thousand (`platform_share`) reaches.
    hours: waking hours of 24 that hardly an account passes. even: posting evenly is nothing rare here.
    """

    day: int = -1
    days: int = 0
    accounts: float = 0.0
    known: bool = False
    median: int = 0
    high: int = 0
    hours: int = 0
    even: bool = False


UNKNOWN = PlatformHabit()


def quantile(counts: Sequence[float], share: float) -> int:
    """The first place at which the running sum of counts reaches this share (0..1) of the whole."""
    wanted, so_far = share * sum(counts), 0.0
    for place, count in enumerate(counts):
        so_far += count
        if so_far >= wanted and so_far > 0:
            return place
    return len(counts) - 1


class _Platform:
    """Decayed counts of one platform, its days to come, and its habit as of each of late."""

    __slots__ = ("accounts", "days", "even", "habits", "hours", "last", "paces", "waiting", "weight")

    def __init__(self) -> None:
        self.waiting: defaultdict[int, list[AuthorDay]] = defaultdict(list)
        self.habits: list[PlatformHabit] = []
        self.last = -1
        self.forget()

    def forget(self) -> None:
        self.paces, self.hours = [0.0] * len(LADDER), [0.0] * _HOURS
        self.accounts = self.even = self.weight = 0.0
        self.days = 0


class PlatformHabits:
    """The habits of all platforms."""

    def __init__(self, parameters: AuthorParameters) -> None:
        self._p = parameters
        self._platforms: defaultdict[str, _Platform] = defaultdict(_Platform)

    def __len__(self) -> int:
        """Platforms in memory."""
        return len(self._platforms)

    def add(self, days: Iterable[AuthorDay]) -> None:
        """Takes what partitions told, in any order."""
        for day in days:
            self._platforms[day.platform].waiting[day.day].append(day)

    def take(self, upto: int) -> None:
        """Learns the days before `upto`, which all partitions have told."""
        for platform in self._platforms.values():
            for day in sorted(day for day in platform.waiting if day < upto):
                self._learn(platform, day, platform.waiting.pop(day))

    def forget(self, upto: int) -> None:
        """Drops what nobody asks for any more when days before `upto` are complete."""
        for name, platform in list(self._platforms.items()):
            late = bisect_left(platform.habits, upto - _KEEP, key=attrgetter("day"))
            del platform.habits[: max(0, late - 1)]
            if not platform.waiting and platform.last < upto - _KEEP - self._p.forget_days:
                del self._platforms[name]

    def before(self, name: str, day: int) -> PlatformHabit:
        """What was usual on a platform as of `day`, from the days before it."""
        if (platform := self._platforms.get(name)) is None:
            return UNKNOWN
        place = bisect_left(platform.habits, day, key=attrgetter("day"))
        habit = platform.habits[place - 1] if place else UNKNOWN
        return habit if day - habit.day <= self._p.forget_days else UNKNOWN

    def _learn(self, platform: _Platform, day: int, sums: Iterable[AuthorDay]) -> None:
        if day - platform.last > self._p.forget_days:
            platform.forget()
        # A partition that was taken for quiet may tell a day after others have gone on.
        day = max(day, platform.last)
        keep = 0.5 ** ((day - platform.last) / self._p.habit_half_life_days)
        paces, hours, accounts, even = Counter[int](), Counter[int](), 0, 0
        for one in sums:
            paces.update(dict(one.paces))
            hours.update(dict(one.hours))
            accounts += one.accounts
            even += one.even
        platform.paces = [old * keep + paces[n] for n, old in enumerate(platform.paces)]
        platform.hours = [old * keep + hours[n] for n, old in enumerate(platform.hours)]
        platform.accounts = platform.accounts * keep + accounts
        platform.even = platform.even * keep + even
        if day > platform.last:
            platform.weight = platform.weight * keep + 1.0
            platform.days += 1
        platform.last = day
        if platform.habits and platform.habits[-1].day == day:
            platform.habits.pop()
        platform.habits.append(self._habit(platform))

    def _habit(self, platform: _Platform) -> PlatformHabit:
        p, a_day = self._p, platform.accounts / platform.weight
        rare = max(p.platform_share, p.platform_top / a_day)
        high = LADDER[quantile(platform.paces, 1 - rare)] * (rare / p.platform_share) ** (1 / _TAIL)
        return PlatformHabit(
            platform.last,
            platform.days,
            a_day,
            platform.days >= p.platform_days and a_day >= p.platform_accounts,
            LADDER[quantile(platform.paces, 0.5)],
            LADDER[rung(high)],
            quantile(platform.hours, 1 - rare),
            platform.even >= max(p.even_share * platform.accounts, p.platform_top * platform.weight),
        )
