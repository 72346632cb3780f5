"""How those who came arrived, hour by hour. It speaks only where they are as varied as ever: what fades is a moment of
attention (Crane and Sornette, PNAS 2008), what comes evenly for half a day or more is a paid display; a purchase is
told by who came, not by this."""

from __future__ import annotations

from typing import NamedTuple

from pipeline.detect.fan_follows import FollowPage, Wave
from pipeline.detect.finding import reason
from pipeline.detect.parameters_arrivals import ArrivalParameters
from schemas.alerts import Reason
from schemas.times import HOUR


class Arrival(NamedTuple):
    """hours: from the first to the last; front: share of the newcomers beyond the usual in the first half of them."""

    hours: int
    front: float


def arrival(waves: list[Wave], follows: FollowPage, p: ArrivalParameters) -> Arrival | None:
    """How they came; None where there was no wave. The middle hour of an odd number counts half to each side."""
    if not waves:
        return None
    first, last = min(wave.at for wave in waves) // HOUR, max(wave.end for wave in waves) // HOUR
    clearest = max(waves, key=lambda wave: (wave.deviations, -wave.at))
    usual = clearest.expected * HOUR / (clearest.end - clearest.at)
    excess = [max(0.0, n - usual) for n in follows.hourly(first, last)]
    # A sum over a day stays high for a day after the last of them: only hours that matter count.
    busy = [n for n, value in enumerate(excess) if value >= p.edge * max(excess) > 0]
    excess = excess[busy[0] : busy[-1] + 1] if busy else []
    half, odd = divmod(len(excess), 2)
    front = sum(excess[:half]) + (excess[half] / 2 if odd else 0.0)
    total = sum(excess)
    return Arrival(len(excess), round(front / total, 4)) if total > 0 else None


def arrival_reason(how: Arrival | None, p: ArrivalParameters) -> Reason | None:
    """What the arrival of varied accounts says, if anything."""
    if how is None:
        return None
    if how.hours >= p.min_hours and how.front >= p.fading:
        return reason("arrival_fades", hours=how.hours, front=how.front)
    if how.hours >= p.even_hours and p.even[0] <= how.front <= p.even[1]:
        return reason("arrival_even", hours=how.hours, front=how.front)
    return None
