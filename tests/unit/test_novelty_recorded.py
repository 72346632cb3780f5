"""The anomaly scores on labelled recordings and on generated pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.detect.one_series import OneSeries
from tests.eval.series import WIDTH, made, recorded
from tests.recorded import recorded as needed


@pytest.mark.shared
def test_the_labelled_series(tmp_path: Path) -> None:
    """The benchmark's score is above that of CAD OSE (76.0), and above 80 to be safe."""
    data = needed("nab_tweets").parent
    found = re.search(r"standard \| ([\d.]+)", recorded(data, tmp_path))
    assert found is not None
    assert float(found[1]) > 80


def test_planted_bursts_stand_out() -> None:
    """On generated pages bursts of five times the usual peak and more are found, with few false alarms."""
    hits, planted_high, quiet, false = 0, 0, 0, 0
    for seed in range(8):
        counts, planted = made(seed, days=28)
        one = OneSeries(WIDTH)
        scores = [one.score(1_767_571_200_000_000 + i * WIDTH, count) for i, count in enumerate(counts)]
        reach = [(burst.first, burst.last + 72) for burst in planted]
        for burst, (first, last) in zip(planted, reach, strict=True):
            if burst.factor >= 5:
                planted_high += 1
                hits += max(scores[first : last + 1]) >= 0.6
        for i in range(3 * 288, len(scores)):
            if not any(first <= i <= last for first, last in reach):
                quiet += 1
                false += scores[i] >= 0.9
    assert planted_high >= 8
    assert hits >= 0.8 * planted_high
    assert 1000 * false / (quiet / 288) < 10
