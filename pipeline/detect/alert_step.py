"""The last step, in one place: joins links into campaigns and accounts into groups, and keeps the book of alerts."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pipeline.detect.author_merge import AuthorMerge
from pipeline.detect.book import AlertBook, Withdrawn
from pipeline.detect.campaigns import Campaigns, Closed
from pipeline.detect.clock import Aligner
from pipeline.detect.clusters import Membership
from pipeline.detect.fan_merge import FanMerge
from pipeline.detect.messages import Signal
from pipeline.detect.parameters import Parameters
from pipeline.detect.rings import Rings
from schemas.alerts import Alert


class Told(msgspec.Struct):
    """What a signal brought."""

    alerts: list[Alert | Withdrawn]
    memberships: list[Membership]
    closed: list[Closed]


class AlertStep:
    """Fed by `partitions` shuffle partitions and by `fans` partitions of fan records."""

    def __init__(self, parameters: Parameters, partitions: int, fans: int) -> None:
        self._parameters = parameters
        self._aligner: Aligner[Signal] = Aligner(partitions, parameters.lateness)
        self._campaigns = Campaigns(parameters.copies)
        self._rings = Rings(parameters.sharing)
        self._fans = FanMerge(parameters.platform, parameters.together, fans, parameters.lateness)
        self._authors = AuthorMerge(parameters.authors, parameters.lateness)
        self._book = AlertBook(parameters.calibrated_scores)

    @property
    def quality_notes(self) -> Mapping[str, int]:
        """As `PlatformMoves.quality_notes`."""
        return self._fans.moves.quality_notes

    def feed(self, signal: Signal, now: float) -> Told:
        """Takes one signal; `now` is wall time in seconds."""
        told = Told([], [], [])
        if signal.fans is not None:
            told.alerts = self._book.apply(self._fans.feed(signal.fans, signal.findings, now))
            return told
        for payload, tick in self._aligner.push(signal.source, signal.clock, signal, now):
            self._campaigns.add(payload.links)
            self._rings.add(payload.coshares)
            outcome = self._campaigns.advance(tick)
            authors = self._authors.feed([payload.authors] if payload.authors is not None else [], tick)
            told.alerts += self._book.apply(
                [*payload.findings, *authors, *outcome.findings, *self._rings.advance(tick)]
            )
            told.memberships += outcome.memberships
            told.closed += outcome.closed
            if tick.ended:
                self._campaigns = Campaigns(self._parameters.copies)
                self._rings = Rings(self._parameters.sharing)
        return told
