"""Alerts that have a part in another one: copy campaigns and groups whose accounts are in a swarm or in a wave.

What stands in the end rests on alerts that are closed and whose last record lies at most `together` behind the end of
what they have a part in; so the last word waits until all of these have been told for good.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from pipeline.detect.clock import Tick
from pipeline.detect.copy_parameters import CopyParameters
from pipeline.detect.finding import Finding, reason
from pipeline.detect.parameters_sharing import SharingParameters
from schemas.alerts import MAX_IDS
from schemas.times import DAY, HOUR, MINUTE, Micros

KINDS = ("copy_paste", "coordinated_accounts")
NAMED = 10
"""Alerts that are named."""
_LEAST = 5
"""Accounts of a wave that another alert must list to have a part in it."""
_TOGETHER: Micros = 7 * DAY
_LONGEST: Micros = 7 * DAY


def closing(copies: CopyParameters, sharing: SharingParameters) -> Micros:
    """How long after its last record a copy campaign or a group is closed at the latest, microseconds."""
    campaign = copies.window_hours * HOUR * 49 / 48  # they are swept that rarely
    return round(max(campaign, sharing.memory_hours * HOUR + 2 * sharing.pane_minutes * MINUTE)) + MINUTE


def _listed(other: Finding, platform: str) -> Sequence[str]:
    """The accounts of this platform that an alert lists: on another one the same id is somebody else."""
    people = other.evidence.people
    if other.subject.platform == platform or not people:
        return other.accounts.ids
    here = {account for where, account in people if where == platform}
    return [account for account in other.accounts.ids if account in here]


class Company:
    """`together`: how far apart two alerts may lie. `wait`: as `closing` has it. Microseconds."""

    def __init__(self, together: Micros, wait: Micros) -> None:
        self._together = together
        self._wait = wait
        self._alerts: dict[str, Finding] = {}

    def hear(self, other: Finding) -> frozenset[str]:
        """Takes a finding of any kind. Returns the accounts for which something may have changed."""
        if other.kind not in KINDS:
            return frozenset()
        before = self._alerts.pop(other.alert_id, None)
        listed = frozenset(() if before is None else before.accounts.ids)
        if not other.withdrawn and other.severity != "info":
            self._alerts[other.alert_id] = other
            listed |= frozenset(other.accounts.ids)
        return listed

    def of(
        self, finding: Finding, accounts: Sequence[str], least: float, last: bool
    ) -> tuple[list[Finding], list[str]]:
        """The alerts, in order of their ids, that list at least `least` of the accounts of a finding, and the accounts
        that they list. last: only what counts for good."""
        mine, common, alerts = set(accounts), set[str](), []
        for _, other in sorted(self._alerts.items()):
            if last and not other.closed:
                continue
            if not finding.start - self._together <= other.last_seen <= finding.end + self._together:
                continue
            if other.first_seen > finding.end or other.subject.platform not in (
                "*",
                finding.subject.platform,
            ):
                continue
            shared = mine.intersection(_listed(other, finding.subject.platform))
            if len(shared) >= least:
                alerts.append(other)
                common |= shared
        return alerts, [account for account in accounts if account in common]

    def known(self, finding: Finding, tick: Tick) -> bool:
        """All that can have a part in it has been told for good."""
        return finding.end + self._together + self._wait < tick.watermark

    def forget(self, tick: Tick, longest: Micros) -> None:
        """Drops what no finding can ask for any more, of which the longest lasts so long."""
        oldest = tick.watermark - 2 * self._together - self._wait - longest
        for name in [n for n, other in self._alerts.items() if other.closed and other.last_seen < oldest]:
            del self._alerts[name]


class WaveCompany:
    """Which campaigns and groups joined in a burst. A wave without marked accounts passes as it is; the last word on
    another one waits."""

    def __init__(self, wait: Micros) -> None:
        self._wait = wait
        self._clear()

    def _clear(self) -> None:
        self._company = Company(_TOGETHER, self._wait)
        self._waves: dict[str, Finding] = {}
        self._said: dict[str, Finding] = {}

    def feed(self, findings: Sequence[Finding], tick: Tick) -> list[Finding]:
        """The findings of all kinds, in their order, with what is known of bursts added; then what is new of others."""
        out: list[Finding] = []
        again: set[str] = set()
        for finding in findings:
            listed = self._company.hear(finding)
            if listed:
                again.update(name for name, one in self._waves.items() if not listed.isdisjoint(one.company))
            if finding.kind != "burst" or (not finding.company and finding.alert_id not in self._waves):
                out.append(finding)
            elif finding.withdrawn:
                self._waves.pop(finding.alert_id, None)
                self._said.pop(finding.alert_id, None)
                out.append(finding)
            else:
                self._waves[finding.alert_id] = finding
                again.add(finding.alert_id)
        for name in sorted(again & self._waves.keys()):
            out += self._say(name, last=False)
        for name, wave in sorted(self._waves.items()):
            if tick.ended or (wave.closed and self._company.known(wave, tick)):
                out += self._say(name, last=True)
                del self._waves[name]
                self._said.pop(name, None)
        if tick.ended:
            self._clear()
        else:
            self._company.forget(tick, _LONGEST)
        return out

    def _say(self, name: str, last: bool) -> Iterator[Finding]:
        wave = self._waves[name]
        alerts, common = self._company.of(wave, wave.company, _LEAST, last)
        reasons = wave.reasons
        if alerts:
            said = reason(
                "joined_by_alerts",
                alerts=[other.alert_id for other in alerts][:NAMED],
                kinds=sorted({other.kind for other in alerts}),
                accounts=len(common),
                account_ids=common[:MAX_IDS],
            )
            reasons = (*reasons, said)
        finding = msgspec.structs.replace(wave, reasons=reasons, closed=wave.closed and last)
        if finding != self._said.get(name):
            self._said[name] = finding
            yield finding
