"""The follower counts of one page.

Readings before the watermark are folded into tracks (`pipeline.detect.fan_track`), one a time scale; those
behind it wait in a short tail, in order of time. Zeros are errors of collection; of two readings of one
moment the lower counts.
"""

from __future__ import annotations

import copy
from bisect import bisect_left
from collections import Counter, deque

from pipeline.detect.fan_rise import Reading, Rise, at_of
from pipeline.detect.fan_track import Track
from pipeline.detect.parameters_fans import CountParameters
from schemas.times import Micros

_DIGITS_KEPT = 30
_DIGITS_NEEDED = 10
"""Different counts after which their digits say how they are rounded."""


class CountPage:
    """All counts of one page: those before the watermark folded into tracks, those behind it in a short
    tail."""

    __slots__ = ("_digits", "_last", "_p", "_rounded", "rises", "tail", "tracks")

    def __init__(self, parameters: CountParameters) -> None:
        self._p = parameters
        self.tail: list[Reading] = []
        self.tracks = [Track(grain, parameters) for grain in parameters.grains]
        self.rises: list[Rise] = []
        self._digits: deque[int] = deque(maxlen=_DIGITS_KEPT)
        self._last: Reading | None = None
        self._rounded = False

    def add(self, reading: Reading) -> bool:
        """Whether the reading is new."""
        i = bisect_left(self.tail, reading)
        if i < len(self.tail) and self.tail[i] == reading:
            return False
        self.tail.insert(i, reading)
        return True

    def fold(self, watermark: Micros, notes: Counter[str]) -> None:
        """Takes for good what lies before the watermark."""
        ready = bisect_left(self.tail, watermark, key=at_of)
        for reading in self.tail[:ready]:
            self._read(reading, notes)
        del self.tail[:ready]
        for track in self.tracks:
            done = track.settle(watermark, notes)
            if done is not None:
                self.rises.append(done)

    def ahead(self, progress: Micros) -> list[Rise]:
        """All rises, as they stand with the readings up to `progress`."""
        page, early = self, [reading for reading in self.tail if reading.at <= progress]
        if early:
            page, notes = self._copy(), Counter[str]()
            for reading in early:
                page._read(reading, notes)
        open_ones = [track.rise for track in page.tracks if track.rise is not None and track.rise.far]
        return page.rises + open_ones

    def deadline(self) -> Micros | None:
        """The watermark at which there is something to do without a new record."""
        waits = [track.rise.at + self._p.settle + 1 for track in self.tracks if track.rise is not None]
        if self.tail:
            waits.append(self.tail[0].at + 1)
        return min(waits, default=None)

    def _copy(self) -> CountPage:
        twin = copy.copy(self)
        twin.tracks = [track.copy() for track in self.tracks]
        twin.rises = self.rises.copy()
        twin._digits = self._digits.copy()
        return twin

    def _read(self, reading: Reading, notes: Counter[str]) -> None:
        last = self._last
        if reading.fans == 0:
            notes["zero"] += 1
            return
        if (
            last is not None and last.at == reading.at
        ):  # in order of size: the lower of two contradicting readings counts
            notes["contradiction"] += reading.fans != last.fans
            return
        if last is None or last.fans != reading.fans:
            self._digits.append(len(str(reading.fans).rstrip("0")))
        self._last = reading
        quantum = self._quantum(reading.fans)
        if len(self._digits) >= _DIGITS_NEEDED:
            notes["rounded"] += quantum > 1 and not self._rounded
            self._rounded = quantum > 1
        for track in self.tracks:
            for done in (track.settle(reading.at, notes), track.feed(reading, quantum, notes)):
                if done is not None:
                    self.rises.append(done)

    def _quantum(self, fans: int) -> int:
        """What the count seems rounded to: 100 for a page that shows 12300, 12400, and so on."""
        # one more trailing zero than the others is chance; so the most digits any recent count had
        return int(10 ** max(0, len(str(fans)) - max(self._digits)))
