"""The quota of messages: what is told, what is held back, and that every alert is one or the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.metrics import Meter
from pipeline.notify.bot import Bot
from pipeline.notify.feed import Gone
from pipeline.notify.quota import Quota
from schemas.alerts import (
    SEVERITIES,
    Alert,
    AlertKind,
    Detector,
    Members,
    Severity,
    Status,
    Subject,
    Summary,
    Window,
)

KINDS: tuple[AlertKind, ...] = ("burst", "copy_paste")


def alert(
    number: int, kind: AlertKind = "burst", severity: Severity = "warning", status: Status = "open"
) -> Alert:
    """One of many."""
    return Alert(
        f"{kind}-{number}", kind, 1, status, severity, 0.5, Subject("forum", "page"), "", "", Window("", ""),
        Members(0), Members(0), 1.0, 0.0, (), (), Summary("texte", "text"), "", Detector("d", "1", {}),
    )  # fmt: skip


class Ear:
    """A channel that remembers."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.notices: list[str] = []

    async def deliver(self, alert: Alert, title: str, text: str) -> None:
        self.told.append(alert.alert_id)

    async def notice(self, text: str) -> None:
        self.notices.append(text)


async def feed(
    entries: Iterable[tuple[float, Alert | Gone]], clock: list[float]
) -> AsyncIterator[Alert | Gone]:
    """Alerts at their times."""
    for at, one in entries:
        clock[0] = at
        yield one


def followed(
    entries: Iterable[tuple[float, Alert | Gone]], most: int, language: str = "fr"
) -> tuple[Ear, Meter]:
    """What a bot made of them."""
    ear, meter, clock = Ear(), Meter(), [0.0]
    bot = Bot([ear], "warning", language, Quota(most), meter)
    asyncio.run(bot.follow(feed(entries, clock), lambda: clock[0]))
    return ear, meter


def held(meter: Meter) -> float:
    """The metric of what was held back."""
    found = 0.0
    for kind in KINDS:
        found += (
            meter.registry.get_sample_value("vigie_messages_total", {"kind": kind, "outcome": "held"}) or 0
        )
    return found


def test_a_storm() -> None:
    """The first ones are told at once; the rest is one message when the hour is over; then there is room again."""
    storm = [(10.0 + n, alert(n)) for n in range(32)]
    ear, meter = followed([*storm, (100.0, alert(1, "copy_paste")), (3700.0, alert(99))], 20)
    assert ear.told == [*(f"burst-{n}" for n in range(20)), "copy_paste-1", "burst-99"]
    (notice,) = ear.notices
    assert notice.startswith(
        "12 autres alertes retenues entre le 1er janvier 1970 à 0 h 00 UTC et le 1er janvier 1970"
    )
    assert "12 volume inhabituel" in notice
    assert held(meter) == 12


def test_the_end_says_what_is_held() -> None:
    """A bot that ends says it before; in English, and of one."""
    ear, _ = followed([(5.0, alert(n)) for n in range(3)], 2, "en")
    (notice,) = ear.notices
    assert notice.startswith("1 other alert held back between 1 January 1970 at 00:00 UTC and")
    assert "1 unusual volume. Nothing is lost" in notice


def test_warnings_hold_back_nothing_more_severe() -> None:
    """And what was held back may be told when it grows more severe; it is then not counted as held."""
    warnings = [(1.0, alert(n)) for n in range(9)]
    grown = msgspec.structs.replace(alert(8), severity="critical", status="updated")
    ear, _ = followed([*warnings, (2.0, alert(50, severity="critical")), (3.0, grown)], 3)
    assert ear.told == ["burst-0", "burst-1", "burst-2", "burst-50", "burst-8"]
    assert ear.notices[0].startswith("5 autres alertes")


def test_no_limit_and_no_noise() -> None:
    """0 tells all; without anything held nothing is said; what is below the severity does not count."""
    ear, _ = followed([(1.0, alert(n)) for n in range(500)], 0)
    assert (len(ear.told), ear.notices) == (500, [])
    quiet = [(1.0, alert(n, severity="info")) for n in range(50)]
    ear, meter = followed([*quiet, (2.0, alert(1))], 1)
    assert (ear.told, ear.notices, held(meter)) == (["burst-1"], [], 0)


def test_the_same_alert_is_counted_once() -> None:
    """Its revisions and its end are no further alerts."""
    rows = [
        (1.0, alert(0)),
        (2.0, alert(1)),
        (3.0, alert(1, status="updated")),
        (4.0, alert(1, status="closed")),
    ]
    ear, _ = followed(rows, 1)
    assert ear.notices[0].startswith("1 autre alerte retenue")


@given(
    st.lists(
        st.tuples(st.integers(0, 9000), st.sampled_from(KINDS), st.sampled_from(SEVERITIES[1:])), max_size=80
    ),
    st.integers(1, 5),
)
def test_every_alert_is_told_or_held(rows: list[tuple[int, AlertKind, Severity]], most: int) -> None:
    """Once each; never more than the quota of a kind, hour and severity or above; the same each time."""

    def run() -> tuple[list[bool], int]:
        quota, told, total = Quota(most), [], 0
        for number, (at, kind, severity) in enumerate(sorted(rows, key=lambda row: row[0])):
            over = quota.due(float(at))
            total += over.kinds.total() if over else 0
            told.append(quota.take(str(number), kind, severity, float(at)))
        over = quota.due(9999.0, all_of_it=True)
        assert quota.due(9999.0, all_of_it=True) is None
        return told, total + (over.kinds.total() if over else 0)

    told, total = run()
    assert run() == (told, total)
    assert told.count(False) == total
    for place in {(at // 3600, kind) for at, kind, _ in rows}:
        mine = [
            severity
            for yes, (at, kind, severity) in zip(told, sorted(rows, key=lambda row: row[0]), strict=True)
            if yes and (at // 3600, kind) == place
        ]
        for least in SEVERITIES[1:]:
            assert sum(one == least for one in mine) <= most
        assert mine, "an hour in which something came is never mute"


def test_a_channel_that_fails_ends_the_bot() -> None:
    """As before: the error goes up, and nothing is left waiting."""

    class Deaf(Ear):
        async def deliver(self, alert: Alert, title: str, text: str) -> None:
            raise ConnectionError("no")

    bot = Bot([Deaf()], "warning", "fr", Quota(1))
    with pytest.raises(ConnectionError):
        asyncio.run(bot.follow(feed([(1.0, alert(1))], [0.0])))
