"""Compares what was told with what was planted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from pipeline.scenario.truth import Planted
from schemas.alerts import SEVERITIES, AlertKind, Severity
from schemas.times import SECOND, Micros, format_time, parse_time

AlertDict = Mapping[str, Any]
"""An alert in the contract's JSON form."""

MEMBERS = 0.8
"""An alert belongs to an operation when at least this share of the accounts that it lists do."""

COVERED = 0.6
"""An alert that is tied to an operation by accounts must count at least this share of its accounts."""


class Row(msgspec.Struct, frozen=True):
    """One line of the result.

    expected: as planted; "nothing" for a false alarm, whose name is its alert's kind.
    alert_id, severity: the alert that tells it (or breaks the promise of silence), None when there is none.
    delay_seconds: from the operation's first record to the event time at which the earliest given revision of
        sufficient severity stood; with last revisions only that is an upper bound. None without an alert.
    """

    name: str
    kind: AlertKind
    fr: str
    en: str
    expected: Literal["alert", "no_warning", "nothing"]
    alert_id: str | None
    severity: Severity | None
    delay_seconds: float | None
    ok: bool


class _Told(msgspec.Struct):
    """The revisions of one alert, in order."""

    revisions: list[AlertDict]

    @property
    def last(self) -> AlertDict:
        return self.revisions[-1]

    @property
    def level(self) -> int:
        """The highest severity ever told: an alarm that was taken back has rung all the same."""
        return max(_level(alert["severity"]) for alert in self.revisions)

    def since(self, level: int) -> AlertDict:
        """The first revision at `level` or above."""
        return next(alert for alert in self.revisions if _level(alert["severity"]) >= level)


_WARNING = SEVERITIES.index("warning")


def _level(severity: str) -> int:
    return SEVERITIES.index(severity)


def _gather(alerts: Sequence[AlertDict]) -> list[_Told]:
    by_id: dict[str, list[AlertDict]] = {}
    for alert in alerts:
        by_id.setdefault(alert["alert_id"], []).append(alert)
    told = [_Told(sorted(revisions, key=lambda alert: alert["revision"])) for revisions in by_id.values()]
    return sorted(told, key=lambda one: (one.last["first_seen"], one.last["alert_id"]))


def _window(alert: AlertDict) -> tuple[Micros, Micros]:
    return parse_time(alert["window"]["start"]), parse_time(alert["window"]["end"])


def _about(planted: Planted, alert: AlertDict) -> bool:
    subject = alert["subject"]
    return bool(planted.subject_id) and (subject["platform"], subject["id"]) == (
        planted.platform,
        planted.subject_id,
    )


def _share(accounts: frozenset[str], alert: AlertDict) -> float:
    """Share of the accounts listed by the alert that belong to the operation."""
    listed = alert["accounts"]["ids"]
    return sum(account in accounts for account in listed) / len(listed) if listed else 0.0


class _Operation(msgspec.Struct):
    """A planted operation with its accounts as a set."""

    planted: Planted
    accounts: frozenset[str]

    def attached(self, alert: AlertDict) -> bool:
        """The alert speaks of this operation: same time, and same subject or mostly its accounts."""
        start, end = _window(alert)
        if end < self.planted.start or start > self.planted.end:
            return False
        return _about(self.planted, alert) or _share(self.accounts, alert) >= MEMBERS

    def told(self, alert: AlertDict) -> bool:
        """The alert tells this operation: by its subject, or by enough of its accounts."""
        if not self.attached(alert):
            return False
        share = _share(self.accounts, alert)
        if _about(self.planted, alert) and self.planted.kind not in ("copy_paste", "coordinated_accounts"):
            return True
        covered = share * alert["accounts"]["count"] >= COVERED * len(self.accounts)
        # The page that a campaign is aimed at is not enough: others may be copied there.
        return share >= MEMBERS and covered


def belongs(planted: Planted, alert: AlertDict) -> bool:
    """Whether an alert speaks of what was planted: same time, and same subject or mostly its accounts."""
    return _Operation(planted, frozenset(planted.accounts)).attached(alert)


def _row(operation: _Operation, told: Sequence[_Told]) -> Row:
    planted = operation.planted
    same = [one for one in told if one.last["kind"] == planted.kind]
    wanted = planted.expected == "alert"
    if wanted:
        level = _level(planted.min_severity)
        found = [one for one in same if one.level >= level and operation.told(one.last)]
    else:
        found = [one for one in same if operation.attached(one.last)]
        level = _level("info")
    best = max(found, key=lambda one: one.level) if found else None  # the first of the most severe
    if best is None:
        return Row(
            planted.name,
            planted.kind,
            planted.fr,
            planted.en,
            planted.expected,
            None,
            None,
            None,
            ok=not wanted,
        )
    moment = parse_time(best.since(level)["last_seen"])
    return Row(
        planted.name,
        planted.kind,
        planted.fr,
        planted.en,
        planted.expected,
        best.last["alert_id"],
        SEVERITIES[best.level],
        max(0, moment - planted.start) / SECOND,
        ok=wanted or best.level < _WARNING,
    )


def _false_alarm(told: _Told) -> Row:
    alert = told.last
    subject = alert["subject"]
    start, _ = _window(alert)
    place = f"{subject['platform']}:{subject['id']}, {format_time(start)}"
    summary = alert.get("summary") or {}
    return Row(
        alert["kind"], alert["kind"], f"Fausse alerte ({place}) : {summary.get('fr', '')}",
        f"False alarm ({place}): {summary.get('en', '')}", "nothing", alert["alert_id"],
        SEVERITIES[told.level], None, ok=False,
    )  # fmt: skip


def score(truth: Sequence[Planted], alerts: Sequence[AlertDict]) -> list[Row]:
    """One row for each planted entry, in their order, then one for each false alarm.

    A false alarm is an alert of severity warning or above that is attached neither to an operation that
    deserves one (of whatever kind: a campaign may also be told as a burst) nor to a look-alike of its own
    kind (whose row then already says that it was not left in peace).

    Args:
        truth: what was planted.
        alerts: contract dicts in any order; of each alert the last revision, or all of them.
    """
    told = _gather(alerts)
    operations = [_Operation(planted, frozenset(planted.accounts)) for planted in truth]
    rows = [_row(operation, told) for operation in operations]
    for one in told:
        if one.level < _WARNING:
            continue
        explained = any(
            operation.attached(one.last)
            for operation in operations
            if operation.planted.expected == "alert" or operation.planted.kind == one.last["kind"]
        )
        if not explained:
            rows.append(_false_alarm(one))
    return rows
