"""Alerts that were told, without the people in them who are forgotten and without quotes of deleted posts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from pipeline.detect.erase import Names, without_quote
from pipeline.detect.finding import Evidence, Finding
from pipeline.explain import summary
from pipeline.explain.evidence import quote
from schemas.alerts import Alert, Members, Reason, named
from schemas.times import parse_time

Rename = Callable[[str], str]


def redacted(alert: Alert, names: Names) -> Alert:
    """The alert with forgotten accounts and posts under other names, in fields, evidence and summary; the same object
    where it names none."""
    platform = alert.subject.platform

    def rename(text: str) -> str:
        return names.of(text, platform)

    theirs = {
        alert.subject.id,
        *alert.accounts.ids,
        *alert.posts.ids,
        *named(alert.reasons),
        *named(alert.ruled_out),
    }
    new = {one: rename(one) for one in theirs if rename(one) != one}
    if not new:
        return alert
    evidence = alert.evidence_sql
    for one, other in new.items():
        evidence = evidence.replace(quote(one), quote(other))
    name = alert.subject.name
    if name is not None:
        name = ", ".join(map(rename, name.split(", ")))
    changed = msgspec.structs.replace(
        alert,
        subject=msgspec.structs.replace(alert.subject, id=rename(alert.subject.id), name=name),
        accounts=Members(alert.accounts.count, tuple(map(rename, alert.accounts.ids))),
        posts=Members(alert.posts.count, tuple(map(rename, alert.posts.ids))),
        reasons=_exchanged(alert.reasons, rename),
        ruled_out=_exchanged(alert.ruled_out, rename),
        evidence_sql=evidence,
    )
    first = alert.posts.ids[:1]
    return quoting(changed, "") if first and first[0] in new else _said_again(changed, alert)


def quoted(alert: Alert) -> str | None:
    """The text that an alert quotes; None where it quotes none."""
    return next((one.values["sample"] for one in alert.reasons if one.values.get("sample")), None)


def quoting(alert: Alert, text: str) -> Alert:
    """The alert with another post's text for the one that it quotes; empty: with none."""
    if not any("sample" in one.values for one in alert.reasons):
        return _said_again(alert, alert)
    reasons = tuple(
        Reason(
            one.code, {**without_quote(one.values), "sample": text} if "sample" in one.values else one.values
        )
        for one in alert.reasons
    )
    subject = msgspec.structs.replace(alert.subject, name=" ".join(text.split())[:60])
    return _said_again(msgspec.structs.replace(alert, reasons=reasons, subject=subject), alert)


def _exchanged(reasons: tuple[Reason, ...], rename: Rename) -> tuple[Reason, ...]:
    return tuple(Reason(one.code, _values(one.values, rename)) for one in reasons)


def _values(value: Any, rename: Rename) -> Any:
    if isinstance(value, str):
        return rename(value)
    if isinstance(value, Mapping):
        return {name: _values(one, rename) for name, one in value.items()}
    return [_values(one, rename) for one in value] if isinstance(value, list | tuple) else value


def _said_again(alert: Alert, before: Alert) -> Alert:
    """With the summary that its figures make now. Of an alert that an older version told, and this one cannot say in
    words any more, the numbers remain."""
    finding = Finding(
        alert_id=alert.alert_id,
        kind=alert.kind,
        severity=alert.severity,
        score=alert.score,
        subject=alert.subject,
        first_seen=parse_time(alert.first_seen),
        last_seen=parse_time(alert.last_seen),
        start=parse_time(alert.window.start),
        end=parse_time(alert.window.end),
        accounts=alert.accounts,
        posts=alert.posts,
        observed=alert.observed,
        expected=alert.expected,
        reasons=alert.reasons,
        ruled_out=alert.ruled_out,
        evidence=Evidence("posts", {}, 0, 0),
        detector=alert.detector,
    )
    try:
        words = summary(finding)
    except (LookupError, TypeError, ValueError):
        fr = f"{alert.kind} : {alert.accounts.count} comptes, {alert.posts.count} publications."
        en = f"{alert.kind}: {alert.accounts.count} accounts, {alert.posts.count} posts."
        words = type(before.summary)(fr=fr, en=en)
    return msgspec.structs.replace(alert, summary=words)
