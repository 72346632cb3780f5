"""Waves of new followers of one page.

Follow events are gathered by the hour; an hour is a set, so neither order nor repetition matters. A sum of
hours is judged against the page's own hours of the last weeks; `pipeline.detect.fan_newcomers` tells who
came.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable

import msgspec

from pipeline.detect.fan_newcomers import Newcomers, Row, Usual, Who, judge
from pipeline.detect.fan_rise import MAD_TO_SIGMA, middle
from pipeline.detect.parameters_fans import FollowParameters
from schemas.records import Follow
from schemas.times import HOUR, Micros


class Wave(msgspec.Struct, frozen=True):
    """More follows than usual. at: start of its first hour; end: end of its last (excluded); spread in
    follows."""

    at: Micros
    end: Micros
    count: int
    expected: float
    spread: float
    deviations: float


class FollowPage:
    """All follows of one page: hours before the watermark in sums, later ones as rows."""

    __slots__ = ("_first_hour", "_past", "_sums", "open", "parameters", "waiting", "waves")

    def __init__(self, parameters: FollowParameters) -> None:
        self.parameters = parameters
        self.open: dict[int, dict[str, Row]] = {}  # hour -> account -> its first row
        self._sums: dict[int, Newcomers] = {}
        self._past: dict[int, Usual] = {}
        self._first_hour: int | None = None
        self.waves: list[Wave] = []
        self.waiting = 0  # rows in open hours

    def add(self, follow: Follow) -> bool:
        """Whether the record says something new. An account counts once an hour; who leaves is no
        newcomer."""
        if follow.action not in ("follow", "like"):
            return False
        row = Row(
            follow.at,
            follow.actor_id,
            -1 if follow.actor_created_at is None else follow.actor_created_at,
            -1 if follow.actor_posts is None else follow.actor_posts,
            -1 if follow.actor_followers is None else follow.actor_followers,
            follow.actor_name or "",
        )
        rows = self.open.setdefault(row.at // HOUR, {})
        known = rows.get(row.actor)
        if known is not None and known <= row:
            return False
        self.waiting += known is None
        rows[row.actor] = row
        return True

    def fold(self, watermark: Micros) -> None:
        """Sums up the hours that are complete, in order, and looks at each."""
        for hour in sorted(hour for hour in self.open if (hour + 1) * HOUR <= watermark):
            rows = self.open.pop(hour)
            self.waiting -= len(rows)
            group = Newcomers.of(rows.values(), self.parameters.young_days)
            self._sums[hour] = group
            self._past[hour] = group.usual()
            if self._first_hour is None:
                self._first_hour = hour
            wave = self._look(hour)
            if wave is not None:
                self.waves.append(wave)

    def ahead(self, progress: Micros) -> tuple[list[Wave], FollowPage]:
        """All waves as they stand with the follows up to `progress`, and the page at that moment."""
        page = FollowPage(self.parameters)
        page._sums, page._past = self._sums.copy(), self._past.copy()
        page._first_hour, page.waves = self._first_hour, self.waves.copy()
        page.open = {
            hour: {row.actor: row for row in rows.values() if row.at <= progress}
            for hour, rows in self.open.items()
            if hour * HOUR <= progress
        }
        page.open = {hour: rows for hour, rows in page.open.items() if rows}
        page.fold((progress // HOUR + 1) * HOUR)
        return page.waves, page

    def forget(self, before: Micros) -> None:
        """Drops the sums of hours that end before a moment, and the rhythm `history` hours before that."""
        last = before // HOUR
        for hour in [hour for hour in self._sums if hour < last]:
            del self._sums[hour]
        last -= self.parameters.history + max(self.parameters.windows)
        for hour in [hour for hour in self._past if hour < last]:
            del self._past[hour]

    def newcomers(self, hours: Iterable[int]) -> Newcomers:
        """Who came in these hours."""
        return Newcomers.together(self._sums[hour] for hour in sorted(set(hours)) if hour in self._sums)

    def hourly(self, first: int, last: int) -> list[int]:
        """Newcomers of each hour from `first` to before `last`."""
        return [self._past[hour].all if hour in self._past else 0 for hour in range(first, last)]

    def who(self, group: Newcomers, before: int) -> Who | None:
        """What is known of these newcomers, against those of the weeks before hour `before`; None if too
        little."""
        past = [
            usual for hour, usual in self._past.items() if before - self.parameters.history <= hour < before
        ]
        return judge(group, past, before * HOUR, self.parameters)

    def deadline(self) -> Micros | None:
        """The watermark at which there is something to do without a new record."""
        return (min(self.open) + 1) * HOUR if self.open else None

    def _look(self, hour: int) -> Wave | None:
        best: Wave | None = None
        past = self._past
        for window in self.parameters.windows:
            span = range(hour - window + 1, hour + 1)
            counts = {h: past[h].all for h in span if h in past}
            total = sum(counts.values())
            least = 0.25 * total / window
            if total < self.parameters.min_follows or counts[hour] < least:
                continue
            usual = self._rhythm(hour, window)
            if usual is None:
                continue
            expected, spread = usual
            begin = next(h for h in span if counts.get(h, 0) >= least)
            excess = total - expected
            deviations = excess / spread
            if (
                excess < max(self.parameters.min_follows, expected)
                or deviations < self.parameters.suspect_deviations
            ):
                continue
            if deviations < self.parameters.deviations or excess < self.parameters.min_varied:
                who = self.who(self.newcomers(range(begin, hour + 1)), begin)
                if who is None or who.suspicion < self.parameters.bought:
                    continue
            if best is None or deviations > best.deviations:
                best = Wave(begin * HOUR, (hour + 1) * HOUR, total, expected, spread, deviations)
        return best

    def _rhythm(self, hour: int, window: int) -> tuple[float, float] | None:
        """Median and robust deviation of the sums of `window` hours before this one; None when there are too
        few."""
        assert self._first_hour is not None
        begin = max(self._first_hour, hour - self.parameters.history - window + 1)
        counts = self._past
        sums: list[int] = []
        end = hour - window  # last hour of the latest earlier window
        while end - window + 1 >= begin:
            insort(sums, sum(counts[h].all for h in range(end - window + 1, end + 1) if h in counts))
            end -= window
        if len(sums) < (24 if window == 1 else 6):
            return None
        median = middle(sums)
        spread = MAD_TO_SIGMA * middle(sorted(abs(value - median) for value in sums))
        return median, max(spread, max(median, 1.0) ** 0.5)
