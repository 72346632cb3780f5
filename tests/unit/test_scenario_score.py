"""Scoring alerts against what was planted, on alerts made by hand."""

from __future__ import annotations

from typing import Any

from pipeline.scenario import Planted
from pipeline.scenario.score import Row, score
from schemas.times import HOUR, MINUTE, Micros, format_time

T: Micros = 1_772_600_000_000_000
ACCOUNTS = tuple(f"a{i}" for i in range(20))

CAMPAIGN = Planted(
    "copies", "copy_paste", "alert", "warning", "twitter", "brand", ACCOUNTS, (), T, T + HOUR, "fr", "en"
)
FLOOD = Planted(
    "flood", "burst", "alert", "warning", "twitter", "town", ACCOUNTS[:5], (), T, T + HOUR, "fr", "en"
)
BUZZ = Planted(
    "buzz", "burst", "no_warning", "info", "twitter", "trains", ("x", "y"), (), T, T + HOUR, "fr", "en"
)
WISHES = Planted(
    "wishes", "copy_paste", "no_warning", "info", "twitter", "", ("w1", "w2"), (), T, T + HOUR, "fr", "en"
)


def _alert(
    kind: str, severity: str, subject: str, accounts: tuple[str, ...] = (), **more: Any
) -> dict[str, Any]:
    start: Micros = more.pop("start", T + 10 * MINUTE)
    count: int = more.pop("count", len(accounts))
    return {
        "alert_id": f"{kind}-{subject}",
        "kind": kind,
        "revision": 1,
        "severity": severity,
        "subject": {"platform": "twitter", "id": subject},
        "first_seen": format_time(start),
        "last_seen": format_time(start + 5 * MINUTE),
        "window": {"start": format_time(start), "end": format_time(start + 30 * MINUTE)},
        "accounts": {"count": count, "ids": list(accounts[:100])},
        "summary": {"fr": "résumé", "en": "summary"},
        **more,
    }


def _one(planted: Planted, *alerts: dict[str, Any]) -> Row:
    rows = score([planted], alerts)
    assert len(rows) == 1
    return rows[0]


def test_found_by_accounts() -> None:
    """A campaign is found by an alert that lists mostly its accounts, whatever its subject."""
    row = _one(CAMPAIGN, _alert("copy_paste", "error", "cluster-9", (*ACCOUNTS[:14], "z")))
    assert (row.ok, row.alert_id, row.severity, row.delay_seconds) == (
        True,
        "copy_paste-cluster-9",
        "error",
        900.0,
    )


def test_found_by_subject() -> None:
    """A burst is found by its subject, even when the alert lists other accounts."""
    row = _one(FLOOD, _alert("burst", "warning", "town", ("p", "q")))
    assert (row.ok, row.severity) == (True, "warning")


def test_missed_without_alert_or_with_too_little() -> None:
    """No alert, or one too mild, too early, of too few accounts or of others: the operation is missed."""
    for alerts in ([], [_alert("copy_paste", "info", "brand", ACCOUNTS)]):
        row = _one(CAMPAIGN, *alerts)
        assert (row.ok, row.alert_id, row.delay_seconds) == (False, None, None)
    early = score([CAMPAIGN], [_alert("copy_paste", "warning", "d", ACCOUNTS, start=T - 9 * HOUR)])
    assert [row.expected for row in early] == ["alert", "nothing"]
    assert not early[0].ok
    covered = score([CAMPAIGN], [_alert("copy_paste", "warning", "c", ACCOUNTS[:5])])
    assert [row.ok for row in covered] == [
        False
    ]  # attached, so no false alarm, but too small to tell the campaign
    others = score([CAMPAIGN], [_alert("copy_paste", "warning", "brand", tuple("mnopq"))])
    assert others[0].ok is False  # the page is right, the people are not


def test_count_beyond_the_listed_accounts_counts() -> None:
    """Only 100 accounts are listed; the count covers the rest."""
    crowd = tuple(f"b{i}" for i in range(400))
    planted = Planted(
        "big", "copy_paste", "alert", "warning", "twitter", "p", crowd, (), T, T + HOUR, "fr", "en"
    )
    assert _one(planted, _alert("copy_paste", "critical", "c", crowd[:100], count=390)).ok
    assert not _one(planted, _alert("copy_paste", "critical", "c", crowd[:100], count=100)).ok


def test_look_alike_may_be_news_and_not_more() -> None:
    """An info about a look-alike is fine and shown; a warning is a violation, not a false alarm as well."""
    quiet = _one(BUZZ)
    assert (quiet.ok, quiet.alert_id) == (True, None)
    news = _one(BUZZ, _alert("burst", "info", "trains", ("x",)))
    assert (news.ok, news.severity) == (True, "info")
    wrong = _one(BUZZ, _alert("burst", "warning", "trains", ("x",)))
    assert (wrong.ok, wrong.severity) == (False, "warning")
    by_accounts = _one(WISHES, _alert("copy_paste", "error", "cluster-3", ("w1", "w2")))
    assert not by_accounts.ok


def test_false_alarm() -> None:
    """A warning that belongs to nothing planted becomes a row of its own; an info does not."""
    rows = score(
        [CAMPAIGN], [_alert("burst", "warning", "elsewhere", ("z",)), _alert("burst", "info", "there")]
    )
    assert [row.expected for row in rows] == ["alert", "nothing"]
    assert (rows[1].ok, rows[1].alert_id, rows[1].kind) == (False, "burst-elsewhere", "burst")
    assert "twitter:elsewhere" in rows[1].en


def test_an_operation_may_be_told_in_several_kinds() -> None:
    """A campaign's page may also burst; a look-alike of another kind is no excuse."""
    excused = score([CAMPAIGN], [_alert("burst", "warning", "brand", ("z",))])
    assert [row.expected for row in excused] == ["alert"]
    blamed = score([BUZZ], [_alert("copy_paste", "warning", "trains", ("x",))])
    assert [row.expected for row in blamed] == ["no_warning", "nothing"]


def test_revisions() -> None:
    """The first revision that is severe enough gives the delay; an alarm taken back has rung all the same."""
    first = _alert("copy_paste", "info", "c", ACCOUNTS[:6])
    second = {
        **_alert("copy_paste", "warning", "c", ACCOUNTS),
        "revision": 2,
        "last_seen": format_time(T + 20 * MINUTE),
    }
    third = {**second, "revision": 3, "last_seen": format_time(T + 50 * MINUTE)}
    row = _one(CAMPAIGN, third, first, second)
    assert (row.ok, row.delay_seconds) == (True, 1200.0)
    calm = {**_alert("burst", "info", "trains", ("x",)), "revision": 2}
    assert not _one(BUZZ, calm, _alert("burst", "error", "trains", ("x",))).ok


def test_order_of_alerts_does_not_matter() -> None:
    """The same alerts in any order give the same rows."""
    alerts = [
        _alert("copy_paste", "error", "c", ACCOUNTS),
        _alert("copy_paste", "error", "d", ACCOUNTS, start=T + 20 * MINUTE),
        _alert("burst", "critical", "elsewhere"),
        _alert("burst", "error", "town"),
    ]
    truth = [CAMPAIGN, FLOOD, BUZZ]
    assert score(truth, alerts) == score(truth, alerts[::-1])
