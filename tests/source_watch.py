"""The sources of some partitions and the place where they are judged, as one detector: what tests and measurements
feed."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.detect.author_days import AuthorWord
from pipeline.detect.clock import FINAL, Tick
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_silence import SilenceParameters
from pipeline.detect.source_counts import SourceCount, SourceCounts
from pipeline.detect.source_silence import SourceSilence
from schemas.records import Post
from schemas.times import Micros


class SourceWatch:
    """One partition. Keeps the last word on everything that was found."""

    def __init__(self, parameters: SilenceParameters, lateness: Micros = 0) -> None:
        self._counts = SourceCounts()
        self._silence = SourceSilence(parameters)
        self._lateness = lateness
        self._words: list[AuthorWord] = []
        self.found: dict[str, Finding] = {}

    def add(self, posts: Sequence[Post]) -> None:
        """Takes posts."""
        self.count(self._counts.add(posts), max((post.created_at for post in posts), default=0))

    def count(self, counts: list[SourceCount], reached: Micros) -> None:
        """Takes what a partition would tell of posts up to `reached`."""
        self._words.append(AuthorWord(0, counts=counts, reached=reached))

    def advance(self, tick: Tick, now: float = 0.0) -> list[Finding]:
        """What there is to say at `tick`; `now` in seconds."""
        words, self._words = self._words, []
        return self._keep(self._silence.feed(words, tick, now))

    def upto(self, at: Micros, now: float = 0.0) -> list[Finding]:
        """As `advance`, where the stream has come to `at`."""
        return self.advance(Tick(at, max(0, at - self._lateness)), now)

    def end(self) -> list[Finding]:
        """The end of the stream; what stands."""
        self.advance(FINAL)
        return self.standing()

    def look(self, now: float) -> list[Finding]:
        """As `SourceSilence.look`."""
        return self._keep(self._silence.look(now))

    def standing(self) -> list[Finding]:
        """The last word on each, in order of time, without what was withdrawn."""
        return sorted(
            (one for one in self.found.values() if not one.withdrawn),
            key=lambda one: (one.start, one.alert_id),
        )

    def _keep(self, findings: list[Finding]) -> list[Finding]:
        self.found |= {one.alert_id: one for one in findings}
        return findings
