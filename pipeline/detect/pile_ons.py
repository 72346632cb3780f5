"""Where swarms meet the other alerts: members of a ring or of a campaign who come to a page together.

What stands in the end rests on alerts that are closed and whose last record lies at most `company_days` behind the
swarm's, so the last word on a swarm waits until all of these have been told for good. A swarm without any mark is held
back, and never told unless one turns up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from pipeline.detect.clock import Tick
from pipeline.detect.copy_parameters import CopyParameters
from pipeline.detect.finding import Finding, reason
from pipeline.detect.parameters_pages import PileOnParameters
from pipeline.detect.parameters_sharing import SharingParameters
from pipeline.detect.swarm_findings import rate
from schemas.alerts import MAX_IDS
from schemas.times import DAY, HOUR, MINUTE, Micros

COMPANY = ("copy_paste", "coordinated_accounts")
_NAMED = 10


def closing(copies: CopyParameters, sharing: SharingParameters) -> Micros:
    """How long after its last record a copy campaign or a group is closed at the latest, microseconds."""
    campaign = copies.window_hours * HOUR * 49 / 48  # they are swept that rarely
    return round(max(campaign, sharing.memory_hours * HOUR + 2 * sharing.pane_minutes * MINUTE)) + MINUTE


class PileOns:
    """`wait`: as `closing` has it."""

    def __init__(self, parameters: PileOnParameters, wait: Micros) -> None:
        self._p = parameters
        self._together: Micros = round(parameters.company_days * DAY)
        self._wait = wait
        self._clear()

    def _clear(self) -> None:
        self._swarms: dict[str, Finding] = {}  # as their partition told them last
        self._said: dict[str, Finding] = {}
        self._company: dict[str, Finding] = {}

    def feed(self, swarms: Iterable[Finding], others: Iterable[Finding], tick: Tick) -> list[Finding]:
        """Takes swarms and what other detectors found. Returns what there is to say, in order of (first_seen,
        alert_id)."""
        again: set[str] = set()
        for other in others:
            if other.kind in COMPANY:
                again |= self._hear(other)
        for swarm in swarms:
            self._swarms[swarm.alert_id] = swarm
            again.add(swarm.alert_id)
        found: list[Finding] = []
        for name in sorted(again):
            found += self._say(name, last=False)
        found += self._release(tick)
        return sorted(found, key=lambda finding: (finding.first_seen, finding.alert_id))

    def _hear(self, other: Finding) -> set[str]:
        """The swarms of which it may change something."""
        before = self._company.pop(other.alert_id, None)
        listed = set(() if before is None else before.accounts.ids)
        if not other.withdrawn and other.severity != "info":
            self._company[other.alert_id] = other
            listed.update(other.accounts.ids)
        return {
            name
            for name, swarm in self._swarms.items()
            if listed and not listed.isdisjoint(swarm.evidence.accounts)
        }

    def _companions(self, swarm: Finding, last: bool) -> list[tuple[Finding, set[str]]]:
        mine = set(swarm.evidence.accounts)
        out = []
        for _, other in sorted(self._company.items()):
            if last and not other.closed:
                continue
            if not swarm.start - self._together <= other.last_seen <= swarm.end + self._together:
                continue
            if other.first_seen > swarm.end or other.subject.platform not in ("*", swarm.subject.platform):
                continue
            common = mine.intersection(other.accounts.ids)
            least = self._p.company_share * min(len(mine), len(other.accounts.ids))
            if len(common) >= max(self._p.company_accounts, least):
                out.append((other, common))
        return out

    def _judged(self, swarm: Finding, last: bool) -> Finding:
        companions = self._companions(swarm, last)
        reasons = swarm.reasons
        if companions:
            common = set().union(*(accounts for _, accounts in companions))
            said = reason(
                "members_of_alerts",
                alerts=[other.alert_id for other, _ in companions][:_NAMED],
                kinds=sorted({other.kind for other, _ in companions}),
                accounts=len(common),
                share=round(len(common) / swarm.accounts.count, 3),
                account_ids=[name for name in swarm.evidence.accounts if name in common][:MAX_IDS],
            )
            reasons = (*reasons, said)
        severity, figure = rate(self._p, reasons, swarm.accounts.count)
        return msgspec.structs.replace(
            swarm, reasons=reasons, severity=severity, score=figure, closed=swarm.closed and last
        )

    def _say(self, name: str, last: bool) -> Iterator[Finding]:
        finding, before = self._judged(self._swarms[name], last), self._said.pop(name, None)
        if len(finding.reasons) > 1:
            self._said[name] = finding
            if finding != before:
                yield finding
        elif before is not None:
            yield msgspec.structs.replace(before, withdrawn=True)

    def _release(self, tick: Tick) -> Iterator[Finding]:
        """Last words, to which nothing can be added any more."""
        for name, swarm in sorted(self._swarms.items()):
            if tick.ended or (swarm.closed and swarm.end + self._together + self._wait < tick.watermark):
                yield from self._say(name, last=True)
                del self._swarms[name]
                self._said.pop(name, None)
        if tick.ended:
            self._clear()
            return
        # A swarm is told within its length, and is compared with what ended shortly before it.
        oldest = tick.watermark - 2 * self._together - self._wait - round(self._p.longest_days * DAY)
        for name in [
            name for name, other in self._company.items() if other.closed and other.last_seen < oldest
        ]:
            del self._company[name]
