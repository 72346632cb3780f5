"""What is usual for accounts on a platform, told by the day: how full the fullest hour of each account was, how many
hours it was awake, how many post evenly.

Lives beside `AuthorPace`, in the partition of an account. Each account counts once a day, with its greatest figures
over the waking stretches that ended on it, so the loudest weighs no more than the quietest. News tickers and declared
bots are left out: what people do is to be known.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import takewhile

import msgspec

from pipeline.detect.account_days import AccountDay
from pipeline.detect.author_runs import Stretch
from pipeline.detect.source_counts import SourceCount
from schemas.times import Micros


def _ladder(exact: int, step: float, most: int) -> tuple[int, ...]:
    rungs = list(range(1, exact + 1))
    while rungs[-1] < most:
        rungs.append(max(rungs[-1] + 1, round(rungs[-1] * step)))
    return tuple(rungs)


LADDER = _ladder(15, 1.2, 100_000)
"""Posts an hour: every number up to 15, then by fifths. Thresholds learned from a platform stand on its rungs."""


def rung(posts: float) -> int:
    """The number of the highest rung that `posts` an hour reach; -1 below the first."""
    return bisect_right(LADDER, posts) - 1


class AuthorDay(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """All accounts of one partition and platform whose waking stretches ended on one UTC day (in days since 1970).

    paces: (rung, accounts) by the fullest hour. hours: (waking hours of 24, accounts). even: accounts that posted
    evenly.
    """

    platform: str
    day: int
    accounts: int
    paces: tuple[tuple[int, int], ...]
    hours: tuple[tuple[int, int], ...]
    even: int


class AuthorWord(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a source partition says of its accounts. days: in order, each once. stretches: latest state of each.

    And of its sources: counts: what has changed; reached: `Taken.reached`. accounts: days of accounts that can
    change no more.
    """

    source: int
    days: list[AuthorDay] = []
    stretches: list[Stretch] = []
    counts: list[SourceCount] = []
    reached: Micros = 0
    accounts: list[AccountDay] = []


class AuthorDays:
    """The days of one partition that are not complete."""

    def __init__(self) -> None:
        self._days: defaultdict[int, dict[tuple[str, str], tuple[int, int, bool]]] = defaultdict(dict)

    def add(self, day: int, key: tuple[str, str], peak: int, hours: int, even: bool) -> None:
        """A stretch that ended on that day. `key`: platform and author; peak in posts an hour."""
        accounts, reached = self._days[day], rung(peak)
        before = accounts.get(key)
        if before is not None:
            reached, hours, even = max(reached, before[0]), max(hours, before[1]), even or before[2]
        accounts[key] = (reached, hours, even)

    def take(self, upto: int) -> list[AuthorDay]:
        """The days before `upto`, which can change no more, by day and platform."""
        done = takewhile(lambda day: day < upto, sorted(self._days))
        return [one for day in list(done) for one in _summed(day, self._days.pop(day).items())]


def _summed(
    day: int, accounts: Iterable[tuple[tuple[str, str], tuple[int, int, bool]]]
) -> Iterable[AuthorDay]:
    paces: defaultdict[str, Counter[int]] = defaultdict(Counter)
    hours: defaultdict[str, Counter[int]] = defaultdict(Counter)
    evens: Counter[str] = Counter()
    for (platform, _), (reached, awake, even) in accounts:
        paces[platform][reached] += 1
        hours[platform][awake] += 1
        evens[platform] += even
    for platform, counts in sorted(paces.items()):
        yield AuthorDay(
            platform,
            day,
            counts.total(),
            tuple(sorted(counts.items())),
            tuple(sorted(hours[platform].items())),
            evens[platform],
        )
