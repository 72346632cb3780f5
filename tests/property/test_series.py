"""The model of counts: what must hold for any series."""

from __future__ import annotations

from math import exp, lgamma, log, log1p

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.series import CountModel, Expectation, SeriesParameters, surprise
from schemas.times import DAY, HOUR, MINUTE

WIDTH = 5 * MINUTE
MONDAY = 1_600_041_600_000_000
PARAMETERS = SeriesParameters(width=WIDTH, guard=2 * WIDTH)

counts = st.lists(st.tuples(st.integers(1, 400), st.integers(0, 500)), min_size=1, max_size=40)


def fed(steps: list[tuple[int, int]]) -> tuple[CountModel, int]:
    """A model that learned counts at growing distances, and the next free interval."""
    model, at = CountModel(PARAMETERS), MONDAY
    for gap, count in steps:
        model.learn(at, count)
        at += gap * WIDTH
    return model, at


@given(counts, st.integers(0, 3000))
def test_an_expectation_is_a_finite_number_and_asking_changes_nothing(
    steps: list[tuple[int, int]], gap: int
) -> None:
    """Whatever was learned, means are finite and not negative, and the same question has the same answer."""
    model, at = fed(steps)
    at += (3 + gap) * WIDTH
    first = model.expect(at)
    assert 0 <= first.mean < 1e6
    assert 0.02 <= first.dispersion <= 4
    model.expect(at + DAY)
    assert model.expect(at) == first
    assert model.twin().expect(at) == first


@given(counts, st.integers(0, 500))
def test_a_twin_learns_on_its_own(steps: list[tuple[int, int]], count: int) -> None:
    """What a copy learns does not reach the original."""
    model, at = fed(steps)
    before = model.expect(at + HOUR)
    model.twin().learn(at, count)
    assert model.expect(at + HOUR) == before


@given(st.floats(0.05, 500), st.floats(0.02, 4), st.integers(1, 2000))
@settings(max_examples=60)
def test_the_tail_is_the_sum_of_the_probabilities(mean: float, dispersion: float, count: int) -> None:
    """surprise() is -log10 of P(X >= count) of the negative binomial, summed term by term."""
    size = 1 / dispersion
    p = mean / (mean + size)
    below = sum(
        exp(lgamma(k + size) - lgamma(size) - lgamma(k + 1) + k * log(p) + size * log1p(-p))
        for k in range(count)
    )
    found = surprise(count, Expectation(mean, mean, dispersion, 1))
    if 1 - below > 1e-6:
        assert found == pytest.approx(-log(max(1 - below, 1e-300)) / log(10), abs=1e-5)
    else:
        assert found > 5.9


@given(st.floats(0, 1000), st.floats(0.02, 4), st.integers(1, 5000))
def test_more_is_more_surprising(mean: float, dispersion: float, count: int) -> None:
    """The surprise grows with the count."""
    usual = Expectation(mean, mean, dispersion, 1)
    low, high = surprise(count, usual), surprise(count + 1, usual)
    assert 0 <= low <= high + 1e-9


@given(st.integers(1, 2), st.integers(2, 80))
def test_silence_is_learned_without_being_visited(count: int, days: int) -> None:
    """Leaving silent intervals out gives nearly what learning them as zeros gives, below the cap."""
    sparse, dense = CountModel(PARAMETERS), CountModel(PARAMETERS)
    for interval in range(days * 48):  # one post-filled interval in six
        at = MONDAY + interval * WIDTH
        if interval % 6 == 0:
            sparse.learn(at, count)
            dense.learn(at, count)
        else:
            dense.learn(at, 0)
    at = MONDAY + days * 48 * WIDTH + HOUR
    assert sparse.expect(at).mean == pytest.approx(dense.expect(at).mean, rel=0.15)
    assert sparse.expect(at).level == pytest.approx(dense.expect(at).level, rel=0.05)


def daily(hour: int, weekday: int) -> int:
    return (40 if 8 <= hour < 20 else 2) * (1 if weekday < 5 else 3)


def test_the_rhythm_of_day_and_week_is_learned() -> None:
    """After four weeks the expected count follows the hour of the week, not the average."""
    model = CountModel(PARAMETERS)
    for interval in range(28 * 288):
        at = MONDAY + interval * WIDTH
        model.learn(at, daily(at % DAY // HOUR, (at - MONDAY) // DAY % 7))
    for interval in range(28 * 288, 29 * 288):
        at = MONDAY + interval * WIDTH
        if at % HOUR == 6 * WIDTH:
            usual = daily(at % DAY // HOUR, 0)
            assert 0.5 * usual < model.expect(at).mean < 2.5 * usual  # from 2 to 40; the level is 34
        model.learn(at, daily(at % DAY // HOUR, 0))


def test_a_burst_does_not_become_the_new_normal_at_once_but_a_lasting_change_does() -> None:
    """An hour at fifty times the level leaves the expectation below thrice the level; two days move it."""
    model = CountModel(PARAMETERS)
    for interval in range(7 * 288):
        model.learn(MONDAY + interval * WIDTH, 10)
    end = MONDAY + 7 * DAY
    burst, lasting = model.twin(), model.twin()
    for interval in range(12):
        burst.learn(end + interval * WIDTH, 500)
    assert burst.expect(end + HOUR + 2 * WIDTH).mean < 30
    for interval in range(2 * 288):
        lasting.learn(end + interval * WIDTH, 500)
    assert lasting.expect(end + 2 * DAY + 2 * WIDTH).mean > 125  # a quarter of 500: no alarm any more


def test_a_series_begins_anew_after_a_month_of_silence() -> None:
    """What is older than `forget` is not history."""
    model = CountModel(PARAMETERS)
    for interval in range(300):
        model.learn(MONDAY + interval * WIDTH, 10)
    assert model.expect(MONDAY + 25 * DAY).history_buckets > 0
    assert model.expect(MONDAY + 40 * DAY).history_buckets == 0
    assert model.surprise(MONDAY + 40 * DAY, 1000) == 0


def test_the_end_of_an_outage_is_no_burst() -> None:
    """After six silent hours the usual count is expected to a factor of two and a half."""
    model = CountModel(PARAMETERS)
    for interval in range(10 * 288):
        model.learn(MONDAY + interval * WIDTH, 100)
    assert model.expect(MONDAY + 10 * DAY + 6 * HOUR).mean > 40
