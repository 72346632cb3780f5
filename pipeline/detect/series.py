"""Counts per interval, learned in one pass: what is usual at this hour, and how surprising a count is.

The expected count is a product of two things, each in constant memory and each learned from what lies before:

- the *rhythm*: decayed means per hour of the day and per hour of the week. Cells that were seen seldom are
  shrunk towards the next coarser thing (week cell -> day cell -> level), the usual empirical-Bayes
  compromise;
- the *present*: observed over rhythm in the last hours, so that a busy day is not one long alarm.

Counts of posts scatter more than a Poisson variable, so the tail is that of a negative binomial whose
dispersion is learned by moments, as in Farrington et al., "A statistical algorithm for the early detection
of outbreaks", JRSS A 1996, and Noufaily et al., Statistics in Medicine 2013. From there comes the
robustness, too: a count far above the expected one is learned only up to a cap, so an attack does not become
the new normal at once, while a lasting change, even fifty-fold, is followed within a day or two.

Silence is not visited: how often a cell of the clock was seen follows from the calendar, so an interval
costs O(1) however long the gap before it was.
"""

from __future__ import annotations

from copy import copy
from math import log, sqrt

import msgspec

from pipeline.detect.tail import log_beta
from schemas.times import DAY, HOUR, MINUTE, Micros


class SeriesParameters(msgspec.Struct, frozen=True):
    """How a series is learned.

    width: length of an interval, microseconds.
    guard: an interval is judged by intervals that end at least this long before it, microseconds.
    warm_up: intervals since the first one during which counts are learned as they are.
    level_half_life, day_half_life, week_half_life: days, days, weeks after which a past count weighs half in
        the level, the daily and the weekly rhythm.
    present_half_life: hours after which a past interval weighs half in "the present".
    day_shrink, week_shrink: visits of an hour's cell that weigh as much as the coarser thing it is shrunk to.
    present_shrink: hours of the rhythm that weigh against the present.
    present_floor: the present never falls below this share of the rhythm, so that the end of an outage is no
        burst.
    rhythm_from: sum of counts from which the rhythm is kept; smaller series keep a level only.
    cap: standard deviations above the expected count up to which a count is learned.
    dispersion: dispersion assumed before anything is known (variance = mean + dispersion * mean^2), counted
        as `dispersion_weight` intervals.
    forget: silence after which the series begins anew, microseconds.
    """

    width: Micros = 5 * MINUTE
    guard: Micros = 0
    warm_up: int = 12
    level_half_life: float = 14.0
    day_half_life: float = 14.0
    week_half_life: float = 4.0
    present_half_life: float = 3.0
    day_shrink: float = 1.0
    week_shrink: float = 2.0
    present_shrink: float = 1.0
    present_floor: float = 0.5
    rhythm_from: float = 100.0
    cap: float = 3.0
    dispersion: float = 0.5
    dispersion_weight: float = 20.0
    forget: Micros = 30 * DAY


class Expectation(msgspec.Struct, frozen=True):
    """What is usual for one interval.

    mean: expected count. level: the same without daily and weekly rhythm. dispersion: variance = mean +
    dispersion * mean^2. history_buckets: intervals between the first one known and the last that was used.
    """

    mean: float
    level: float
    dispersion: float
    history_buckets: int


