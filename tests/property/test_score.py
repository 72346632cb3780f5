"""Scores as shares: rising maps, the same for everybody."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.score import KNOTS, calibrated
from tests.eval.calibration import Scored, brier, error, fitted, isotonic

shares = st.floats(0, 1)
kinds = st.sampled_from(sorted(KNOTS))


@pytest.mark.parametrize("kind", sorted(KNOTS))
def test_knots_rise_from_end_to_end(kind: str) -> None:
    """Every map is defined from 0 to 1 and strictly rising in both coordinates, within 0..1."""
    knots = KNOTS[kind]
    assert (knots[0][0], knots[-1][0]) == (0.0, 1.0)
    assert all(left[0] < right[0] and left[1] < right[1] for left, right in pairwise(knots))
    assert knots[0][1] >= 0
    assert knots[-1][1] <= 1
    assert [calibrated(kind, figure) for figure, _ in knots] == [share for _, share in knots]


@given(kinds, shares, shares)
def test_order_stays(kind: str, one: float, other: float) -> None:
    """A higher figure never becomes a lower score, and every score lies in 0..1."""
    low, high = sorted((one, other))
    assert 0 <= calibrated(kind, low) <= calibrated(kind, high) <= 1


@given(shares)
def test_unknown_kinds_keep_their_figure(figure: float) -> None:
    """A kind that was never fitted is told as its detector has it."""
    assert calibrated("source_silent", figure) == figure


@given(st.lists(st.tuples(shares, st.floats(0.1, 10)), min_size=1, max_size=40))
def test_isotonic(cases: list[tuple[float, float]]) -> None:
    """The fit never falls, keeps the weighted mean, leaves what rises alone, and is its own fit."""
    values, weights = [value for value, _ in cases], [weight for _, weight in cases]
    fit = isotonic(values, weights)
    assert all(left <= right for left, right in pairwise(fit))
    assert sum(v * w for v, w in zip(fit, weights, strict=True)) == pytest.approx(
        sum(v * w for v, w in zip(values, weights, strict=True))
    )
    assert isotonic(sorted(values), weights) == sorted(values)
    assert isotonic(fit, weights) == fit


@given(st.lists(st.tuples(shares, st.booleans()), min_size=1, max_size=300))
def test_fitted_knots_rise(cases: list[tuple[float, bool]]) -> None:
    """Whatever the alerts were, the knots rise, begin at 0 and end at 1."""
    knots = fitted([Scored("burst", raw, raw, right) for raw, right in cases])
    assert (knots[0][0], knots[-1][0]) == (0.0, 1.0)
    assert all(left[0] < right[0] and left[1] < right[1] for left, right in pairwise(knots))
    assert knots[0][1] >= 0
    assert knots[-1][1] <= 1


def test_errors() -> None:
    """Scores that are right as often as they say have no error; certain and wrong is the worst."""
    fair = [(0.75, True)] * 3 + [(0.75, False)]
    assert error(fair) == 0
    assert brier(fair) == 0.1875
    assert error([(1.0, False)] * 5) == brier([(1.0, False)] * 5) == 1
