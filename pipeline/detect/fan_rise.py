"""A rise in a page's follower count, and the page's usual growth that it is judged against."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from pipeline.detect.fan_shape import Growth
from schemas.times import Micros

MAD_TO_SIGMA = 1.4826
"""Median absolute deviation to standard deviation, for a normal distribution."""

Shape = Literal["open", "step", "decay", "sustained", "unknown", "reverted"]


class Reading(NamedTuple):
    """One follower count. `name` is the page's name or ""."""

    at: Micros
    fans: int
    name: str = ""


class Rise(msgspec.Struct):
    """Growth far above the usual.

    at: the first reading that shows it. start: the reading before; before: the fans then (or, after a drop,
    the level before the drop). end: the last reading of the rise. gained: fans from start to end; expected:
    what is usual in that time; spread: of the window that gave it away. ratio: excess in thresholds.
    core: growth above the usual at (nearly) full pace; delivered: with the parts of a step on either side, once the
    shape is known. path: growth above the usual from the sample before the rise on. afterglow: growth in the next
    samples as a share of the rise. shape: `open` while readings are awaited,
    `sustained` when it went on all the time, `unknown` when too few readings came.
    """

    at: Micros
    start: Micros
    before: int
    step: Micros
    usual: float
    spread: float
    threshold: float
    quantum: int
    name: str
    end: Micros = 0
    level: int = 0
    peak: float = 0.0
    core: float = 0.0
    delivered: float = 0.0
    path: list[Growth] = []
    after: float = 0.0
    after_samples: int = 0
    far: bool = False
    shape: Shape = "open"

    @property
    def gained(self) -> int:
        return self.level - self.before

    @property
    def expected(self) -> float:
        return self.gained - self.core

    @property
    def ratio(self) -> float:
        return max(self.core, self.delivered) / self.threshold

    @property
    def afterglow(self) -> float:
        return self.after / self.core if self.core > 0 else 0.0


class Ring:
    """The last `size` sums, also in order of size: median and spread without sorting."""

    __slots__ = ("ordered", "recent", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.recent: deque[float] = deque()
        self.ordered: list[float] = []

    def push(self, value: float) -> None:
        self.recent.append(value)
        insort(self.ordered, value)
        if len(self.recent) > self.size:
            del self.ordered[bisect_left(self.ordered, self.recent.popleft())]

    def __len__(self) -> int:
        return len(self.recent)

    def median(self) -> float:
        return middle(self.ordered)

    def spread(self, median: float) -> float:
        return MAD_TO_SIGMA * middle(sorted(abs(value - median) for value in self.ordered))

    def share_of_zero(self) -> float:
        zeros = bisect_right(self.ordered, 0.0) - bisect_left(self.ordered, 0.0)
        return (zeros + 1) / (len(self.ordered) + 2)

    def copy(self) -> Ring:
        twin = Ring(self.size)
        twin.recent, twin.ordered = self.recent.copy(), self.ordered.copy()
        return twin


def middle(ordered: Sequence[float]) -> float:
    """The median of what is in order already."""
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def at_of(reading: Reading) -> Micros:
    """Key for bisection by time."""
    return reading.at