class _Cycle:
    """Decayed sums of counts for each hour of a day (period 24) or of a week (168); one factor a full
    cycle.
    """

    __slots__ = ("begin", "decay", "index", "period", "sums")

    def __init__(self, period: int, half_life: float, begin: int) -> None:
        self.period = period
        self.decay: float = 0.5 ** (1 / half_life)
        self.begin = begin  # hours since the epoch
        self.index = begin // period
        self.sums = [0.0] * period

    def learn(self, hour: int, count: float) -> None:
        if hour < self.begin:
            return
        index = hour // self.period
        if index > self.index:
            factor = self.decay ** (index - self.index)
            self.sums = [total * factor for total in self.sums]
            self.index = index
        self.sums[hour % self.period] += count

    def read(self, hour: int, until: Micros) -> tuple[float, float]:
        """Sum of counts and number of visits of the hour's cell, both decayed to its last visit before
        `until`.
        """
        cell, now = hour % self.period, until // HOUR
        first = self.begin + (cell - self.begin) % self.period
        last = now - (now - cell) % self.period
        if last < first:
            return 0.0, 0.0
        older = self.decay * (1 - self.decay ** ((last - first) // self.period)) / (1 - self.decay)
        newest = (until - now * HOUR) / HOUR if last == now else 1.0
        return self.sums[cell] * self.decay ** (last // self.period - self.index), older + newest

    def twin(self) -> _Cycle:
        other = copy(self)
        other.sums = list(self.sums)
        return other


class CountModel:
    """One series. Feed `learn` in order of time; intervals left out are silent (count 0).

    For a stretch that was not observed at all, learn the expected mean instead.
    """

    __slots__ = (
        "_born", "_day", "_excess", "_expected", "_last", "_level", "_level_decay", "_p", "_present_decay",
        "_scale", "_seen", "_total", "_week",
    )  # fmt: skip

    def __init__(self, parameters: SeriesParameters) -> None:
        self._p = parameters
        self._level_decay: float = 0.5 ** (parameters.width / (parameters.level_half_life * DAY))
        self._present_decay: float = 0.5 ** (parameters.width / (parameters.present_half_life * HOUR))
        self._reset(0)
        self._last = -1  # nothing learned

    def _reset(self, start: Micros) -> None:
        self._born = start
        self._last = start
        self._level = self._total = 0.0
        self._seen = self._expected = 0.0  # the present: decayed sums of counts, and of the rhythm
        self._excess = self._scale = 0.0  # moments of the dispersion
        self._day: _Cycle | None = None
        self._week: _Cycle | None = None

    @property
    def last(self) -> Micros:
        """Start of the last interval learned; -1 when there is none."""
        return self._last

    def twin(self) -> CountModel:
        """An independent copy."""
        other = copy(self)
        other._day = self._day and self._day.twin()
        other._week = self._week and self._week.twin()
        return other

    def _mean_level(self, until: Micros) -> float:
        intervals = (until - self._born) / self._p.width
        if intervals <= 0:
            return 0.0
        decay = self._level_decay
        total: float = self._level * decay ** ((until - self._last) / self._p.width - 1)
        weight: float = (1 - decay**intervals) / (1 - decay)
        return total / weight

    def _rhythm(self, start: Micros, until: Micros, level: float) -> float:
        """Expected count by the clock alone, from what was learned before `until`."""
        if self._day is None or self._week is None:
            return level
        hour, hourly = start // HOUR, HOUR / self._p.width
        total, visits = self._day.read(hour, until)
        shrink = self._p.day_shrink
        mean = (total + shrink * hourly * level) / ((visits + shrink) * hourly)
        total, visits = self._week.read(hour, until)
        shrink = self._p.week_shrink
        return (total + shrink * hourly * mean) / ((visits + shrink) * hourly)

    def _present(self, until: Micros, level: float) -> tuple[float, float]:
        """The present's two sums at `until`, the silence since the last interval included."""
        width, decay = self._p.width, self._present_decay
        begin = self._last + width
        silent = (until - begin) // width
        if silent <= 0:
            return self._seen, self._expected
        seen, expected = self._seen * decay**silent, self._expected * decay**silent
        position = max(begin, until - DAY)  # what is older weighs next to nothing
        while position < until:
            # One step an hour, as the rhythm changes with the hour; without a rhythm one step is enough.
            end = min(until, (position // HOUR + 1) * HOUR) if self._day is not None else until
            weight = (1 - decay ** ((end - position) / width)) / (1 - decay)
            rhythm = self._rhythm(position, position, level)
            expected += rhythm * weight * decay ** ((until - end) / width)
            position = end
        return seen, expected

    def _mean(self, rhythm: float, seen: float, expected: float) -> float:
        """The rhythm's count, corrected by the present."""
        against = self._p.present_shrink * rhythm * HOUR / self._p.width
        ratio = (seen + against) / (expected + against) if expected + against > 0 else 1.0
        return rhythm * max(self._p.present_floor, ratio)

    def _dispersion(self) -> float:
        p = self._p
        estimate = (self._excess + p.dispersion * p.dispersion_weight) / (self._scale + p.dispersion_weight)
        return min(4.0, max(0.02, estimate))

    def learn(self, bucket_start: Micros, count: float) -> None:
        """Learns the count of the interval that begins at `bucket_start`, later than all learned before."""
        p = self._p
        if self._last < 0 or bucket_start - self._last > p.forget:
            self._reset(bucket_start)
        level = self._mean_level(bucket_start)
        rhythm = self._rhythm(bucket_start, bucket_start, level)
        seen, expected = self._present(bucket_start, level)
        if bucket_start - self._born >= p.warm_up * p.width:
            mean, dispersion = self._mean(rhythm, seen, expected), self._dispersion()
            count = min(count, mean + p.cap * sqrt(mean + dispersion * mean * mean) + 2)
            # Silent intervals are left out: that can only make the tail wider, and only for series near zero.
            keep, one = 0.9995, 1 + mean
            self._excess = self._excess * keep + ((count - mean) ** 2 - mean) / (one * one)
            self._scale = self._scale * keep + (mean / one) ** 2
        self._seen = seen * self._present_decay + count
        self._expected = expected * self._present_decay + rhythm
        self._level = self._level * self._level_decay ** ((bucket_start - self._last) / p.width) + count
        self._last = bucket_start
        self._total += count
        hour = bucket_start // HOUR
        if self._day is not None and self._week is not None:
            self._day.learn(hour, count)
            self._week.learn(hour, count)
        elif self._total >= p.rhythm_from and p.width <= HOUR:
            self._day = _Cycle(24, p.day_half_life, hour + 1)
            self._week = _Cycle(168, p.week_half_life, hour + 1)

    def rhythm(self, bucket_start: Micros) -> float:
        """Count that the clock alone leads to expect in an interval that begins after all learned; changes nothing."""
        if self._last < 0 or bucket_start - self._last > self._p.forget:
            return 0.0
        return self._rhythm(bucket_start, bucket_start, self._mean_level(bucket_start))

    def expect(self, bucket_start: Micros, intervals: int = 1) -> Expectation:
        """What is usual for the interval, given that all before `bucket_start - guard` has been learned.

        For several intervals that begin there the mean is that of their sum. Changes nothing. Without history
        the mean is 0 and `history_buckets` 0.
        """
        until = bucket_start - self._p.guard
        history = (until - self._born) // self._p.width
        if self._last < 0 or history <= 0 or bucket_start - self._last > self._p.forget:
            return Expectation(0.0, 0.0, self._p.dispersion, 0)
        level = self._mean_level(until)
        rhythm = self._rhythm(bucket_start, until, level)
        mean = self._mean(rhythm, *self._present(until, level))
        if intervals > 1 and rhythm > 0:
            at, end, total = bucket_start, bucket_start + intervals * self._p.width, 0.0
            while at < end:  # one step an hour, as the rhythm changes with the hour
                after = min(end, (at // HOUR + 1) * HOUR)
                total += self._rhythm(at, until, level) * (after - at) / self._p.width
                at = after
            mean *= total / rhythm
        return Expectation(mean, level, self._dispersion(), history)

    def surprise(self, bucket_start: Micros, count: float) -> float:
        """-log10 of the probability of at least `count` in that interval; 0 while there is no history."""
        expectation = self.expect(bucket_start)
        return surprise(count, expectation) if expectation.history_buckets else 0.0


def surprise(count: float, expectation: Expectation) -> float:
    """-log10 of the negative binomial's upper tail P(X >= count)."""
    if count <= 0:
        return 0.0
    mean, size = max(expectation.mean, 0.01), 1 / expectation.dispersion
    return max(0.0, -log_beta(count, size, mean / (mean + size)) / log(10))
