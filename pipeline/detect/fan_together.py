"""The same accounts that come to several pages in step: a delivery to several buyers from one stock.

Pages lie in different partitions, so this sits where all partitions meet and looks at what their findings list: the
first hundred accounts of each wave, in order of arrival. Two crowds of ordinary people have hardly any of these in
common; accounts that are sent round come in the same order (Beutel et al., "CopyCatch: stopping group attacks by
spotting lockstep behavior in social networks", WWW 2013).

The last word on a wave waits until all waves that could go with it have been told for good.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from pipeline.detect.clock import Tick
from pipeline.detect.finding import Finding, reason
from pipeline.detect.parameters_together import TogetherParameters
from schemas.times import DAY, Micros

_LONGEST: Micros = 22 * DAY
"""An episode of a page is told for good 21 days after it began."""


class FanTogether:
    """Knows the waves of late, by alert."""

    def __init__(self, parameters: TogetherParameters) -> None:
        self._p = parameters
        self._waves: dict[str, Finding] = {}
        self._held: dict[str, Finding] = {}

    def hear(self, finding: Finding) -> Finding:
        """Takes the latest word on a page, and gives it back with what other pages' waves add to it: not closed,
        where more may come."""
        name = finding.alert_id
        if finding.withdrawn or len(finding.accounts.ids) < self._p.accounts:
            self.drop(name)
            return finding
        self._waves[name] = finding
        if finding.closed:
            self._held[name] = finding
        return msgspec.structs.replace(self._with_others(finding), closed=False)

    def others(self, finding: Finding) -> Iterator[Finding]:
        """The waves that go with this one, as they are to be told now."""
        if finding.alert_id in self._waves:
            for other in self._companions(finding):
                if not other.closed or other.alert_id in self._held:
                    yield msgspec.structs.replace(self._with_others(other), closed=False)

    def drop(self, name: str) -> None:
        """Forgets a wave that turned out to be part of something else."""
        self._waves.pop(name, None)
        self._held.pop(name, None)

    def release(self, tick: Tick) -> Iterator[Finding]:
        """Last words to which nothing can be added any more."""
        wait = self._p.apart + _LONGEST
        for name, finding in sorted(self._held.items()):
            if tick.ended or finding.first_seen + wait <= tick.watermark:
                del self._held[name]
                yield self._with_others(finding)
        for name, finding in list(self._waves.items()):
            if tick.ended or (finding.closed and finding.first_seen + 2 * wait <= tick.watermark):
                self.drop(name)

    def _companions(self, finding: Finding) -> list[Finding]:
        mine, where = set(finding.accounts.ids), finding.subject
        return [
            other
            for _, other in sorted(self._waves.items())
            if other.subject.platform == where.platform
            and other.subject.id != where.id
            and abs(other.first_seen - finding.first_seen) <= self._p.apart
            and len(mine.intersection(other.accounts.ids))
            >= max(self._p.accounts, self._p.share * min(len(mine), len(other.accounts.ids)))
        ]

    def _with_others(self, finding: Finding) -> Finding:
        """The finding, with the pages to which the same accounts came."""
        companions = self._companions(finding)
        if not companions:
            return finding
        mine = set(finding.accounts.ids)
        shared = {account for other in companions for account in mine.intersection(other.accounts.ids)}
        said = reason(
            "same_accounts_elsewhere",
            pages=len({other.subject.id for other in companions}),
            page_ids=sorted({other.subject.id for other in companions})[:10],
            accounts=len(shared),
            share=round(len(shared) / len(mine), 4),
        )
        return msgspec.structs.replace(
            finding,
            severity="warning" if finding.severity == "info" else finding.severity,
            score=max(finding.score, 0.5),
            reasons=(*finding.reasons, said),
        )
