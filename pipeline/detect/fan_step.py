"""One source partition of fan counts and follows. A page lies in one partition, so nothing needs to be shuffled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from pipeline.detect.clock import FINAL, Tick
from pipeline.detect.fan_spikes import FanSpikes
from pipeline.detect.finding import Finding
from pipeline.detect.intake import Counts, Intake, Raw, Refused
from pipeline.detect.parameters import Parameters
from schemas.records import FanCount, Follow
from schemas.times import Micros


class FanOut(msgspec.Struct):
    """What a batch brought. `stored`: what the store has to know, each with whether it was late."""

    stored: list[tuple[FanCount | Follow, bool]]
    refused: list[Refused]
    counts: Counts
    findings: list[Finding]


class FanStep:
    """One source partition."""

    def __init__(self, parameters: Parameters) -> None:
        self._lateness = parameters.lateness
        self._intake = Intake(parameters.lateness, parameters.horizon)
        self._spikes = FanSpikes(parameters.fans, parameters.lateness)

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
            tick = FINAL if taken.ended else Tick(taken.clock, max(0, taken.clock - self._lateness))
            out.append(FanOut(stored, taken.refused, taken.counts, self._spikes.advance(tick)))
        return out
