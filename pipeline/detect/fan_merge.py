"""Where the fan partitions meet: page findings go on to the book, but those that a platform-wide gain explains are part
of that one event and are withdrawn.

A page's finding may come before the platform's day is complete, so the latest word on every page is kept until no
day that it touches can change any more, and is judged again when one does. What stands in the end is the same in
whatever order the partitions spoke.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from pipeline.detect.clock import Aligner, Tick
from pipeline.detect.fan_days import DaySum, PageMove
from pipeline.detect.fan_together import FanTogether
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_platform import PlatformParameters
from pipeline.detect.parameters_together import TogetherParameters
from pipeline.detect.platform_moves import PlatformMoves
from pipeline.detect.source_counts import SourceCount
from schemas.times import DAY, Micros


class FanWord(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a fan partition says. clock: where it stands, `END` at the end of the stream. quiet: nothing was waiting in
    it; the message says only that. sums, early: as `FanDays.advance` gives them. counts: what has changed, by the hour;
    reached: `Taken.reached`."""

    source: int
    clock: Micros
    quiet: bool = False
    sums: list[DaySum] = []
    early: list[PageMove] = []
    counts: list[SourceCount] = []
    reached: Micros = 0


class _Said(msgspec.Struct):
    word: FanWord
    findings: list[Finding]


class FanMerge:
    """Fed by `partitions` fan partitions. `lateness` in microseconds."""

    def __init__(
        self,
        parameters: PlatformParameters,
        together: TogetherParameters,
        partitions: int,
        lateness: Micros,
    ) -> None:
        self._p = parameters
        self._aligner: Aligner[_Said] = Aligner(partitions, lateness)
        self.moves = PlatformMoves(parameters)
        self._together = FanTogether(together)
        self._pages: dict[str, Finding] = {}
        self._covered: set[str] = set()

    def feed(self, word: FanWord, findings: list[Finding], now: float) -> Iterator[Finding]:
        """What goes on to the book. `now` is wall time in seconds, used for quiet partitions alone."""
        if word.quiet:
            yield from self._after(self._aligner.quiet(word.source, now))
            return
        for said, tick in self._aligner.push(word.source, word.clock, _Said(word, findings), now):
            self.moves.add(said.word.sums, said.word.early)
            yield from self._pass(said.findings)
            yield from self._after(tick)

    def _pass(self, findings: list[Finding]) -> Iterator[Finding]:
        for finding in findings:
            if finding.withdrawn:
                self._together.drop(finding.alert_id)
                self._pages.pop(finding.alert_id, None)
                self._covered.discard(finding.alert_id)
                yield finding
                continue
            yield from self._page(self._together.hear(finding))
            for other in self._together.others(finding):
                yield from self._page(other)

    def _page(self, finding: Finding) -> Iterator[Finding]:
        """The latest word on a page, as far as the platform's moves let it stand."""
        name = finding.alert_id
        told = name in self._pages and name not in self._covered
        if told and self._pages[name] == finding:
            return
        self._pages[name] = finding
        if not self._covers(finding):
            self._covered.discard(name)
            yield finding
        else:
            self._covered.add(name)
            if told:
                yield msgspec.structs.replace(finding, withdrawn=True)

    def _after(self, tick: Tick) -> Iterator[Finding]:
        yield from self.moves.advance(tick)
        yield from self._again()
        for finding in self._together.release(tick):
            yield from self._page(finding)
        self.moves.forget(tick)
        for name, finding in list(self._pages.items()):
            if tick.ended or (finding.closed and (finding.end // DAY + 1) * DAY <= tick.watermark):
                del self._pages[name]
                self._covered.discard(name)

    def _again(self) -> Iterator[Finding]:
        """Judges the pages anew: part of an event that shows itself now, or not part of one any more."""
        for name, finding in sorted(self._pages.items()):
            covered = self._covers(finding)
            if covered and name not in self._covered:
                self._covered.add(name)
                yield msgspec.structs.replace(finding, withdrawn=True)
            elif not covered and name in self._covered:
                self._covered.discard(name)
                yield finding

    def _covers(self, finding: Finding) -> bool:
        """Whether the platform's gain explains the page's. Where those who came look bought, it does not."""
        before = next(
            (r.values.get("before") for r in finding.reasons if r.code == "growth_above_baseline"), None
        )
        if not before or (finding.accounts.count and finding.severity != "info"):
            return False
        first, last = finding.first_seen // DAY, finding.end // DAY
        typical = self.moves.gains(finding.subject.platform, first, last)
        return typical > 0 and (finding.observed - finding.expected) / before <= self._p.own_factor * typical
