"""Fan records that stop coming: who polls fan counts has died, or who tells of follows.

A source is here what comes of one kind from one platform: these records name no connector. They have a stream of their
own, so they are held against each other's event time, not against that of the posts, and against the wall clock where
all of them are silent; the rest is as for posts (`pipeline.detect.source_silence`).
"""

from __future__ import annotations

from pipeline.detect.clock import Aligner
from pipeline.detect.fan_merge import FanWord
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_silence import SilenceParameters
from pipeline.detect.silence_findings import describe_fans
from pipeline.detect.source_silence import SourceSilence
from schemas.times import Micros


class FanSilence:
    """Fed by `partitions` fan partitions. `lateness` in microseconds."""

    def __init__(self, parameters: SilenceParameters, partitions: int, lateness: Micros) -> None:
        self._aligner: Aligner[FanWord] = Aligner(partitions, lateness)
        self._silence = SourceSilence(parameters, describe_fans)

    def feed(self, word: FanWord, now: float) -> list[Finding]:
        """What there is to say after this word; `now` is the wall time in seconds at which it was sent."""
        if word.quiet:
            self._aligner.quiet(word.source, now)
            return self._silence.look(now)
        found: list[Finding] = []
        for said, tick in self._aligner.push(word.source, word.clock, word, now):
            found += self._silence.feed([said], tick, now)
        return found
