"""Novelty: what must hold for any series of counts."""

from __future__ import annotations

import pickle
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.novelty import Novelty, NoveltyParameters, Peaks, novelty_score
from pipeline.detect.one_series import OneSeries
from schemas.times import DAY, HOUR, MINUTE

WIDTH = 5 * MINUTE
MONDAY = 1_600_041_600_000_000

steps = st.lists(st.tuples(st.integers(1, 300), st.integers(0, 5000)), min_size=1, max_size=80)


def placed(rows: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """(start, count) at growing distances."""
    at, out = MONDAY, []
    for gap, count in rows:
        out.append((at, count))
        at += gap * WIDTH
    return out


@given(steps)
def test_scores_lie_between_0_and_1(rows: list[tuple[int, int]]) -> None:
    """Whatever the counts and the gaps, a score is a number from 0 to 1, and 0 in the first hour."""
    series = OneSeries(WIDTH)
    for start, count in placed(rows):
        score = series.score(start, count)
        assert 0.0 <= score <= 1.0
        assert score == 0.0 or start >= MONDAY + HOUR


@given(steps, st.integers(0, 79))
def test_no_score_looks_ahead(rows: list[tuple[int, int]], cut: int) -> None:
    """The scores of the beginning are those of the whole, and of a series saved and loaded on the way."""
    whole, part = OneSeries(WIDTH), OneSeries(WIDTH)
    told = [whole.score(start, count) for start, count in placed(rows)]
    early = [part.score(start, count) for start, count in placed(rows)[:cut]]
    part = pickle.loads(pickle.dumps(part))
    late = [part.score(start, count) for start, count in placed(rows)[cut:]]
    assert early + late == told


@given(st.lists(st.floats(0, 12), min_size=2, max_size=30), st.floats(0, 12), st.floats(0, 2))
def test_higher_is_rarer(peaks: list[float], height: float, more: float) -> None:
    """The rarity of a height grows with it, and is 0 below every remembered day's peak."""
    past = Peaks(NoveltyParameters())
    for day, peak in enumerate(peaks):
        past.learn(100 + day, peak)
    today = 100 + len(peaks)
    assert past.rarity(today, height) <= past.rarity(today, height + more) + 1e-12
    assert past.rarity(today, min(peaks)) == 0.0


@given(steps, st.integers(1, 5000))
def test_looking_ahead_of_time_changes_nothing(rows: list[tuple[int, int]], count: int) -> None:
    """peek() leaves the series as it was and never says more than learn() then does."""
    novelty = Novelty(NoveltyParameters())
    for start, posts in placed(rows):
        novelty.learn(start, posts, 10.0)
    last = placed(rows)[-1][0] + WIDTH
    before = pickle.dumps(novelty)
    peeked = novelty.peek(last, count, 10.0)
    assert pickle.dumps(novelty) == before
    if last % (6 * HOUR) >= WIDTH and len(rows) > 1 and rows[-1][0] == 1:
        assert novelty.learn(last, count, 10.0) >= peeked - 1e-9


def calm(days: int, level: float, seed: int) -> list[int]:
    """Poisson counts of so many days."""
    rng = random.Random(seed)
    return [sum(rng.random() < level / 200 for _ in range(200)) for _ in range(days * 288)]


@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_what_is_known_is_no_news(seed: int) -> None:
    """A height ten times the usual is news at once; the same height again within the hour is none."""
    counts = calm(4, 10, seed)
    counts[-24] = counts[-20] = counts[-16] = 120
    series = OneSeries(WIDTH)
    scores = [series.score(MONDAY + i * WIDTH, count) for i, count in enumerate(counts)]
    assert scores[-24] > 0.9
    assert max(scores[-20], scores[-16]) < 0.5


def test_memory_does_not_grow_with_the_series() -> None:
    """After a hundred days a series weighs what it weighed after thirty."""
    novelty, sizes = Novelty(NoveltyParameters()), []
    for day in range(101):
        for hour in range(24):
            novelty.learn(MONDAY + day * DAY + hour * HOUR, 10 + hour + day % 7, 20.0)
        if day in (30, 100):
            sizes.append(len(pickle.dumps(novelty)))
    assert sizes[1] <= 1.05 * sizes[0]


def test_a_small_series_keeps_nothing() -> None:
    """Below the least number of posts no peaks are kept: most hashtags are seen once."""
    novelty = Novelty(NoveltyParameters())
    empty = len(pickle.dumps(novelty))
    for i in range(19):
        assert novelty.learn(MONDAY + i * HOUR, 1, 0.1) == 0.0
    assert len(pickle.dumps(novelty)) <= empty + 16


def test_the_score_is_a_probability() -> None:
    """One in ten is 0.9."""
    assert abs(novelty_score(1.0) - 0.9) < 1e-12
    assert novelty_score(0.0) == 0.0
