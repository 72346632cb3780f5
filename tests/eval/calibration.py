"""Whether scores mean what they say: of the alerts with a score of 0.8, eight in ten should be staged.

    python -m tests.eval.calibration fit

prints the knots of `pipeline.detect.score` anew, from seeds that the page does not show.
"""

from __future__ import annotations

import pprint
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from pipeline.backtest import Backtest
from pipeline.connect.files import stamp
from pipeline.demo import items
from pipeline.detect.parameters import Parameters
from pipeline.detect.score import calibrated
from pipeline.detect.volume_tally import wilson
from pipeline.scenario.generate import generate
from pipeline.scenario.plants import Plant
from pipeline.scenario.score import belongs
from tests.eval.plot import Line, line_chart
from tests.eval.varied import plants
from tests.eval.visitor_plants import plants as visitors
from tests.eval.visitors import KINDS
from tests.measure import say, table

FIT = range(5000, 5080)
VISITED = range(5000, 5026)
SHOWN = range(7000, 7050)
SCALE = 0.05
BINS = 5
WORST = 0.06
"""The mean distance of score and share right that is let pass, over all alerts."""
_GROUP = 25
"""Alerts of like figures whose share is one observation of the regression."""


class Scored(NamedTuple):
    """One closed alert: what the detector gave, what was said, and whether something staged is behind it."""

    kind: str
    raw: float
    said: float
    right: bool


def world(seed: int, plants: Callable[[int], dict[str, Plant]] = plants) -> list[Scored]:
    """The alerts of one world with operations and look-alikes of varied strength."""
    scenario = generate(seed, scale=SCALE, plants=plants(seed))
    run = Backtest(Parameters(calibrated_scores=False))
    run.feed(list(stamp(items(scenario.records))), end=True)
    staged = [planted for planted in scenario.truth if planted.expected == "alert"]
    out = []
    for alert in run.alerts.values():
        plain = msgspec.to_builtins(alert)
        right = any(belongs(planted, plain) for planted in staged)
        out.append(Scored(alert.kind, alert.score, calibrated(alert.kind, alert.score), right))
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
    """Knots (detector's figure, share that was right) of one kind: isotonic regression over groups of like figures
    (Zadrozny and Elkan, "Transforming Classifier Scores into Accurate Multiclass Probability Estimates", KDD 2002), one
    knot in the middle of each of its steps."""
    order = sorted(alerts, key=lambda one: one.raw)
    groups = [
        [order[i] for i in part]
        for part in np.array_split(np.arange(len(order)), max(1, len(order) // _GROUP))
    ]
    # Half a case of each sort is added, so that no share is quite 0 or 1 (Krichevsky and Trofimov, 1981).
    shares = [(sum(one.right for one in group) + 0.5) / (len(group) + 1) for group in groups]
    steps: dict[float, list[float]] = {}
    for share, group in zip(isotonic(shares, [float(len(group)) for group in groups]), groups, strict=True):
        steps.setdefault(share, []).extend(one.raw for one in group)
    knots = [(sum(raws) / len(raws), share) for share, raws in sorted(steps.items())]
    ends = (1.0, min(1.0, 1.01 * knots[-1][1]))
    points = [(0.0, round(0.9 * knots[0][1], 4))]
    for raw, share in ((round(raw, 3), round(share, 4)) for raw, share in [*knots, ends]):
        if points[-1][0] < raw and points[-1][1] < share:
            points.append((raw, share))
    points[-1] = (1.0, points[-1][1])
    return tuple(points)


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


def _row(name: str, alerts: Sequence[Scored]) -> tuple[object, ...]:
    before, after = [(one.raw, one.right) for one in alerts], [(one.said, one.right) for one in alerts]
    right = sum(one.right for one in alerts)
    return (
        name, len(alerts), right,
        f"{error(before):.3f}", f"{error(after):.3f}", f"{brier(before):.3f}", f"{brier(after):.3f}",
    )  # fmt: skip


def _reliability(alerts: Sequence[Scored]) -> list[tuple[object, ...]]:
    """For each kind, and for all of them, one row for each fifth of the scale."""
    out: list[tuple[object, ...]] = []
    for kind in [*sorted({one.kind for one in alerts}), "all"]:
        for mean, share, right, total in _bins(_said(alerts, kind)):
            low, high = wilson(right, total)
            inside = "yes" if low <= mean <= high else "no"
            cells = (f"{mean:.2f}", total, f"{share:.2f}", f"{low:.2f} to {high:.2f}", inside)
            out.append((kind, *cells))
    return out


def _said(alerts: Sequence[Scored], kind: str) -> list[tuple[float, bool]]:
    return [(one.said, one.right) for one in alerts if kind in ("all", one.kind)]


def _line(name: str, pairs: Sequence[tuple[float, bool]]) -> Line:
    bins = _bins(pairs)
    return Line(
        name,
        [(mean, share) for mean, share, _, _ in bins],
        [wilson(right, total) for _, _, right, total in bins],
    )


def section(alerts: Sequence[Scored], plot: Path, problems: list[str]) -> str:
    """Tables and plot of the alerts of worlds; says in `problems` what is not as it should be."""
    plot.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        Line("as it should be", [(0.0, 0.0), (1.0, 1.0)]),
        _line("detectors' own figures", [(one.raw, one.right) for one in alerts]),
        _line("scores", _said(alerts, "all")),
    ]
    title = "Score of an alert, and how often it was staged"
    plot.write_text(line_chart(title, "score", "share that was staged", lines), encoding="utf-8")
    if error(_said(alerts, "all")) > WORST:
        problems.append("scores do not mean what they say")
    kinds = sorted({one.kind for one in alerts})
    rows = [_row(kind, [one for one in alerts if one.kind == kind]) for kind in kinds]
    head = ("kind", "alerts", "staged", "error before", "error", "Brier before", "Brier")
    bins = ("kind", "mean score", "alerts", "staged", "95 % interval", "score within")
    return (
        f"{len(SHOWN)} generated worlds with operations and look-alikes of varied strength, as many of the one as of"
        " the other (`tests/eval/varied.py`): from campaigns of three accounts to sixty, from a crowd to a handful,"
        " from full to empty profiles. Scores were fitted on other worlds. Error: mean distance of score and share that"
        " was staged, over fifths of the scale; before: with the detectors' own"
        f" figures. Asked for: {WORST:g} over all.\n\n"
        + table(head, [*rows, _row("all", alerts)])
        + "\n\n"
        + table(bins, _reliability(alerts))
        + f"\n\n![{title}](plots/{plot.name})"
    )


def report(plot: Path, problems: list[str]) -> str:
    """The section, measured anew."""
    return section(worlds(SHOWN), plot, problems)


def fit() -> dict[str, tuple[tuple[float, float], ...]]:
    """Knots of every kind of which there are enough alerts; those of who comes to pages rest on worlds of their own."""
    found = [one for one in worlds(FIT) if one.kind not in KINDS]
    for seed in VISITED:
        found += [one for one in world(seed, visitors) if one.kind in KINDS]
    kinds = {kind: [one for one in found if one.kind == kind] for kind in sorted({one.kind for one in found})}
    return {kind: fitted(alerts) for kind, alerts in kinds.items() if len(alerts) >= 2 * _GROUP}


if __name__ == "__main__":
    if sys.argv[1:] != ["fit"]:
        raise SystemExit("python -m tests.eval.calibration fit")
    pprint.pprint(fit(), width=110)
