"""Whether scores mean what they say: of the alerts with a score of 0.8, eight in ten should be staged.

    python -m tests.eval.calibration fit

prints the knots of `pipeline.detect.score` anew, from seeds that the page does not show.
"""

from __future__ import annotations

import pprint
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from pipeline.backtest import Backtest
from pipeline.connect.files import stamp
from pipeline.demo import items
from pipeline.detect.parameters import Parameters
from pipeline.detect.score import KNOTS, calibrated
from pipeline.detect.volume_tally import wilson
from pipeline.scenario.generate import generate
from pipeline.scenario.score import belongs
from tests.eval.plot import Line, line_chart
from tests.eval.varied import plants
from tests.measure import say, table

FIT = range(5000, 5160)
SHOWN = range(7000, 7100)
SCALE = 0.05
BINS = 5
_BIN = 40
"""Alerts that make a knot, at least."""
_LEAST_SLOPE = 0.01
"""A higher raw score is never said to be less likely, nor just as likely."""


class Scored(NamedTuple):
    """One closed alert: what the detector gave, what was said, and whether something staged is behind it."""

    kind: str
    raw: float
    said: float
    right: bool


def world(seed: int) -> list[Scored]:
    """The alerts of one world with operations and look-alikes of varied strength."""
    scenario = generate(seed, scale=SCALE, plants=plants(seed))
    run = Backtest(Parameters())
    run.feed(list(stamp(items(scenario.records))), end=True)
    staged = [planted for planted in scenario.truth if planted.expected == "alert"]
    out = []
    for alert in run.alerts.values():
        plain = msgspec.to_builtins(alert)
        right = any(belongs(planted, plain) for planted in staged)
        out.append(Scored(alert.kind, alert.score, alert.score, right))
    return out


def worlds(seeds: Iterable[int]) -> list[Scored]:
    """Of several seeds."""
    out = []
    for seed in seeds:
        if seed % 20 == 0:
            say(f"eval: scores, seed {seed}")
        out += world(seed)
    return out


def isotonic(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The non-decreasing sequence nearest to the values by weighted squares (pool adjacent violators: Ayer et al.,
    Annals of Mathematical Statistics 1955)."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, v, m), (b, w, n) = blocks[-2:]
            blocks[-2:] = [((a * v + b * w) / (v + w), v + w, m + n)]
    return [value for value, _, length in blocks for _ in range(length)]


def fitted(alerts: Sequence[Scored]) -> tuple[tuple[float, float], ...]:
    """Knots (raw score, share that was right) of one kind: isotonic regression over groups of like scores (Zadrozny and
    Elkan, "Transforming Classifier Scores into Accurate Multiclass Probability Estimates", KDD 2002)."""
    order = sorted(alerts, key=lambda one: one.raw)
    count = max(1, len(order) // _BIN)
    raws, shares, sizes = [], [], []
    for part in np.array_split(np.arange(len(order)), count):
        group = [order[i] for i in part]
        raws.append(sum(one.raw for one in group) / len(group))
        shares.append((sum(one.right for one in group) + 0.5) / (len(group) + 1))
        sizes.append(float(len(group)))
    smooth = isotonic(shares, sizes)
    knots: dict[float, float] = {}
    for raw, share in zip(raws, smooth, strict=True):
        knots[round(raw, 3)] = share
    points = [(0.0, min(smooth[0], 0.5 * smooth[0])), *sorted(knots.items()), (1.0, smooth[-1])]
    out = [points[0]]
    for raw, share in points[1:]:
        if raw > out[-1][0]:
            out.append((raw, min(1.0, max(share, out[-1][1] + _LEAST_SLOPE * (raw - out[-1][0])))))
    return tuple((raw, round(share, 4)) for raw, share in out)


def _bins(pairs: Sequence[tuple[float, bool]]) -> list[tuple[float, float, int, int]]:
    """For each fifth of the scale with alerts in it: mean score, share right, right ones, all."""
    out = []
    for number in range(BINS):
        inside = [(s, r) for s, r in pairs if min(int(s * BINS), BINS - 1) == number]
        if inside:
            right = sum(r for _, r in inside)
            out.append((sum(s for s, _ in inside) / len(inside), right / len(inside), right, len(inside)))
    return out


def error(pairs: Sequence[tuple[float, bool]]) -> float:
    """Expected calibration error: mean distance of score and share right over the fifths, by their sizes."""
    return sum(abs(mean - share) * total for mean, share, _, total in _bins(pairs)) / max(1, len(pairs))


def brier(pairs: Sequence[tuple[float, bool]]) -> float:
    """Mean squared distance of the score from what was the case (Brier, 1950)."""
    return sum((score - right) ** 2 for score, right in pairs) / max(1, len(pairs))


if __name__ == "__main__":
    kinds: dict[str, list[Scored]] = {}
    found = worlds(FIT)
    for one in found:
        kinds.setdefault(one.kind, []).append(one)
    for kind, alerts in sorted(kinds.items()):
        print(kind, len(alerts))
        for row in _bins([(one.raw, one.right) for one in alerts]):
            print("   ", row)
        print("  ece", error([(one.raw, one.right) for one in alerts]), brier([(one.raw, one.right) for one in alerts]))
    pprint.pprint({kind: fitted(alerts) for kind, alerts in sorted(kinds.items())}, width=110)
