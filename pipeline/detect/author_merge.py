"""Where accounts of all source partitions meet what is usual on their platform.

A stretch is judged by the habit as of a day that was complete an hour before it began, so that the first word on an
account that runs hot need not wait for anything: every partition has told the days that are asked for, unless one lags
an hour behind. Then the word is given with what is known, and stays open until it can be given for good. What stands in
the end is the same in whatever order the partitions spoke.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from pipeline.detect.author_days import AuthorWord
from pipeline.detect.author_findings import Judged
from pipeline.detect.author_habits import PlatformHabits
from pipeline.detect.author_runs import Stretch
from pipeline.detect.clock import Tick
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_volume import AuthorParameters
from schemas.times import DAY, HOUR, Micros

_LOOK_BACK: Micros = 14 * DAY
"""A stretch that goes on for longer is judged by the habit of so long before its end."""


class AuthorMerge:
    """Judges what `AuthorPace` tells. `lateness` in microseconds, the stream's. Begins anew after the stream's end."""

    def __init__(self, parameters: AuthorParameters, lateness: Micros) -> None:
        self._p = parameters
        self._guard = lateness + HOUR
        self._clear()

    def _clear(self) -> None:
        self._habits = PlatformHabits(self._p)
        self._waiting: dict[tuple[str, str, int], Stretch] = {}
        self._told: dict[tuple[str, str, int], Finding] = {}
        self._days: dict[int, int] = {}  # source -> the last day it told
        self._upto = 0

    def feed(self, words: Iterable[AuthorWord], tick: Tick) -> list[Finding]:
        """What there is to say after these words; `tick` is that of all partitions together. In order of (first_seen,
        alert_id)."""
        new: dict[tuple[str, str, int], Stretch] = {}
        for word in words:
            told = self._days.get(word.source, -1)
            self._habits.add(day for day in word.days if day.day > told)
            self._days[word.source] = max((day.day for day in word.days), default=told)
            new.update(((one.platform, one.author, one.first), one) for one in word.stretches)
        upto = tick.watermark // DAY
        if upto != self._upto:
            self._habits.take(upto)
        self._waiting |= new
        found: list[Finding] = []
        for name, stretch in list(self._waiting.items()):
            certain = self._day(stretch) <= upto
            if certain:
                del self._waiting[name]
            if certain or name in new:
                found += self._say(name, stretch, certain)
        if tick.ended:
            self._clear()
        elif upto != self._upto:
            self._upto = upto
            self._habits.forget(upto)
        return sorted(found, key=lambda finding: (finding.first_seen, finding.alert_id))

    def _day(self, stretch: Stretch) -> int:
        """The day as of which the platform's habit is asked for."""
        return (max(stretch.first * HOUR, stretch.last * HOUR - _LOOK_BACK) - self._guard) // DAY

    def _say(self, name: tuple[str, str, int], stretch: Stretch, certain: bool) -> Iterator[Finding]:
        judged = Judged.by(self._p, stretch, self._habits.before(stretch.platform, self._day(stretch)))
        before = self._told.pop(name, None)
        if judged.flagged:
            finding = judged.finding(closed=stretch.closed and certain)
            if not finding.closed:
                self._told[name] = finding
            yield finding
        elif before is not None:
            yield msgspec.structs.replace(before, withdrawn=True)
