"""Sources that stop: after how many hours that is told; and sources that do not: how many are told all the same.

python -m tests.eval.silences
"""

from __future__ import annotations

import numpy as np

from pipeline.detect.parameters import Parameters
from pipeline.detect.source_counts import SourceCount
from pipeline.scenario.generate import START
from schemas.times import HOUR
from tests.eval.nulls import rates, sources
from tests.measure import table
from tests.source_watch import SourceWatch

BANDS = ((1, 5), (5, 50), (50, 400))
"""Posts an hour, on average."""

_STOP, _PATIENCE, _DAYS = 40, 7, 63  # days


def delay(seed: int, band: tuple[int, int]) -> int | None:
    """Hours after which one source that stops on its fortieth day is told; None where it is not within a week."""
    rng = np.random.default_rng([5, seed, band[0]])
    rate, spread = float(np.exp(rng.uniform(*np.log(band)))), rng.uniform(0.05, 0.6)
    mean = rate * rates(rng, _DAYS, HOUR)
    posts = rng.poisson(rng.gamma(1 / spread, mean * spread))
    stop = _STOP * 24 + int(rng.integers(0, 24))
    watch = SourceWatch(Parameters().silence)
    for hour in range(stop + _PATIENCE * 24):
        at = START + hour * HOUR
        counts = [SourceCount("null", "other", at // HOUR, 50, at, at + HOUR - 1)]
        if hour < stop and posts[hour]:
            counts.append(SourceCount("null", "stops", at // HOUR, int(posts[hour]), at, at + HOUR - 1))
        watch.count(counts, at + HOUR)
        found = watch.upto(at + HOUR)
        if hour >= stop and any(one.subject.id == "stops" and not one.withdrawn for one in found):
            return hour + 1 - stop
    return None


def report(number: int = 100, quiet: int = 2000) -> str:
    """Both tables. number: sources of each band; quiet: sources that do not stop."""
    rows = []
    for band in BANDS:
        told = sorted(hours for seed in range(number) if (hours := delay(seed, band)) is not None)
        rows.append(
            (
                f"{band[0]} to {band[1]}",
                f"{len(told)} of {number}",
                str(told[len(told) // 2]),
                str(told[len(told) * 9 // 10]),
            )
        )
    none = sources(quiet)
    return (
        table(("posts an hour", "told", "median hours", "nine in ten within"), rows)
        + f"\n{none.series:,} sources that do not stop, {none.days:,} source-days: {none.loud} told\n"
    )


if __name__ == "__main__":
    print(report())
