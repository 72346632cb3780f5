"""How each page's follower count changed from day to day, for what happens to many pages at once.

Lives beside `FanSpikes`, in the partition of a page. A day is taken when the watermark has passed its end; the last
count of the day stands for it (of two at one moment, the lower; zeros are errors). Only pages that moved are named,
the others are counted, so that the place where all partitions meet hears little. Everything told with `DaySum` is a
function of the set of records; `PageMove`s told ahead of it are for telling early and bind nobody.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from pipeline.detect.clock import Tick
from pipeline.detect.fan_rise import Ring
from pipeline.detect.parameters_platform import PlatformParameters
from schemas.records import FanCount
from schemas.times import DAY, Micros

_Key = tuple[str, str]
"""Platform and page."""
_SHORTEST = 0.5
"""Two counts closer than that, in days, say nothing about a page's usual day."""
_SWEEP = 7
"""Days between two looks for pages to forget."""


class PageMove(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A page's change on one day, far from its usual one.

    day: UTC day, in days since 1970. at, since: the two counts. before: fans at `since`. change: fans beyond the usual
    change, negative for a loss; 0 takes back a move that was told early.
    """

    platform: str
    page: str
    day: int
    at: Micros
    since: Micros
    before: int
    change: float


class DaySum(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """All pages of one partition and platform on one day. still: pages left out because they had stood still; rose,
    fell: judged pages with more fans, and with fewer, than before, by however little."""

    platform: str
    day: int
    judged: int
    still: int
    rose: int
    fell: int
    moves: tuple[PageMove, ...]


class _Page:
    """One page as it stood on the last day taken."""

    __slots__ = ("at", "awake", "day", "early", "fans", "ring", "still")

    def __init__(self, day: int, at: Micros, fans: int, history: int) -> None:
        self.day, self.at, self.fans = day, at, fans
        self.ring = Ring(history)  # changes a day
        self.still = 0  # days without any change, up to this one
        self.awake = 0  # the day from which on it is judged, after a run of such days
        self.early: tuple[int, bool] = (0, False)  # the day that was told early, and whether a loss

    def take(self, day: int, at: Micros, fans: int, still_days: int) -> None:
        """A day's last count."""
        if fans == self.fans:
            self.still += day - self.day
        else:
            if self.still >= still_days:  # a counter that catches up may stumble once more
                self.awake = day + still_days
            self.still = 0
        elapsed = (at - self.at) / DAY
        if elapsed >= _SHORTEST:
            self.ring.push((fans - self.fans) / elapsed)
        self.day, self.at, self.fans = day, at, fans


class FanDays:
    """The daily changes of one partition's pages. After the end of the stream it begins anew."""

    def __init__(self, parameters: PlatformParameters) -> None:
        self._p = parameters
        self._pages: dict[_Key, _Page] = {}
        self._pending: defaultdict[int, dict[_Key, tuple[Micros, int]]] = defaultdict(dict)
        self._touched: set[_Key] = set()
        self._swept = 0

    def add(self, counts: Iterable[FanCount]) -> None:
        """Takes counts in any order; none may be late."""
        for count in counts:
            if count.followers <= 0:
                continue
            key, at = (count.platform, count.page_id), count.observed_at
            day = self._pending[at // DAY]
            if key not in day or (at, -count.followers) > (day[key][0], -day[key][1]):
                day[key] = (at, count.followers)
                self._touched.add(key)

    def advance(self, tick: Tick) -> tuple[list[DaySum], list[PageMove]]:
        """Days that are complete now, in order, and moves of the day that runs."""
        out: list[DaySum] = []
        for day in sorted(day for day in self._pending if (day + 1) * DAY <= tick.watermark):
            out += self._take(day, self._pending.pop(day))
        early: list[PageMove] = []
        if tick.ended:
            self._pages.clear()
        elif self._touched:
            today = max(self._pending, default=0)
            early = [move for key in sorted(self._touched) if (move := self._ahead(key, today)) is not None]
        self._touched.clear()
        return out, early

    def _take(self, day: int, counts: dict[_Key, tuple[Micros, int]]) -> list[DaySum]:
        sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
        moves: defaultdict[str, list[PageMove]] = defaultdict(list)
        for key in sorted(counts):
            at, fans = counts[key]
            page = self._pages.get(key)
            if page is None or day - page.day > self._p.forget_days:
                self._pages[key] = _Page(day, at, fans, self._p.history)
                continue
            platform = key[0]
            if self._judged(page, day):
                if self._still(page, day):
                    sums[platform]["still"] += 1
                else:
                    sums[platform]["judged"] += 1
                    sums[platform]["rose"] += fans > page.fans
                    sums[platform]["fell"] += fans < page.fans
                    if (move := self._move(key, page, day, at, fans)) is not None:
                        moves[platform].append(move)
            page.take(day, at, fans, self._p.still_days)
        if day - self._swept >= _SWEEP:
            self._swept = day
            for key in [key for key, page in self._pages.items() if day - page.day > self._p.forget_days]:
                del self._pages[key]
        return [
            DaySum(name, day, sum_["judged"], sum_["still"], sum_["rose"], sum_["fell"], tuple(moves[name]))
            for name, sum_ in sorted(sums.items())
        ]

    def _judged(self, page: _Page, day: int) -> bool:
        """Whether there is a usual pace to judge the page by, and a count of late."""
        return len(page.ring) >= self._p.min_history and day - page.day <= self._p.max_gap

    def _still(self, page: _Page, day: int) -> bool:
        """Whether a change says more about the counter than about the fans."""
        return page.still >= self._p.still_days or day < page.awake

    def _move(self, key: _Key, page: _Page, day: int, at: Micros, fans: int) -> PageMove | None:
        """The change since the last day taken, if it is far from the usual."""
        days, usual = (at - page.at) / DAY, page.ring.median()
        excess = fans - page.fans - usual * days
        if abs(excess) < max(self._p.min_fans, self._p.min_share * page.fans):
            return None
        spread = max(page.ring.spread(usual), max(usual, 1.0) ** 0.5)
        if abs(excess) < self._p.deviations * spread * max(days, 1.0) ** 0.5:
            return None
        if excess * (fans - page.fans) <= 0:  # a slower gain is no loss
            return None
        return PageMove(key[0], key[1], day, at, page.at, page.fans, round(excess, 3))

    def _ahead(self, key: _Key, today: int) -> PageMove | None:
        """What is new of a page today, before the day is complete."""
        page, counts = self._pages.get(key), self._pending.get(today, {})
        if page is None or key not in counts or page.day != today - 1:
            return None
        if not self._judged(page, today) or self._still(page, today):
            return None
        at, fans = counts[key]
        move = self._move(key, page, today, at, fans)
        if move is None:
            if page.early[0] != today:
                return None
            page.early = (0, False)
            return PageMove(key[0], key[1], today, at, page.at, page.fans, 0.0)
        if page.early == (today, move.change < 0):
            return None
        page.early = (today, move.change < 0)
        return move
