"""One source partition of fan counts and follows. A page lies in one partition, so nothing needs to be shuffled; what
happens to all pages at once is told to the place where alerts are made, by the day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from pipeline.detect.clock import END, FINAL, Tick
from pipeline.detect.fan_days import FanDays
from pipeline.detect.fan_merge import FanWord
from pipeline.detect.fan_spikes import FanSpikes
from pipeline.detect.intake import Counts, Intake, Raw, Refused
from pipeline.detect.messages import Signal
from pipeline.detect.parameters import Parameters
from schemas.records import FanCount, Follow
from schemas.times import DAY, Micros


class FanOut(msgspec.Struct):
    """What a batch brought. `stored`: what the store has to know, each with whether it was late. `signal`: for the
    place where alerts are made, None where there is nothing to tell."""

    stored: list[tuple[FanCount | Follow, bool]]
    refused: list[Refused]
    counts: Counts
    signal: Signal | None


class FanStep:
    """One source partition, `source` by number."""

    def __init__(self, parameters: Parameters, source: int) -> None:
        self._source = source
        self._lateness = parameters.lateness
        self._intake = Intake(parameters.lateness, parameters.horizon)
        self._spikes = FanSpikes(parameters.fans, parameters.lateness, parameters.arrivals)
        self._days = FanDays(parameters.platform)
        self._told = -1  # the day of the watermark that was told last

    @property
    def clock(self) -> Micros:
        """The latest event time that came through."""
        return self._intake.clock

    @property
    def quality_notes(self) -> Mapping[str, int]:
        """What was wrong with the counts of this partition and passed over; see `FanSpikes.quality_notes`."""
        return self._spikes.quality_notes

    def feed(self, batch: Sequence[Raw]) -> list[FanOut]:
        """Takes a batch. More than one answer comes where a source ended within it."""
        out = []
        for taken in self._intake.take(batch):
            records = [record for record in taken.accepted if isinstance(record, FanCount | Follow)]
            said = [(record, False) for record in taken.accepted] + [(record, True) for record in taken.late]
            stored = [
                (record, late) for record, late in said + taken.again if isinstance(record, FanCount | Follow)
            ]
            self._spikes.add(records)
            self._days.add(record for record in records if isinstance(record, FanCount))
            tick = FINAL if taken.ended else Tick(taken.clock, max(0, taken.clock - self._lateness))
            out.append(FanOut(stored, taken.refused, taken.counts, self._signal(tick, taken.clock)))
        return out

    def quiet(self) -> Signal:
        """Nothing is waiting."""
        return Signal(-1, 0, fans=FanWord(self._source, self.clock, quiet=True))

    def _signal(self, tick: Tick, clock: Micros) -> Signal | None:
        """Findings and moves; or the time alone, but that by the day."""
        findings = self._spikes.advance(tick)
        sums, early = self._days.advance(tick)
        day = tick.watermark // DAY
        if not (findings or sums or early or day != self._told):
            return None
        self._told = -1 if tick.ended else day
        word = FanWord(self._source, END if tick.ended else clock, False, sums, early)
        return Signal(-1, 0, [], findings, fans=word)
