"""Dirty counts raise nothing; purchases are found at every size, by the day and by the hour."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from pipeline.detect.clock import FINAL, Tick
from pipeline.detect.fan_spikes import FanSpikes
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_fans import FanSpikeParameters
from schemas.records import FanCount
from schemas.times import DAY, HOUR, MINUTE, Micros

START = 1_600_000_000_000_000
Series = list[tuple[Micros, int]]


def _series(days: int, step: Micros = DAY, fans: int = 20_000, daily: float = 20.0, seed: int = 1) -> Series:
    """Clean growth with noise."""
    rng, level, out = random.Random(seed), float(fans), []
    for n in range(days * DAY // step):
        level += rng.gauss(daily, daily / 4) * step / DAY
        out.append((START + n * step, round(level)))
    return out


def _run(series: Sequence[tuple[Micros, int]], name: str | None = None) -> tuple[list[Finding], FanSpikes]:
    detector, last = FanSpikes(FanSpikeParameters(), 10 * MINUTE), {}
    for at, fans in series:
        detector.add([FanCount("x", "page", at, fans, name)])
        for finding in detector.advance(Tick(at, at - 10 * MINUTE)):
            last[finding.alert_id] = finding
    for finding in detector.advance(FINAL):
        last[finding.alert_id] = finding
    return [finding for finding in last.values() if not finding.withdrawn], detector


def _add(series: Series, at: Micros, more: int, over: int = 1) -> Series:
    """`more` fans in equal parts over `over` readings from `at` on."""
    out, given = [], 0
    for time, fans in series:
        if time >= at and given < over:
            given += 1
        out.append((time, fans + more * given // over))
    return out


def _replace(series: Series, first: int, change: Callable[[int, int], int | None], count: int = 1) -> Series:
    """Readings first … first + count - 1 changed; None takes one out."""
    out = []
    for n, (at, fans) in enumerate(series):
        value = change(n, fans) if first <= n < first + count else fans
        if value is not None:
            out.append((at, value))
    return out


CLEAN = _series(150)

DIRT: dict[str, Series] = {
    "clean": CLEAN,
    "stale for ten days, then the truth": _replace(CLEAN, 80, lambda n, f: CLEAN[80][1], 10),
    "stale for sixty days, then the truth": _replace(CLEAN, 60, lambda n, f: CLEAN[60][1], 60),
    "a zero": _replace(CLEAN, 80, lambda n, f: 0),
    "zeros for a week": _replace(CLEAN, 80, lambda n, f: 0, 7),
    "a drop that returns": _replace(CLEAN, 80, lambda n, f: f // 2),
    "a drop that returns after four days": _replace(CLEAN, 80, lambda n, f: f - 3000, 4),
    "a drop to one that returns": _replace(CLEAN, 80, lambda n, f: 1, 2),
    "a number too high, once": _replace(CLEAN, 80, lambda n, f: 3 * f),
    "a number slightly too high, once": _replace(CLEAN, 80, lambda n, f: f + 500),
    "rounded to hundreds": _replace(CLEAN, 0, lambda n, f: f // 100 * 100, 150),
    "three digits of a large number": [(at, f * 60 // 10_000 * 10_000) for at, f in CLEAN],
    "rounded from the middle on": _replace(CLEAN, 70, lambda n, f: f // 100 * 100, 80),
    "shown as 12,3 k": [(at, round(f * 0.6) // 100 * 100) for at, f in CLEAN],
    "shown as 12,3 k for a month": _replace(CLEAN, 70, lambda n, f: f // 100 * 100, 30),
    "shown as 1,2 M": [(at, f * 60 // 100_000 * 100_000) for at, f in CLEAN],
    "stale for ten days, three times": _replace(
        _replace(_replace(CLEAN, 40, lambda n, f: CLEAN[40][1], 10), 70, lambda n, f: CLEAN[70][1], 10),
        100, lambda n, f: CLEAN[100][1], 10,
    ),
    "missing days, and a zero soon after": _replace(
        _replace(CLEAN, 80, lambda n, f: None, 9), 84, lambda n, f: 0
    ),
    "zeros at the beginning": _replace(CLEAN, 0, lambda n, f: 0, 15),
    "two counts of one moment": [one for at, f in CLEAN for one in ((at, f), (at, 2 * f))],
    "stale, then missing, then the truth": _replace(
        _replace(CLEAN, 80, lambda n, f: CLEAN[80][1], 6), 86, lambda n, f: None, 6
    ),
    "missing days": _replace(CLEAN, 80, lambda n, f: None, 12),
    "every third day missing": [reading for n, reading in enumerate(CLEAN) if n % 3],
    "everything twice": [reading for reading in CLEAN for _ in range(2)],
    "a page that stops losing fans": [
        (at, 60_000 - 300 * min(n, 80) + n) for n, (at, _) in enumerate(CLEAN)
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", DIRT)
def test_dirt_is_no_alert(kind: str) -> None:
    """Each way in which counts are collected wrongly leaves nothing behind."""
    findings, _ = _run(DIRT[kind])
    assert findings == []


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        ("stale for ten days, then the truth", "stale_run"),
        ("stale for sixty days, then the truth", "stale_run"),
        ("stale for sixty days, then the truth", "catch_up"),
        ("stale for ten days, three times", "stale_run"),
        ("stale, then missing, then the truth", "catch_up"),
        ("missing days", "catch_up"),
        ("a zero", "zero"),
        ("missing days, and a zero soon after", "zero"),
        ("two counts of one moment", "contradiction"),
        ("shown as 12,3 k", "rounding"),
        ("zeros for a week", "zero"),
        ("a drop that returns", "reading_error_reverted"),
        ("a drop that returns after four days", "reading_error_reverted"),
        ("a drop to one that returns", "reading_error_reverted"),
        ("a number too high, once", "reading_error_reverted"),
        ("a number slightly too high, once", "reading_error_reverted"),
        ("rounded to hundreds", "rounding"),
        ("three digits of a large number", "rounding"),
        ("rounded from the middle on", "rounding"),
    ],
)
def test_dirt_is_noted(kind: str, note: str) -> None:
    """What was passed over is counted under its code."""
    _, detector = _run(DIRT[kind])
    assert detector.quality_notes[note] >= 1


def test_two_counts_at_one_moment_are_noted() -> None:
    """The lower one counts, and the contradiction is not passed over in silence."""
    detector = FanSpikes(FanSpikeParameters(), 0)
    twice = [reading for at, fans in CLEAN for reading in ((at, fans), (at, fans + 5000))]
    detector.add([FanCount("x", "page", at, fans) for at, fans in twice])
    assert detector.advance(FINAL) == []
    assert detector.quality_notes["contradiction"] == len(CLEAN)


def test_clean_counts_leave_no_note() -> None:
    """Nothing is held against counts that are as they should be."""
    assert _run(CLEAN)[1].quality_notes == {}


@pytest.mark.parametrize("share", [0.01, 0.1, 1.0])
@pytest.mark.parametrize("over", [1, 2, 3])
def test_a_purchase_is_found_at_every_size(share: float, over: int) -> None:
    """1, 10 and 100 % of the fans within one to three days: one finding with its figures. It warns where that is far
    beyond the threshold, as nobody saw who came; 1 % is told only."""
    bought = round(20_000 * share)
    findings, _ = _run(_add(CLEAN, START + 100 * DAY, bought, over), "La page")
    (finding,) = findings
    assert finding.severity == "info" if share == 0.01 else finding.severity in ("warning", "error")
    assert finding.closed
    assert finding.first_seen - (START + 100 * DAY) <= 2 * DAY
    assert abs((finding.observed - finding.expected) - bought) <= 0.15 * bought + 20
    assert finding.subject.name == "La page"
    codes = [reason.code for reason in finding.reasons]
    assert codes == ["growth_above_baseline", "sharp_step", "who_came_unknown"]
    assert {reason.code for reason in finding.ruled_out} >= {
        "catch_up_after_stale",
        "reading_error_reverted",
        "rounding",
        "usual_rhythm",
    }
    assert finding.evidence.table == "fan_counts"


def test_a_large_purchase_on_a_rounded_page_is_found() -> None:
    """Rounding hides small growth only."""
    rounded = [(at, fans // 100 * 100) for at, fans in _add(CLEAN, START + 100 * DAY, 2000, 2)]
    (finding,) = _run(rounded)[0]
    checked = {reason.code: reason.values for reason in finding.ruled_out}
    assert checked["rounding"] == {"quantum": 100}


def test_an_hourly_page_is_told_within_the_hours() -> None:
    """3,000 fans in two hours: told before the third hour has passed, and it stays one finding."""
    at = START + 12 * DAY + 5 * HOUR
    series = _add(_series(30, HOUR, 60_000, 200), at, 3000, 2)
    detector = FanSpikes(FanSpikeParameters(), 10 * MINUTE)
    told: list[tuple[Micros, Finding]] = []
    for moment, fans in series:
        detector.add([FanCount("x", "page", moment, fans)])
        told += [(moment, finding) for finding in detector.advance(Tick(moment, moment - 10 * MINUTE))]
    told += [(0, finding) for finding in detector.advance(FINAL)]
    assert told[0][0] - at <= 2 * HOUR
    assert len({finding.alert_id for _, finding in told}) == 1
    assert told[-1][1].closed
    assert 2800 <= told[-1][1].observed - told[-1][1].expected <= 3200


def test_a_rise_that_dies_away_is_news() -> None:
    """6 % in a day, then half of it each day after: info at most."""
    extra, level = [], 0.0
    for n, (at, fans) in enumerate(CLEAN):
        level += 1200 * 0.55 ** (n - 100) if n >= 100 else 0
        extra.append((at, fans + round(level)))
    (finding,) = _run(extra)[0]
    assert finding.severity == "info"
    assert "gradual_decay" in [reason.code for reason in finding.reasons]


def test_a_small_rise_that_dies_away_is_not_told() -> None:
    """1.2 % in a day and an echo: every page's everyday news."""
    extra, level = [], 0.0
    for n, (at, fans) in enumerate(CLEAN):
        level += 240 * 0.55 ** (n - 100) if n >= 100 else 0
        extra.append((at, fans + round(level)))
    findings, _ = _run(extra)
    assert findings == []


