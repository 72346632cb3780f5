"""A delivery is told from attention by its course, wherever the readings fall."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.fan_shape import Growth, attention, delivery

paces = st.floats(50, 1e6)
steps = st.lists(st.floats(0.8, 1.3), min_size=9, max_size=9)


def _delivered(lengths: list[float], begin: float, lasting: float, pace: float) -> list[Growth]:
    """What readings at these distances show of fans that come from `begin` on for `lasting` steps."""
    out, at = [], 0.0
    for length in lengths:
        inside = max(0.0, min(at + length, begin + lasting) - max(at, begin))
        out.append(Growth(length, pace * inside))
        at += length
    return out


def _attended(lengths: list[float], begin: float, left: float, height: float) -> list[Growth]:
    """The same of attention that jumps up at `begin` and keeps the share `left` after each step."""
    out, at = [], 0.0
    for length in lengths:
        early, late = max(0.0, at - begin), max(0.0, at + length - begin)
        out.append(Growth(length, height * (left**early - left**late)))
        at += length
    return out


@given(steps, st.floats(0, 1.9), st.floats(0.1, 4), paces)
def test_a_delivery_is_one_wherever_the_readings_fall(
    lengths: list[float], begin: float, lasting: float, pace: float
) -> None:
    """Any start, length and pace: no worse than a fiftieth unexplained, and nobody is missed."""
    fit = delivery(_delivered(lengths, begin, lasting, pace))
    assert fit.misfit < 0.02
    assert math.isclose(fit.fans, pace * lasting, rel_tol=0.02)


@given(steps, st.floats(0.35, 0.8), paces)
def test_attention_that_lasts_is_no_delivery(lengths: list[float], left: float, height: float) -> None:
    """What keeps at least a third after each step is explained by attention, and clearly worse by a delivery."""
    path = _attended(lengths, lengths[0], left, height)
    assert attention(path).misfit < 0.05
    assert delivery(path).misfit > attention(path).misfit + 0.015


@given(st.lists(st.tuples(st.floats(0.5, 8), st.floats(-1e6, 1e6)), max_size=12))
def test_misfits_are_shares(path: list[tuple[float, float]]) -> None:
    """Any path: between nothing and all of it is unexplained, and no fans come that are not there."""
    growths = [Growth(*pair) for pair in path]
    for fit in (delivery(growths), attention(growths)):
        assert 0.0 <= fit.misfit <= 1.0
        assert fit.fans >= 0.0


@given(steps, st.floats(0, 1.9), st.floats(0.1, 4), paces, st.floats(0.01, 100))
def test_the_size_of_a_page_plays_no_part(
    lengths: list[float], begin: float, lasting: float, pace: float, factor: float
) -> None:
    """The same course on a larger scale has the same misfits."""
    path = _delivered(lengths, begin, lasting, pace)
    scaled = [Growth(length, fans * factor) for length, fans in path]
    assert math.isclose(delivery(path).misfit, delivery(scaled).misfit, abs_tol=1e-6)
    assert math.isclose(attention(path).misfit, attention(scaled).misfit, abs_tol=1e-6)
