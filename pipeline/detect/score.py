"""What a score says: how often an alert with such a score was staged.

Detectors score by rules of their own, each on its scale. Here, in one place, those figures become shares: of the alerts
that were scored 0.8, eight in ten were staged, in a world in which what is staged and what only looks so are equally
many and the look-alikes are hard (`tests/eval/varied.py`). Where innocent crowds outnumber operations, a share of that
many is right less often; the order stays.

One rising function a kind, through the knots, straight between them. Fitted by isotonic regression (Zadrozny and Elkan,
"Transforming Classifier Scores into Accurate Multiclass Probability Estimates", KDD 2002) on the alerts of generated
worlds: `python -m tests.eval.calibration fit`. The reliability over other worlds stands in docs/accuracy.md.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

Knots = tuple[tuple[float, float], ...]
"""(a detector's figure, share that was staged), both rising."""

KNOTS: Mapping[str, Knots] = {}


def calibrated(kind: str, figure: float) -> float:
    """The score of an alert of this kind from its detector's figure, both 0..1; a kind without knots keeps it."""
    knots = KNOTS.get(kind)
    if knots is None:
        return figure
    place = min(max(bisect_right(knots, (figure, 2.0)), 1), len(knots) - 1)
    (left, low), (right, high) = knots[place - 1], knots[place]
    return round(low + (high - low) * (figure - left) / (right - left), 4)
