"""Slow waves: hours far above the usual in which no five minutes stand out."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.activity import Activity
from pipeline.detect.finding import Finding
from pipeline.detect.series import CountModel, Expectation, SeriesParameters
from pipeline.detect.waves import Waves
from pipeline.explain.bursts import summary
from schemas.times import DAY, HOUR, MINUTE
from tests.unit.test_bursts import MONDAY, OLD, closed, post, trickle

NOON = MONDAY + 5 * DAY + 12 * HOUR
HISTORY = trickle(MONDAY, NOON + 6 * HOUR, every=10 * MINUTE)


def slow(at: int, hours: float, every: int, authors: int, seed: int = 7) -> list[Activity]:
    """A post every `every` microseconds, each in its own words."""
    rng = random.Random(seed)
    count = round(hours * HOUR / every)
    return [
        post(
            at + i * every + rng.randrange(every),
            f"s{rng.randrange(authors)}",
            f"s{i}",
            sketch=(rng.getrandbits(60),),
            author_created_at=OLD,
        )
        for i in range(count)
    ]


def told(rows: list[Activity]) -> list[Finding]:
    return closed(HISTORY + rows)


def values(finding: Finding, code: str) -> dict[str, float]:
    return next(reason.values for reason in finding.reasons if reason.code == code)


def test_a_slow_wave_is_told_once() -> None:
    """Three posts a minute for three hours on a page of one in ten minutes: never 20 in five minutes, one alert."""
    (finding,) = told(slow(NOON, 3, MINUTE // 3, 2000))
    assert finding.severity == "info"
    wave = values(finding, "sustained")
    assert wave["posts"] >= 100
    assert wave["ratio"] > 4
    assert values(finding, "volume_above_baseline")["peak_posts"] < 20
    assert NOON - HOUR < finding.start < NOON + HOUR
    text = summary(finding)
    assert "Vague lente" in text.fr
    assert "A slow wave" in text.en


def test_a_slow_wave_by_few_is_a_warning() -> None:
    """The same wave made by five accounts."""
    (finding,) = told(slow(NOON, 3, MINUTE // 3, 5))
    assert finding.severity == "warning"
    assert "few_accounts" in {reason.code for reason in finding.reasons}


def test_a_flash_is_no_wave() -> None:
    """Two hundred posts in four minutes are one burst, which does not go on for the hour that holds them."""
    rows = [
        post(NOON + i * 4 * MINUTE // 200, f"f{i}", f"f{i}", sketch=(i,), author_created_at=OLD)
        for i in range(200)
    ]
    (finding,) = told(rows)
    assert "sustained" not in {reason.code for reason in finding.reasons}
    assert finding.end < NOON + 10 * MINUTE


def test_the_first_days_know_no_waves() -> None:
    """Before three days no hour is judged, as mornings would be waves."""
    begin = NOON - DAY
    rows = [row for row in HISTORY if row.at >= begin]
    assert closed(rows + slow(NOON, 3, MINUTE // 3, 2000)) == []


@given(st.dictionaries(st.integers(0, 60), st.integers(1, 50), max_size=40), st.integers(0, 60))
def test_the_hour_is_the_sum_of_its_intervals(counts: dict[int, int], end: int) -> None:
    """Whatever was forgotten before, an hour holds the last twelve intervals and no others."""
    waves = Waves(12, 4)
    for index in sorted(counts):
        if index <= end:
            waves.add(index, counts[index])
            waves.forget(index)
    posts, usual = waves.hour(end)
    assert posts == sum(count for index, count in counts.items() if end - 12 < index <= end)
    assert usual is None


@given(st.sets(st.integers(0, 60), max_size=40), st.integers(12, 80))
def test_what_is_usual_was_known_before_the_hour_began(learned: set[int], end: int) -> None:
    """The expectation is the latest of those that lie a guard before the hour, however often one forgets."""
    waves, lazy = Waves(12, 4), Waves(12, 4)
    for index in sorted(learned):
        if index + 4 <= end:
            waves.before(index, Expectation(float(index), 1.0, 0.5, index))
            lazy.before(index, Expectation(float(index), 1.0, 0.5, index))
            waves.forget(min(end, index + 4))
    waves.forget(end)
    old = [index for index in learned if index + 4 <= end - 11]
    _, usual = waves.hour(end)
    assert usual == lazy.hour(end)[1]
    assert (usual.mean if usual else None) == (float(max(old)) if old else None)


def test_an_hour_is_expected_as_the_sum_of_its_intervals() -> None:
    """Across a change of the hour's rhythm the sum follows the rhythm, not its first interval."""
    width = 5 * MINUTE
    model = CountModel(SeriesParameters(width=width))
    for i in range(20 * 288):
        at = MONDAY + i * width
        model.learn(at, 60 if at % DAY // HOUR == 8 else 3)
    start = MONDAY + 20 * DAY
    single = model.expect(start).mean
    assert model.expect(start, 12).mean == pytest.approx(12 * single, rel=0.01)
    for i in range(int(7.5 * 12)):
        model.learn(start + i * width, 3)
    across = model.expect(start + 90 * width, 12).mean  # from half past seven to half past eight
    assert 6 * 30 < across < 6 * 75
