"""The book of alerts: findings in, revisions out. One alert is one evolving thing, not a stream of repeats."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from pipeline.detect.finding import Finding
from pipeline.detect.score import calibrated
from pipeline.explain import summary
from pipeline.explain.evidence import evidence_sql
from schemas.alerts import Alert, Status, window
from schemas.times import format_time

_REMEMBERED = 100_000
"""Closed alerts whose revision is remembered, in case the same records are played again."""


class Withdrawn(msgspec.Struct, frozen=True):
    """An alert that was told and turned out to be part of another."""

    alert_id: str


class AlertBook:
    """Knows the last revision of every alert. `calibrated`: scores are told as `pipeline.detect.score` has them."""

    def __init__(self, calibrated: bool = True) -> None:
        self._calibrated = calibrated
        self._open: dict[str, tuple[int, Finding]] = {}
        self._closed: dict[str, tuple[int, Finding]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def apply(self, findings: Iterable[Finding]) -> list[Alert | Withdrawn]:
        """The revisions that these findings make. The same finding again makes none."""
        out: list[Alert | Withdrawn] = []
        for finding in findings:
            name = finding.alert_id
            known = self._open.pop(name, None) or self._closed.pop(name, None)
            if finding.withdrawn:
                if known is not None:
                    out.append(Withdrawn(name))
                continue
            if known is not None and known[1] == finding:
                self._keep(name, known)
                continue
            revision = known[0] + 1 if known else 1
            status: Status = "closed" if finding.closed else "updated" if known else "open"
            out.append(_alert(finding, self._score(finding), revision, status))
            self._keep(name, (revision, finding))
        return out

    def again(self, names: Iterable[str]) -> list[Alert]:
        """A further revision of each of these alerts that the book knows: their findings were changed in place."""
        out = []
        for name in names:
            for shelf in (self._open, self._closed):
                if name in shelf:
                    revision, finding = shelf[name]
                    shelf[name] = (revision + 1, finding)
                    status: Status = "closed" if finding.closed else "updated"
                    out.append(_alert(finding, self._score(finding), revision + 1, status))
        return out

    def _score(self, finding: Finding) -> float:
        return calibrated(finding.kind, finding.score) if self._calibrated else finding.score

    def _keep(self, name: str, entry: tuple[int, Finding]) -> None:
        (self._closed if entry[1].closed else self._open)[name] = entry
        if len(self._closed) > _REMEMBERED:
            self._closed.pop(next(iter(self._closed)))


def _alert(finding: Finding, score: float, revision: int, status: Status) -> Alert:
    return Alert(
        alert_id=finding.alert_id,
        kind=finding.kind,
        revision=revision,
        status=status,
        severity=finding.severity,
        score=score,
        subject=finding.subject,
        first_seen=format_time(finding.first_seen),
        last_seen=format_time(finding.last_seen),
        window=window(finding.start, finding.end),
        accounts=finding.accounts,
        posts=finding.posts,
        observed=finding.observed,
        expected=finding.expected,
        reasons=finding.reasons,
        ruled_out=finding.ruled_out,
        summary=summary(finding),
        evidence_sql=evidence_sql(finding.evidence),
        detector=finding.detector,
    )
