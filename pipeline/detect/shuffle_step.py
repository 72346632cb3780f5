"""The second step: one shuffle partition. Finds copies among its buckets, bursts on its targets, and who shares its
objects at the same time."""

from __future__ import annotations

from pipeline.detect.author_days import AuthorWord
from pipeline.detect.bursts import TargetBursts
from pipeline.detect.clock import END, Aligner, Tick
from pipeline.detect.copies import CopyIndex, Link
from pipeline.detect.coshare_panes import CoSharePanes
from pipeline.detect.messages import Shuffled, Signal
from pipeline.detect.parameters import Parameters


class ShuffleStep:
    """One shuffle partition, fed by `sources` source partitions."""

    def __init__(self, parameters: Parameters, partition: int, sources: int) -> None:
        self._parameters = parameters
        self._partition = partition
        self._aligner: Aligner[Shuffled] = Aligner(sources, parameters.lateness)
        self._copies = CopyIndex(parameters.copies)
        self._bursts = TargetBursts(parameters.bursts, parameters.lateness)
        self._shares = CoSharePanes(parameters.sharing)

    def feed(self, message: Shuffled, now: float) -> list[Signal]:
        """Takes one message; `now` is wall time in seconds, used for quiet partitions alone."""
        if message.quiet:
            return [self._after(self._aligner.quiet(message.source, now), [], None)]
        out = []
        for payload, tick in self._aligner.push(message.source, message.clock, message, now):
            links = self._copies.add(payload.copies, *payload.fingerprints())
            self._bursts.add(payload.activity)
            self._shares.add(payload.shares)
            out.append(self._after(tick, links, payload.authors))
        return out

    def _after(self, tick: Tick, links: list[Link], authors: AuthorWord | None) -> Signal:
        findings = self._bursts.advance(tick)
        coshares = self._shares.advance(tick.watermark)
        if tick.ended:
            self._copies.clear()
            self._bursts = TargetBursts(self._parameters.bursts, self._parameters.lateness)
            self._shares = CoSharePanes(self._parameters.sharing)
        else:
            self._copies.expire(tick.watermark)
        clock = END if tick.ended else tick.progress
        return Signal(self._partition, clock, links, findings, coshares, authors=authors)
