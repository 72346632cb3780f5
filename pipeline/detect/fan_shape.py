"""How a rise runs: as a delivery, which keeps its pace and stops, or as attention, which dies away.

A delivery at a constant pace, read at moments that know nothing of it, shows steps at full pace with at most one part
of a step at either end, and nothing before or after. Attention jumps up and dies away (Crane and Sornette, "Robust
dynamic classes revealed by measuring the response function of a social system", PNAS 2008); over a few days an
exponential is as good a description as a power law, and simpler. Both are fitted to the growth above the usual by
least squares, and the worse fit is ruled out when it is worse by a margin. A part of a step at the end is thereby
not taken for an afterglow, however large it is, unless more follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_PACES = tuple(n / 40 for n in range(1, 40))
"""What is left of attention after one step, from nearly nothing to nearly all."""
_STARTS = 5
"""A path begins one step before the rise, so what explains it begins within the first few; long rises stay cheap."""


class Growth(NamedTuple):
    """Growth above the usual between two samples: its length in steps of the time scale, and the fans."""

    steps: float
    fans: float


class Fit(NamedTuple):
    """misfit: what is left unexplained, in root mean square, as a share of the path (0..1). fans: how many came."""

    misfit: float
    fans: float


def delivery(path: Sequence[Growth]) -> Fit:
    """The best delivery: full steps from `first` to `last`, at most a part of one on either side."""
    total = sum(growth.fans**2 for growth in path)
    best, came = total, 0.0
    for first in range(min(len(path), _STARTS)):
        steps = fans = squares = 0.0
        for last in range(first, len(path)):
            growth = path[last]
            steps, squares = steps + growth.steps**2, squares + growth.steps * growth.fans
            fans += growth.fans
            pace = squares / steps
            if pace <= 0:
                continue
            left, all_fans = total - squares * pace, fans
            for beside in (first - 1, last + 1):
                if 0 <= beside < len(path):
                    part = _part(path[beside], pace * path[beside].steps)
                    left -= path[beside].fans ** 2 - (path[beside].fans - part) ** 2
                    all_fans += part
            if left < best:
                best, came = left, all_fans
    return Fit(_share(best, total), max(came, 0.0))


def attention(path: Sequence[Growth]) -> Fit:
    """The best burst of attention: it jumps up with the step `first`, or within the one before, and dies away."""
    total = sum(growth.fans**2 for growth in path)
    best, came = total, 0.0
    for first in range(min(len(path) - 1, _STARTS)):
        for pace in _PACES:
            level, both, own = 1.0, 0.0, 0.0
            for growth in path[first:]:
                after = level * pace**growth.steps
                both, own = both + (level - after) * growth.fans, own + (level - after) ** 2
                level = after
            height = both / own
            if height <= 0:
                continue
            left, fans = total - both * height, height * (1.0 - level)
            if first > 0:
                whole = height * (1.0 - pace ** path[first].steps)
                part = _part(path[first - 1], whole)
                left -= path[first - 1].fans ** 2 - (path[first - 1].fans - part) ** 2
                fans += part
            if left < best:
                best, came = left, fans
    return Fit(_share(best, total), max(came, 0.0))


def _part(growth: Growth, most: float) -> float:
    """The fans of a part of a step: from none to `most`."""
    return min(max(growth.fans, 0.0), most)


def _share(left: float, total: float) -> float:
    return (max(left, 0.0) / total) ** 0.5 if total > 0 else 0.0