def test_a_small_rise_does_not_hide_a_steep_one_behind_it() -> None:
    """A rise of 250 fans, and while its shape is awaited a purchase of 30 % of the page: the purchase is told, with all
    its fans."""
    small = _add(_series(120), START + 100 * DAY, 250)
    (finding,) = _run(_add(small, START + 102 * DAY, 6_000))[0]
    assert finding.observed - finding.expected == pytest.approx(6_000, rel=0.02)
    assert "sharp_step" in [one.code for one in finding.reasons]


@pytest.mark.parametrize(("afterwards", "told"), [(0, True), (85, False)])
def test_what_goes_on_needs_more(afterwards: int, told: bool) -> None:
    """190 fans on a page of 22,000 are told when the growth stops dead, and not when nearly half as many follow."""
    series = _add(_add(_series(120), START + 100 * DAY, 190), START + 101 * DAY, afterwards)
    assert bool(_run(series)[0]) is told


def test_a_far_larger_rise_soon_after_is_another_episode() -> None:
    """A small purchase does not cover a large one in its cool-down."""
    series = _add(_add(CLEAN, START + 100 * DAY, 300), START + 107 * DAY, 6000, 2)
    findings, _ = _run(series)
    assert len(findings) == 2


def test_a_glitch_that_was_told_is_withdrawn() -> None:
    """A count that trebles for one reading is told at once and taken back with the next."""
    detector = FanSpikes(FanSpikeParameters(), 10 * MINUTE)
    told: list[Finding] = []
    for at, fans in DIRT["a number too high, once"]:
        detector.add([FanCount("x", "page", at, fans)])
        told += detector.advance(Tick(at, at - 10 * MINUTE))
    assert [finding.withdrawn for finding in told] == [False, True]
    assert told[0].alert_id == told[1].alert_id


def test_no_history_no_judgement() -> None:
    """A page that was seen for a week is not judged by the day."""
    findings, _ = _run(_add(_series(8), START + 6 * DAY, 20_000))
    assert findings == []
