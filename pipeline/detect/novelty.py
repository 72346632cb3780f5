"""How new a height is: counts against the peaks of the days that are remembered, in one pass.

An anomaly that is worth saying is *rare*: higher than what the series itself reached on the days before. So what is
judged is a height (the logarithm of a count) against the daily peaks: extreme-value theory by block maxima
(Gumbel, "Statistics of Extremes", 1958; in streams Siffer et al., "Anomaly Detection in Streams with Extreme Value
Theory", KDD 2017). Each remembered day says how likely its own peak, repeated, would reach that height (a Gumbel
variable around it), and the days are mixed, the older with less weight: memory fades and is not cut off. The spread is
the series' own, so that one number means the same on a calm page and on a restless one.

- *Two heights*, the count itself and the count over what the clock leads to expect. Both must be rare, so the larger of
  the two probabilities stands (intersection-union test: Berger, Technometrics 1982). The first knows every peak of the
  page, the second its daily and weekly rhythm.
- *Several spans*. A flash is seen in one interval; a wave that lasts in the sum over an hour or a quarter of a day.
- *Known is no news*. What was said in the last hours is taken off, and comes back as it is forgotten.

A series costs the same however long it is: the peaks of the last days for each span and height.
"""

from __future__ import annotations

from math import exp, expm1, inf, log, log10

import msgspec

from schemas.times import DAY, HOUR, MINUTE, Micros

_LEAST = 1e-300


class NoveltyParameters(msgspec.Struct, frozen=True):
    """How heights are judged.

    width: length of an interval, microseconds.
    spans: hours over which counts are summed beside the single interval; divisors of 24.
    half_life: days after which a day's peak weighs half.
    days: days that are remembered at most.
    offset: posts added to a count before its logarithm is taken, so that chance among small counts is small.
    spread: scale of the peaks' Gumbel variable (in logarithms) assumed before anything is known, counted as
        `spread_weight` days.
    spread_half_life: days after which a difference between two days' peaks weighs half in the spread.
    rest: hours after which half of what was said is forgotten.
    warm_up: hours since peaks are kept during which nothing is new, as nothing is known.
    keep_from: posts in all from which peaks are kept; smaller series keep nothing.
    """

    width: Micros = 5 * MINUTE
    spans: tuple[int, ...] = (1, 6)
    half_life: float = 6.0
    days: int = 21
    offset: float = 5.0
    spread: float = 0.5
    spread_weight: float = 2.0
    spread_half_life: float = 12.0
    rest: float = 3.0
    warm_up: float = 1.0
    keep_from: float = 20.0


class Peaks:
    """Daily peaks of one height. Feed heights in order of time; days without any are left out."""

    __slots__ = ("_day", "_differences", "_p", "_past", "_peak", "_weight")

    def __init__(self, parameters: NoveltyParameters) -> None:
        self._p = parameters
        self._past: list[tuple[int, float]] = []  # day since the epoch, peak; the oldest first
        self._day = -1
        self._peak = -inf  # of the present day so far
        self._weight = parameters.spread_weight
        self._differences = parameters.spread * 2 * log(2) * self._weight

    def _turn(self, day: int) -> None:
        """The present day is over."""
        p = self._p
        if self._past:
            keep = 0.5 ** ((self._day - self._past[-1][0]) / p.spread_half_life)
            self._differences = self._differences * keep + abs(self._peak - self._past[-1][1])
            self._weight = self._weight * keep + 1
        self._past.append((self._day, self._peak))
        self._past = [past for past in self._past if past[0] >= day - p.days]
        self._day, self._peak = day, -inf

    def learn(self, day: int, height: float) -> None:
        """Learns a height of that day (days since the epoch)."""
        if day != self._day:
            if self._day >= 0:
                self._turn(day)
            self._day = day
        self._peak = max(self._peak, height)

    def rarity(self, day: int, height: float) -> float:
        """-log10 of the probability that a day like those remembered reaches the height; 0 when one of each did."""
        known = [*self._past, (self._day, self._peak)] if self._day >= 0 else []
        if not known or height <= min(peak for _, peak in known):
            return 0.0
        # Two independent Gumbel variables of one scale differ by 2 ln 2 times that scale on average.
        scale = max(self._differences / self._weight / (2 * log(2)), 1e-3)
        reached = total = 0.0
        for past, peak in known:
            weight = 0.5 ** ((day - past) / self._p.half_life)
            total += weight
            reached += weight * -expm1(-exp(min(50.0, (peak - height) / scale)))
        return -log10(max(reached / total, _LEAST))


