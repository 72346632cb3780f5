"""Slow waves: the hour before an interval, where no single interval stands out.

A wave is judged when an interval is complete, on the counts of the hour that ends with it, against what was usual
before that hour began (and a guard earlier). Both are functions of the set of posts. Intervals that stood out by
themselves count as usual: what was told as a burst is not told again as a wave.
"""

from __future__ import annotations

import msgspec

from pipeline.detect.series import Expectation


class Wave(msgspec.Struct, frozen=True):
    """Posts of an hour, and the usual number of posts."""

    posts: float
    expected: float


class Waves:
    """The last intervals of one target. `span`: intervals to the hour; `guard` in intervals."""

    __slots__ = ("_counts", "_guard", "_span", "_usual")

    def __init__(self, span: int, guard: int) -> None:
        self._span = span
        self._guard = guard
        self._counts: dict[int, float] = {}
        self._usual: dict[int, Expectation] = {}  # first interval -> what is usual for its hour; in order

    def before(self, index: int, expectation: Expectation) -> None:
        """What is usual for the hour that begins `guard` intervals after `index`, known before that one is learned."""
        self._usual[index + self._guard] = expectation

    def add(self, index: int, count: float) -> None:
        """An interval is complete. They come in order."""
        self._counts[index] = count

    def hour(self, index: int) -> tuple[float, Expectation | None]:
        """Posts in the hour that ends with the interval, and what is usual for that hour."""
        first = index - self._span + 1
        posts = sum(count for i, count in self._counts.items() if first <= i <= index)
        usual = None
        for i, expectation in self._usual.items():
            if i > first:
                break
            usual = expectation
        return posts, usual

    def forget(self, complete: int) -> None:
        """Drops what no hour of an interval from `complete` on needs."""
        first = complete - self._span + 1
        for i in [i for i in self._counts if i < first]:
            del self._counts[i]
        older = [i for i in self._usual if i <= first]
        for i in older[:-1]:
            del self._usual[i]
