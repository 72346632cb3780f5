"""Series on which nothing happens, a few hundred of them: no alarm, and the detectors do look at them."""

from __future__ import annotations

import numpy as np
import pytest

from schemas.times import HOUR
from tests.eval import nulls, silences


@pytest.fixture(scope="module")
def few() -> list[nulls.Told]:
    return nulls.measured(300)


def test_nothing_is_alarmed(few: list[nulls.Told]) -> None:
    """Targets, accounts, counters, follow events and sources: no alert of severity warning or higher in 20,000
    series-days."""
    assert sum(told.days for told in few) == 3 * 300 * 14 + 60 * (90 + 14) + 30 * 63
    assert [(told.what, told.reasons) for told in few if told.loud] == []


def test_the_series_are_what_they_are_said_to_be() -> None:
    """The same seed gives the same series; counts scatter more than Poisson's, hours differ by the clock."""
    one, again = (nulls.target(np.random.default_rng(1), "s") for _ in range(2))
    assert one == again
    assert len({row.post_id for row in one}) == len(one) > 50
    assert len({row.author_id for row in one}) >= 3
    shape = nulls.rates(np.random.default_rng(4), 14, HOUR)
    assert shape.mean() == pytest.approx(1)
    by_hour = shape.reshape(14, 24).mean(axis=0)
    assert by_hour.max() > 1.5 * by_hour.min()
    counts = nulls._counts(np.random.default_rng(4), 20 * np.ones(5000), 0.5)
    assert counts.var() > 5 * counts.mean()


def test_a_source_that_stops_is_told_soon() -> None:
    """The sources that are not alarmed are no blind spot: of those that stop each is told within the week, the larger
    ones sooner."""
    for_band = [[silences.delay(seed, band) or 10**6 for seed in range(6)] for band in silences.BANDS]
    assert max(map(max, for_band)) <= 7 * 24
    small, _, large = (sorted(hours)[3] for hours in for_band)
    assert large < small