class _Span:
    """Sums over one span, aligned to the clock, and their peaks."""

    __slots__ = ("_seen", "_usual", "actual", "begin", "count", "intervals", "length", "relative")

    def __init__(self, length: Micros, parameters: NoveltyParameters) -> None:
        self.length = length
        self.intervals = length / parameters.width
        self.begin: Micros = -1
        self.count = self._usual = 0.0
        self._seen = 0
        self.actual, self.relative = Peaks(parameters), Peaks(parameters)

    def rarity(self, count: float, usual: float, offset: float) -> float:
        """Of a sum that would end the present span. Changes nothing."""
        day, actual = self.begin // DAY, log(count + offset)
        rarity = self.actual.rarity(day, actual)
        return min(rarity, self.relative.rarity(day, actual - log(usual + offset))) if rarity else 0.0

    def add(self, count: float, usual: float) -> None:
        """One more interval."""
        self.count += count
        self._usual += usual
        self._seen += 1

    def close(self, offset: float) -> float:
        """The sum is complete: how rare it is. It is learned."""
        usual = self._usual / self._seen * self.intervals  # silent intervals were not added
        rarity = self.rarity(self.count, usual, offset)
        day, actual = self.begin // DAY, log(self.count + offset)
        self.actual.learn(day, actual)
        self.relative.learn(day, actual - log(usual + offset))
        self.begin, self.count, self._usual, self._seen = -1, 0.0, 0.0, 0
        return rarity


class Novelty:
    """One series. Feed `learn` in order of time; intervals left out are silent."""

    __slots__ = ("_born", "_known", "_last", "_p", "_spans", "_total")

    def __init__(self, parameters: NoveltyParameters) -> None:
        self._p = parameters
        self._spans: list[_Span] = []
        self._total = 0.0
        self._born: Micros = 0
        self._last: Micros = 0
        self._known = 0.0

    def _remembered(self, start: Micros) -> float:
        rest = self._p.rest * HOUR
        faded: float = self._known * 0.5 ** ((start - self._last) / rest)
        return faded

    @property
    def started(self) -> bool:
        """The series is large enough for its peaks to be kept."""
        return bool(self._spans)

    def peek(self, start: Micros, count: float, usual: float) -> float:
        """What `learn` would say of a single interval, later than all learned before. Changes nothing."""
        if not self._spans or start - self._born < self._p.warm_up * HOUR:
            return 0.0
        single = self._spans[0]
        begin, single.begin = single.begin, start
        rarity = single.rarity(count, usual, self._p.offset)
        single.begin = begin
        return max(0.0, rarity - self._remembered(start))

    def learn(self, start: Micros, count: float, usual: float) -> float:
        """Learns the interval that begins at `start`, later than all before, and says how new it is.

        A sum counts with the interval that ends it, or that follows when the last ones are silent.

        Args:
            start: microseconds, a multiple of the width.
            count: posts.
            usual: posts that the clock alone leads to expect.

        Returns:
            -log10 of a probability, less what was known; 0 for nothing new.
        """
        p, end = self._p, start + self._p.width
        if not self._spans:
            self._total += count
            if self._total < p.keep_from:
                return 0.0
            longer = [hours * HOUR for hours in p.spans if hours * HOUR > p.width]
            self._spans = [_Span(length, p) for length in (p.width, *longer)]
            self._born = start
        rarity = 0.0
        for span in self._spans:
            begin = start - start % span.length
            if span.begin not in (-1, begin):
                rarity = max(rarity, span.close(p.offset))
            span.begin = begin
            span.add(count, usual)
            if end == begin + span.length:
                rarity = max(rarity, span.close(p.offset))
        known = self._remembered(start)
        self._last = start
        if start - self._born < p.warm_up * HOUR:
            return 0.0
        self._known = max(known, rarity)
        return max(0.0, rarity - known)


def novelty_score(novelty: float) -> float:
    """A novelty as a number from 0 to 1: one in ten is 0.9, one in a hundred 0.99."""
    return -expm1(-log(10) * novelty)
