"""What a score says: how often an alert with such a score was staged.

Detectors score by rules of their own, each on its scale. Here, in one place, those figures become shares: of the alerts
that were scored 0.8, eight in ten were staged, in a world in which what is staged and what only looks so are equally
many and the look-alikes are hard (`tests/eval/varied.py`). Where innocent crowds outnumber operations, a share of that
many is right less often; the order stays.

One rising function a kind, through the knots, straight between them. Fitted by isotonic regression (Zadrozny and Elkan,
"Transforming Classifier Scores into Accurate Multiclass Probability Estimates", KDD 2002) on the alerts of generated
worlds: `python -m tests.eval.calibration fit`; of who comes to pages, on worlds of their own
(`tests/eval/visitor_plants.py`), in which hardly a look-alike is told. The reliability over other worlds stands in
docs/accuracy.md.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

Knots = tuple[tuple[float, float], ...]
"""(a detector's figure, share that was staged), both rising."""

KNOTS: Mapping[str, Knots] = {
    "author_burst": (
        (0.0, 0.0167),
        (0.1, 0.0185),
        (0.216, 0.0556),
        (0.25, 0.3148),
        (0.252, 0.4152),
        (0.26, 0.5817),
        (0.284, 0.6047),
        (0.315, 0.6731),
        (0.348, 0.9038),
        (0.765, 0.9808),
        (1.0, 0.9906),
    ),
    "burst": (
        (0.0, 0.2667),
        (0.096, 0.4038),
        (0.376, 0.5577),
        (0.532, 0.9423),
        (0.781, 0.9808),
        (1.0, 0.9906),
    ),
    "coordinated_accounts": (
        (0.0, 0.5712),
        (0.442, 0.6346),
        (0.687, 0.8269),
        (0.86, 0.9423),
        (1.0, 0.9517),
    ),
    "copy_paste": (
        (0.0, 0.0167),
        (0.077, 0.0185),
        (0.195, 0.0556),
        (0.309, 0.1667),
        (0.608, 0.6556),
        (0.884, 0.7564),
        (0.996, 0.7692),
        (1.0, 0.7769),
    ),
    "fake_fans": (
        (0.0, 0.8833),
        (0.729, 0.9815),
        (1.0, 0.9913),
    ),
    "fan_spike": (
        (0.0, 0.0943),
        (0.403, 0.1048),
        (0.636, 0.5192),
        (0.989, 0.75),
        (1.0, 0.9808),
    ),
    "pile_on": (
        (0.0, 0.8871),
        (0.597, 0.9857),
        (1.0, 0.9956),
    ),
}


def calibrated(kind: str, figure: float) -> float:
    """The score of an alert of this kind from its detector's figure, both 0..1; a kind without knots keeps it."""
    knots = KNOTS.get(kind)
    if knots is None:
        return figure
    place = min(max(bisect_right(knots, (figure, 2.0)), 1), len(knots) - 1)
    (left, low), (right, high) = knots[place - 1], knots[place]
    return round(low + (high - low) * (figure - left) / (right - left), 4)
