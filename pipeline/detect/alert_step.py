"""The last step, in one place: joins links into campaigns and accounts into groups, and keeps the book of alerts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from pipeline.detect.author_merge import AuthorMerge
from pipeline.detect.book import AlertBook, Withdrawn
from pipeline.detect.campaigns import Campaigns, Closed
from pipeline.detect.clock import Aligner
from pipeline.detect.clusters import Membership
from pipeline.detect.company import WaveCompany, closing
from pipeline.detect.fake_fans import FakeFans
from pipeline.detect.fan_causes import FanCauses
from pipeline.detect.fan_merge import FanMerge, FanWord
from pipeline.detect.fan_silence import FanSilence
from pipeline.detect.fan_verdict import attributed
from pipeline.detect.finding import Finding
from pipeline.detect.messages import Signal
from pipeline.detect.origin import Heard
from pipeline.detect.parameters import Parameters
from pipeline.detect.pile_ons import PileOns
from pipeline.detect.ring_weeks import RingWeeks
from pipeline.detect.rings import Rings
from pipeline.detect.source_silence import SourceSilence
from schemas.alerts import Alert


class Told(msgspec.Struct):
    """What a signal brought. version: orders what was told of one thing, of `alerts[0]` and `memberships[0]`; the next
    ones have the next numbers. Told again, it has the same numbers again; microseconds of wall time, about."""

    alerts: list[Alert | Withdrawn]
    memberships: list[Membership]
    closed: list[Closed]
    version: int = 0


class AlertStep:
    """Fed by `partitions` shuffle partitions and by `fans` partitions of fan records."""

    def __init__(self, parameters: Parameters, partitions: int, fans: int) -> None:
        self._parameters = parameters
        self._aligner: Aligner[Signal] = Aligner(partitions, parameters.lateness)
        self._campaigns = Campaigns(parameters.copies)
        self._rings = Rings(parameters.sharing)
        self._weeks = RingWeeks(parameters.weeks)
        self._fans = FanMerge(parameters.platform, parameters.together, fans, parameters.lateness)
        self._fan_silence = FanSilence(parameters.silence, fans, parameters.lateness)
        self._authors = AuthorMerge(parameters.authors, parameters.lateness)
        self._silence = SourceSilence(parameters.silence)
        wait = closing(parameters.copies, parameters.sharing)
        self._waves = WaveCompany(wait)
        self._pile_ons = PileOns(parameters.pile_on, wait)
        self._fake_fans = FakeFans(parameters.fake_fans)
        self._causes = FanCauses(parameters.causes, wait)
        self._book = AlertBook(parameters.calibrated_scores)
        self._heard = Heard()
        self._version = 0
        self.log = 0  # of its signals; nobody asks

    @property
    def quality_notes(self) -> Mapping[str, int]:
        """As `PlatformMoves.quality_notes`."""
        return self._fans.moves.quality_notes

    def feed(self, signal: Signal, now: float) -> Told:
        """Takes one signal; `now` is wall time in seconds at which it was sent."""
        quiet = signal.fans is not None and signal.fans.quiet
        if not (self._heard.holds(signal.origin) if quiet else self._heard.take(signal.origin)):
            return Told([], [], [])
        told = self._tell(signal, now)
        told.version = max(self._version, round(now * 1e6))
        self._version = told.version + max(len(told.alerts), len(told.memberships))
        return told

    def again(self, names: Iterable[str], now: float) -> Told:
        """Tells these alerts again, as their findings were changed; `now` is wall time in seconds."""
        told = Told([*self._book.again(names)], [], [])
        told.version = max(self._version, round(now * 1e6))
        self._version = told.version + len(told.alerts)
        return told

    def _tell(self, signal: Signal, now: float) -> Told:
        told = Told([], [], [])
        if signal.fans is not None:
            rises = self._rises(signal, signal.fans, now)
            told.alerts = self._book.apply(map(attributed, rises))
            told.alerts += self._book.apply(self._fan_silence.feed(signal.fans, now))
            # Fan partitions speak when posts do not, if only to say that nothing is waiting.
            told.alerts += self._book.apply(self._silence.look(now))
            return told
        for payload, tick in self._aligner.push(signal.source, signal.clock, signal, now):
            self._campaigns.add(payload.links)
            self._rings.add(payload.coshares)
            outcome = self._campaigns.advance(tick)
            authors = self._authors.feed(payload.authors, tick)
            silences = self._silence.feed(payload.authors, tick, now)
            found = [*payload.findings, *authors, *silences, *outcome.findings, *self._rings.advance(tick)]
            found = self._waves.feed(found, tick)
            swarms = [one for one in payload.pages.findings if one.kind == "pile_on"]
            fans = [one for one in payload.pages.findings if one.kind == "fake_fans"]
            found += self._pile_ons.feed(swarms, payload.pages.sums, found, tick)
            found += self._fake_fans.feed(fans, payload.pages.sums, tick)
            found += map(attributed, self._causes.posts(payload.pages.posts, found, tick))
            found += self._weeks.feed((day for word in payload.authors for day in word.accounts), tick)
            told.alerts += self._book.apply(found)
            told.memberships += outcome.memberships
            told.closed += outcome.closed
            if tick.ended:
                self._campaigns = Campaigns(self._parameters.copies)
                self._rings = Rings(self._parameters.sharing)
        return told

    def _rises(self, signal: Signal, word: FanWord, now: float) -> Iterator[Finding]:
        """What fan records bring, with what posts say of it."""
        for rise in self._fans.feed(word, signal.findings, now):
            yield from self._causes.hear(rise)
