"""The second step: one shuffle partition. Finds copies among its buckets, bursts on its targets, who comes to its
pages, and who shares its objects at the same time."""

from __future__ import annotations

import msgspec

from pipeline.detect.author_days import AuthorWord
from pipeline.detect.bursts import TargetBursts
from pipeline.detect.clock import END, Aligner, Tick
from pipeline.detect.copies import CopyIndex, Link
from pipeline.detect.coshare_panes import CoSharePanes
from pipeline.detect.messages import Shuffled, Signal
from pipeline.detect.origin import Heard, Origin
from pipeline.detect.pages import Pages
from pipeline.detect.parameters import Parameters
from schemas.times import Micros


class ShuffleStep:
    """One shuffle partition, fed by `sources` source partitions."""

    def __init__(self, parameters: Parameters, partition: int, sources: int) -> None:
        self._parameters = parameters
        self._partition = partition
        self._aligner: Aligner[Shuffled] = Aligner(sources, parameters.lateness)
        self._copies = CopyIndex(parameters.copies)
        self._bursts = TargetBursts(parameters.bursts, parameters.lateness)
        self._shares = CoSharePanes(parameters.sharing)
        self._pages = Pages(parameters.pile_on, parameters.fake_fans, parameters.causes)
        self._heard = Heard()
        self._told: Micros = -1
        self._last = -1
        self.log = 0  # as `Origin.log`

    def feed(self, message: Shuffled, now: float, offset: int | None = None) -> list[Signal]:
        """Takes one message and says what is new; a time that stands still is not told again.

        Args:
            message: what it brings of records that came before is left out.
            now: wall time in seconds at which it was sent, used for quiet partitions alone.
            offset: its place in the log of this partition; None for the next one.
        """
        self._last = self._last + 1 if offset is None else offset
        if message.quiet:
            if not self._heard.holds(message.origin):
                return []  # of a reader that is not the partition's any more, or that has yet to catch up
            ticks = [self._after(self._aligner.quiet(message.source, now), [], [])]
        else:
            origin = message.origin
            known = self._heard.last(origin.step, origin.partition, origin.log)
            if not self._heard.take(origin):
                return []
            message = message.after(known)
            ticks = []
            for payload, tick in self._aligner.push(message.source, message.clock, message, now):
                links = self._copies.add(payload.copies, *payload.fingerprints())
                self._bursts.add(payload.activity)
                self._shares.add(payload.shares)
                self._pages.add(payload.activity)
                ticks.append(self._after(tick, links, payload.authors))
        out = []
        for part, signal in enumerate(ticks):
            news = signal.links or signal.findings or signal.coshares or signal.authors
            pages = signal.pages.findings or signal.pages.sums or signal.pages.posts
            if news or pages or signal.clock != self._told:
                self._told = signal.clock
                origin = Origin("shuffle", self._partition, self.log, self._last, part)
                out.append(msgspec.structs.replace(signal, origin=origin))
        return out

    def _after(self, tick: Tick, links: list[Link], authors: list[AuthorWord]) -> Signal:
        findings = self._bursts.advance(tick)
        coshares = self._shares.advance(tick.watermark)
        pages = self._pages.advance(tick)
        if tick.ended:
            self._copies.clear()
            self._bursts = TargetBursts(self._parameters.bursts, self._parameters.lateness)
            self._shares = CoSharePanes(self._parameters.sharing)
            p = self._parameters
            self._pages = Pages(p.pile_on, p.fake_fans, p.causes)
        else:
            self._copies.expire(tick.watermark)
        clock = END if tick.ended else tick.progress
        return Signal(self._partition, clock, links, findings, coshares, authors=authors, pages=pages)
