"""Sources that go quiet against their own habit.

Each source has a learned rhythm of the day and the week (`pipeline.detect.series`). Quiet hours are added up: so many
posts should have come, so few did. A night adds next to nothing, so it is no silence; a busy hour may be enough. The
probability is that of the negative binomial's lower tail, as if the hours of a half day were good or bad together,
which is the careful assumption. A stretch must also be longer, in posts that are missing, than those that the source
had before: one that brings a batch a week is quiet for the rest of it. (Lambert and Liu, "Adaptive Thresholds:
Monitoring Streams of Network Counts", JASA 2006, watch counts of a network for outages by such tails, with a rhythm
of the day and week.)

Time is that of the stream's posts: what the others send tells that this one does not. A stream that is silent as a
whole stands still, and then a live shell may ask for a `look` by the wall clock, which can open an alert and never
close one. What is closed is a function of the set of records alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from math import log
from typing import Protocol

import msgspec

from pipeline.detect.clock import Tick
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_silence import SilenceParameters
from pipeline.detect.series import CountModel, SeriesParameters
from pipeline.detect.silence_findings import Quiet, describe
from pipeline.detect.source_counts import SourceCount, SourceKey
from pipeline.detect.tail import log_beta
from schemas.times import DAY, HOUR, Micros

_LOOK_AHEAD = 24 * 7
"""Hours of a stream that stands still beyond which a look does not go."""
_WATCHED = 120.0
"""Wall seconds between two looks after which the time between them was not watched."""
_TOGETHER = 12
"""Hours that are taken to be good or bad together; half days are independent of each other."""
_HABIT = 28 * 24
"""Hours after which a long quiet stretch of the past weighs half."""
_LIVE = 3600.0
"""Seconds that event time may lie behind the wall clock in a live stream; in a replay of old records it does more."""


def surprise(posts: int, mean: float, dispersion: float) -> float:
    """-log10 of P(X <= posts) for a negative binomial variable with this mean and dispersion."""
    if mean <= 0:
        return 0.0
    size = 1 / dispersion
    return max(0.0, -log_beta(size, posts + 1, size / (size + mean)) / log(10))


class SourceWord(Protocol):
    """What a partition says of its sources."""

    @property
    def source(self) -> int:
        """The partition."""

    @property
    def counts(self) -> Sequence[SourceCount]:
        """What has changed."""

    @property
    def reached(self) -> Micros:
        """`Taken.reached`."""


class _Source(msgspec.Struct):
    """model: its hours. born: the first one. last: its last post. quiet: the hours since it went quiet, each with its
    posts and the usual ones; dispersion: as it was then. longest: usual posts of the longest quiet stretch that it had
    by habit, as it weighed at the hour `longest_at`."""

    model: CountModel
    born: int
    last: Micros = 0
    quiet: list[tuple[int, int, float]] = []
    dispersion: float = 0.0
    longest: float = 0.0
    longest_at: int = 0

    def habit(self, hour: int) -> float:
        """`longest` as it weighs now."""
        decay: float = 0.5 ** ((hour - self.longest_at) / _HABIT)
        return self.longest * decay


class SourceSilence:
    """Watches all sources of the stream. Begins anew after the stream's end. `tell`: makes a finding of a quiet
    stretch; a function that can be pickled."""

    def __init__(
        self, parameters: SilenceParameters, tell: Callable[[Quiet, SilenceParameters], Finding] = describe
    ) -> None:
        self._p = parameters
        self._tell = tell
        self._series = SeriesParameters(width=HOUR, forget=round(2 * parameters.forget_days * DAY))
        self._clear()

    def _clear(self) -> None:
        self._counts: dict[int, dict[SourceKey, dict[int, SourceCount]]] = {}
        self._sources: dict[SourceKey, _Source] = {}
        self._told: dict[SourceKey, Finding] = {}
        self._all: dict[int, tuple[int, float, int]] = {}  # of judged sources: posts, usual posts, how many
        self._next = -1  # the hour to judge next
        self._reached: Micros = 0
        self._live = False
        self._since = self._looked = 0.0

    def feed(self, words: Iterable[SourceWord], tick: Tick, now: float) -> list[Finding]:
        """What there is to say after these words of the source partitions; `tick` is that of all together, `now` the
        wall time in seconds at which they were sent."""
        for word in words:
            self._reached = max(self._reached, word.reached)
            for one in word.counts:
                if one.hour < self._next:
                    continue  # of a partition that was taken for quiet
                parts = self._counts.setdefault(one.hour, {}).setdefault((one.platform, one.source), {})
                if word.source not in parts or parts[word.source].posts < one.posts:
                    parts[word.source] = one
        until = min(self._reached, tick.watermark) // HOUR
        found = list(self._judge(until))
        if tick.ended:
            found += self._end()
            self._clear()
        else:
            self._live = abs(now - tick.progress / 1e6) < _LIVE
        return found

    def look(self, now: float) -> list[Finding]:
        """What the wall clock (seconds) says of a live stream that stands still; to be called again and again."""
        if now - self._looked > _WATCHED:
            self._since = now
        before, self._looked = self._looked, now
        hour = int(now) // 3600
        if not self._live or self._next < 0 or int(before) // 3600 == hour:
            return []
        found: list[Finding] = []
        watched = -int(-self._since // 3600)
        for key, source in sorted(self._sources.items()):
            if key in self._told:
                continue
            hours = list(source.quiet)
            for at in range(self._next, min(hour, self._next + _LOOK_AHEAD)):
                posts, usual = self._posts(at, key), source.model.rhythm(at * HOUR)
                if posts > self._p.quiet_share * usual:
                    hours = []
                elif at >= watched:
                    hours.append((at, posts, usual))
            found += self._say(key, source, hours)
        return found

    def _posts(self, hour: int, key: SourceKey) -> int:
        return sum(one.posts for one in self._counts.get(hour, {}).get(key, {}).values())

    def _silent(self, source: _Source, hours: list[tuple[int, int, float]]) -> float:
        """The surprise of these quiet hours; 0 where they are no silence."""
        if not hours or hours[0][0] - source.born < self._p.history_days * 24:
            return 0.0
        usual = sum(m for _, _, m in hours)
        if usual < self._p.habit_ratio * source.habit(hours[0][0]):
            return 0.0
        dispersion = max(self._p.dispersion, source.dispersion)
        figure = 0.0
        for _, part in groupby(hours, key=lambda one: one[0] // _TOGETHER):
            block = list(part)
            figure += surprise(sum(n for _, n, _ in block), sum(m for _, _, m in block), dispersion)
        return figure if figure >= self._p.surprise else 0.0

    def _judge(self, until: int) -> Iterator[Finding]:
        """The hours before `until`, in order."""
        if self._next < 0:
            self._next = min(self._counts, default=until)
            if self._next >= until:
                self._next = -1  # something earlier may come yet
                return
        while self._next < until:
            if not self._sources:  # nobody to miss: on to the next hour with posts
                self._next = min(self._counts, default=until)
                if self._next >= until:
                    self._next = until
                    return
            yield from self._hour(self._next, self._counts.pop(self._next, {}))
            self._next += 1

    def _hour(self, hour: int, counts: dict[SourceKey, dict[int, SourceCount]]) -> Iterator[Finding]:
        for key in sorted(counts):
            if key not in self._sources and len(self._sources) < self._p.max_sources:
                self._sources[key] = _Source(CountModel(self._series), hour)
        judged: list[tuple[SourceKey, _Source, int, float]] = []
        for key, source in sorted(self._sources.items()):
            posts = sum(one.posts for one in counts.get(key, {}).values())
            judged.append((key, source, posts, source.model.rhythm(hour * HOUR)))
        known = [(posts, usual) for _, _, posts, usual in judged if usual > 0]
        self._all[hour] = sum(n for n, _ in known), sum(m for _, m in known), len(known)
        for key, source, posts, usual in judged:
            parts = counts.get(key, {}).values()
            if usual > 0 and posts <= self._p.quiet_share * usual:
                if not source.quiet:
                    source.dispersion = source.model.expect(hour * HOUR).dispersion
                source.quiet.append((hour, posts, usual))
                if len(source.quiet) >= self._p.forget_days * 24:
                    yield from self._say(key, source, source.quiet, gone=True)
                    del self._sources[key]
                else:
                    yield from self._say(key, source, source.quiet)
            elif posts:
                if source.quiet or key in self._told:
                    yield from self._over(key, source, min(one.first for one in parts))
                source.model.learn(hour * HOUR, posts)
                source.last = max(source.last, *(one.last for one in parts))
        oldest = min((source.quiet[0][0] for source in self._sources.values() if source.quiet), default=hour)
        self._all = {at: entry for at, entry in self._all.items() if at >= oldest}

    def _over(self, key: SourceKey, source: _Source, back: Micros) -> Iterator[Finding]:
        """The source is back. A silence teaches nothing about the habit; quiet hours that were none are part of it."""
        yield from self._say(key, source, source.quiet, back=back)
        silent = self._silent(source, source.quiet) > 0
        for hour, posts, usual in source.quiet:
            if silent or posts:
                source.model.learn(hour * HOUR, usual if silent else posts)
        # While the rhythm is hardly known, each night is a long stretch.
        known = source.quiet and source.quiet[0][0] - source.born >= self._p.history_days * 12
        if known and not silent:
            at = source.quiet[-1][0]
            source.longest = max(source.habit(at), sum(usual for _, _, usual in source.quiet))
            source.longest_at = at
        source.quiet = []

    def _end(self) -> Iterator[Finding]:
        """The stream ends, by its sources' own word: what is still quiet will stay so, and is told as it stands."""
        for key, source in sorted(self._sources.items()):
            yield from self._say(key, source, source.quiet, ended=True)

    def _say(
        self,
        key: SourceKey,
        source: _Source,
        hours: list[tuple[int, int, float]],
        back: Micros | None = None,
        gone: bool = False,
        ended: bool = False,
    ) -> Iterator[Finding]:
        """The word on a quiet stretch, where it is new."""
        told = self._told.get(key)
        closed = back is not None or gone or ended
        figure = self._silent(source, hours)
        if not figure:
            if closed and told is not None:
                del self._told[key]
                yield msgspec.structs.replace(told, withdrawn=True)
            return
        others = [
            (n - own, m - mean, count - 1)
            for hour, own, mean in hours
            for n, m, count in [self._all.get(hour, (own, mean, 1))]
        ]
        finding = self._tell(
            Quiet(
                key, hours[0][0], hours[-1][0], sum(n for _, n, _ in hours), sum(m for _, _, m in hours), figure,
                source.last, back, gone, closed,
                sum(n for n, _, _ in others), sum(m for _, m, _ in others), max(c for _, _, c in others),
            ),
            self._p,
        )  # fmt: skip
        if told is not None and told.alert_id != finding.alert_id:
            yield msgspec.structs.replace(told, withdrawn=True)
            told = None
        if closed:
            self._told.pop(key, None)
            yield finding
        elif told is None or told.severity != finding.severity:
            self._told[key] = finding
            yield finding
