"""How right the burst detector's scores are over single series: generated ones, and the labelled ones if there.

    python -m tests.eval.series

prints both.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from datetime import datetime
from math import exp, pi, sin
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.detect.one_series import OneSeries
from schemas.times import DAY, HOUR, MINUTE, parse_time
from tests.measure import shared, table

WIDTH = 5 * MINUTE
A_DAY = DAY // WIDTH
THRESHOLDS = (0.6, 0.9, 0.99)
SERIES = 60
DAYS = 42


class Planted(NamedTuple):
    """Intervals of a planted burst, and its height over the peak of an ordinary day."""

    first: int
    last: int
    factor: float


def made(seed: int, days: int = DAYS) -> tuple[list[int], list[Planted]]:
    """Counts of a page: day, week, slow drift, hours that differ, negative binomial noise; bursts from day 8 on.

    A burst lasts from five minutes to six hours and rises to 2 to 10 times the peak of the ordinary day, but to 20
    posts at least.
    """
    rng = np.random.default_rng(seed)
    level = exp(rng.uniform(-1.0, 4.5))  # 0.4 to 90 posts in five minutes
    depth, peak = rng.uniform(0.2, 0.9), rng.uniform(10, 20)
    weekend, dispersion = rng.uniform(0.4, 1.2), rng.uniform(0.05, 0.5)
    mean, hourly = np.zeros(days * A_DAY), 0.0
    for i in range(len(mean)):
        hour = i % A_DAY * 24 / A_DAY
        hourly = 0.98 * hourly + rng.normal(0, 0.05)
        day = 1 + depth * sin((hour - peak + 6) / 24 * 2 * pi)
        mean[i] = level * day * (weekend if i // A_DAY % 7 >= 5 else 1.0) * exp(hourly)
    planted: list[Planted] = []
    first = 8 * A_DAY + int(rng.integers(5 * A_DAY))
    while first < len(mean) - A_DAY:
        length = int(rng.choice([1, 3, 12, 36, 72]))
        factor = float(rng.choice([2, 3, 5, 10]))
        top = max(20.0, factor * float(np.quantile(mean, 0.99)))
        fade = np.exp(-2 * np.arange(length) / length)
        mean[first : first + length] += top * fade
        planted.append(Planted(first, first + length - 1, factor))
        first += int(rng.integers(3 * A_DAY, 10 * A_DAY))
    counts = rng.poisson(rng.gamma(1 / dispersion, mean * dispersion))
    return counts.tolist(), planted


def generated() -> str:
    """Recall by height of the burst, and false alarms, at several scores. One alarm: scores less than a day apart."""
    found: dict[tuple[float, float], list[bool]] = {}
    false = dict.fromkeys(THRESHOLDS, 0)
    days = 0
    for seed in range(SERIES):
        counts, planted = made(seed)
        one = OneSeries(WIDTH)
        scores = [one.score(parse_time(1_767_571_200) + i * WIDTH, n) for i, n in enumerate(counts)]
        days += DAYS - 3  # the first days teach what is usual
        for threshold in THRESHOLDS:
            hits = [i for i, score in enumerate(scores) if score >= threshold and i >= 3 * A_DAY]
            # A sum over six hours is complete six hours later at most.
            reach = [(p.first, p.last + 6 * HOUR // WIDTH) for p in planted]
            for p, (start, end) in zip(planted, reach, strict=True):
                found.setdefault((threshold, p.factor), []).append(any(start <= i <= end for i in hits))
            last = -A_DAY
            for i in hits:
                if not any(start <= i <= end for start, end in reach):
                    false[threshold] += i - last >= A_DAY
                    last = i
    factors = sorted({factor for _, factor in found})
    rows = [
        (
            threshold,
            *(f"{np.mean(found[threshold, factor]):.2f}" for factor in factors),
            f"{1000 * false[threshold] / days:.1f}",
        )
        for threshold in THRESHOLDS
    ]
    head = (
        "score from",
        *(f"recall, {factor:g} times" for factor in factors),
        "false alarms per 1,000 series-days",
    )
    return f"{SERIES} series of {DAYS} days.\n\n" + table(head, rows)


def recorded(data: Path, out: Path) -> str:
    """The labelled Twitter-volume series of the Numenta benchmark, by the shared scorer."""
    folder = data / "nab_tweets"
    for name in json.loads((folder / "windows.json").read_text()):
        one = OneSeries(WIDTH)
        with (folder / name).open() as file, (out / name).open("w", newline="") as written:
            writer = csv.writer(written)
            writer.writerow(["timestamp", "value", "anomaly_score"])
            for row in csv.DictReader(file):
                at = parse_time(datetime.fromisoformat(row["timestamp"]))
                score = one.score(at // WIDTH * WIDTH, float(row["value"]))
                writer.writerow([row["timestamp"], row["value"], f"{score:.9f}"])
    rows = []
    for profile in ("standard", "reward_low_FP_rate", "reward_low_FN_rate"):
        words = [data.parent / "eval" / "nab_score.py", folder / "windows.json", out, "--profile", profile]
        done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, check=True)
        rows.append((profile, done.stdout.strip().split(": ", 1)[1]))
    return table(("profile", "NAB score"), rows)


if __name__ == "__main__":
    print(generated())
    if (there := shared()) is not None:
        with tempfile.TemporaryDirectory() as scratch:
            print(recorded(there, Path(scratch)))
