"""One source partition of fan counts and follows. A page lies in one partition, so nothing needs to be shuffled; what
happens to all pages at once is told to the place where alerts are made, by the day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

import msgspec

from pipeline.detect.clock import END, FINAL, Tick
from pipeline.detect.fan_days import FanDays
from pipeline.detect.fan_merge import FanWord
from pipeline.detect.fan_spikes import FanSpikes
from pipeline.detect.intake import Counts, Intake, Look, Raw, Refused, Taken
from pipeline.detect.messages import Signal
from pipeline.detect.origin import Origin
from pipeline.detect.parameters import Parameters
from pipeline.detect.people import People
from pipeline.detect.source_counts import SourceCount, SourceCounts
from schemas.records import FanCount, Follow, Record
from schemas.times import DAY, Micros


class FanOut(msgspec.Struct):
    """What a batch brought. `stored`: what the store has to know, each with whether it was late. `signals`: for
    the place where alerts are made."""

    stored: list[tuple[FanCount | Follow, bool]]
    refused: list[Refused]
    counts: Counts
    signals: list[Signal]
    versions: list[Micros]


class FanStep:
    """One source partition, `source` by number."""

    def __init__(self, parameters: Parameters, source: int) -> None:
        self._source = source
        self.log = 0  # as `Origin.log`
        self._lateness = parameters.lateness
        self._intake = Intake(parameters.lateness, parameters.horizon)
        self._spikes = FanSpikes(parameters.fans, parameters.lateness, parameters.arrivals)
        self._days = FanDays(parameters.platform)
        self._counts = SourceCounts()
        self._told = -1  # the day of the watermark that was told last

    def meet(self, people: People) -> None:
        """Under which names people come in from now on; not kept with the state."""
        self._intake.people = people

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
            said = [(record, False) for record in taken.accepted] + [(record, True) for record in taken.late]
            stored = [
                (record, late) for record, late in said + taken.again if isinstance(record, FanCount | Follow)
            ]
            signals = self._signals(taken)
            out.append(FanOut(stored, taken.refused, taken.counts, signals, list(chain(*taken.versions))))
        return out

    def quiet(self) -> Signal:
        """Nothing is waiting."""
        word = FanWord(self._source, self.clock, quiet=True)
        return Signal(-1, 0, fans=word, origin=self._origin(self._intake.last))

    def _origin(self, offset: int) -> Origin:
        return Origin("fans", self._source, self.log, offset)

    def _signals(self, taken: Taken[Record]) -> list[Signal]:
        signals, done = [], 0
        counts: dict[tuple[int, str, str], SourceCount] = {}
        for look in taken.looks:
            records = [
                record
                for record in taken.accepted[done : look.accepted]
                if isinstance(record, FanCount | Follow)
            ]
            done = look.accepted
            self._spikes.add(records)
            self._days.add(record for record in records if isinstance(record, FanCount))
            counts |= {(one.hour, one.platform, one.source): one for one in self._counts.add(records)}
            # Whatever is said has the counts up to there: who has heard it is told nothing before it any more.
            if signal := self._signal(look, [counts[key] for key in sorted(counts)], taken):
                signals.append(signal)
                counts = {}
        if taken.ended:
            self._counts = SourceCounts()
        else:
            self._counts.forget(max(0, taken.clock - self._lateness))
        return signals

    def _signal(self, look: Look, counts: list[SourceCount], taken: Taken[Record]) -> Signal | None:
        """Findings and moves; at the end of the batch how many records came; or the time alone, but that by the day."""
        tick = FINAL if look.clock == END else Tick(look.clock, max(0, look.clock - self._lateness))
        findings = self._spikes.advance(tick)
        sums, early = self._days.advance(tick)
        day = tick.watermark // DAY
        due = counts and look is taken.looks[-1]
        if not (findings or sums or early or due or day != self._told):
            return None
        self._told = -1 if tick.ended else day
        word = FanWord(self._source, look.clock, False, sums, early, counts, taken.reached)
        return Signal(-1, 0, [], findings, fans=word, origin=self._origin(look.offset))
