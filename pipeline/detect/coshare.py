"""Who shares the same object within a few seconds: pairs of shares, found as the shares stream in.

An object is whatever several accounts can share: a link, a repost's original, a picture, a pair of hashtags. The truth
to be found is every pair of shares of one object at most `window` apart. It does not depend on the order in which the
shares come, nor on how they are cut into batches, as long as none comes from before the watermark; each pair is told
once, with the later arrival of its two shares.

The shares of the last while lie in a few sorted runs, each more than twice as long as the next, so that a share is
sorted again a logarithmic number of times and looked up in a logarithmic number of runs: the work for a share does not
grow with what came before it, apart from the pairs that it makes. Everything is done by the batch, in arrays.

The question is that of Giglietto et al., "It takes a village to manipulate the media", Information, Communication &
Society 2020 (coordinated link sharing), answered there in a batch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_DEAD = 4
"""Runs are cleared of what is out of reach when that is more than a fourth of the time they hold."""


class _Run(NamedTuple):
    """Shares in order of (object, time, number). Each array of shape (n,)."""

    objects: Ints
    times: Ints
    numbers: Ints

    def take(self, places: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> _Run:
        return _Run(self.objects[places], self.times[places], self.numbers[places])


def _run(objects: Ints, times: Ints, numbers: Ints) -> _Run:
    return _Run(objects, times, numbers).take(np.lexsort((numbers, times, objects)))


def _merged(a: _Run, b: _Run) -> _Run:
    return _run(*map(np.concatenate, zip(a, b, strict=True)))


def _after(times: Ints, low: Ints, high: Ints, moments: Ints) -> Ints:
    """The first place of each stretch [low, high) with a time later than its moment, `high` where there is none.

    Args:
        times: ascending within every stretch.
        low, high, moments: shape (n,), and so is the result.
    """
    low, high = low.copy(), high.copy()
    while (unsure := low < high).any():
        middle = np.where(unsure, (low + high) >> 1, 0)
        beyond = times[middle] > moments
        high = np.where(unsure & beyond, middle, high)
        low = np.where(unsure & ~beyond, middle + 1, low)
    return low


def _spread(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """(i, j) for every i and every j in [low[i], high[i])."""
    counts = high - low
    owners = np.repeat(np.arange(len(low)), counts)
    return owners, np.arange(len(owners)) + np.repeat(low - np.cumsum(counts) + counts, counts)


class CoShares:
    """The shares within reach of one another. Times and `window` are whole numbers of one unit, whichever."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._runs: list[_Run] = []
        self._from = self._to = 0  # no share held is outside these times

    def __len__(self) -> int:
        return sum(len(run.objects) for run in self._runs)

    def add(self, objects: Ints, times: Ints, numbers: Ints) -> tuple[Ints, Ints]:
        """Takes shares in any order and returns the pairs that they make with each other and with earlier ones.

        Args:
            objects: what was shared; equal objects are equal numbers. Shape (n,).
            times: when. Shape (n,).
            numbers: the caller's own number of each share; of two at the same time, the lower counts as older.
                Shape (n,).

        Returns:
            Numbers of the older and of the newer share of each pair, shape (m,) each. Pairs of one account's own
            shares are among them: who shared is the caller's business.
        """
        if not len(objects):
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        new = _run(objects, times, numbers)
        ends = np.searchsorted(new.objects, new.objects, side="right")
        following = np.arange(1, len(new.objects) + 1)
        a, b = _spread(following, _after(new.times, following, ends, new.times + self._window))
        older, newer = [new.numbers[a]], [new.numbers[b]]
        for run in self._runs:
            low = np.searchsorted(run.objects, new.objects, side="left")
            high = np.searchsorted(run.objects, new.objects, side="right")
            first = _after(run.times, low, high, new.times - self._window - 1)
            a, b = _spread(first, _after(run.times, first, high, new.times + self._window))
            gap = new.times[a] - run.times[b]
            mine, other = new.numbers[a], run.numbers[b]
            late = (gap > 0) | ((gap == 0) & (mine > other))  # the share that came now is the newer one
            older.append(np.where(late, other, mine))
            newer.append(np.where(late, mine, other))
        self._keep(new)
        return np.concatenate(older), np.concatenate(newer)

    def _keep(self, new: _Run) -> None:
        earliest, latest = int(new.times.min()), int(new.times.max())
        self._from = min(self._from, earliest) if self._runs else earliest
        self._to = max(self._to, latest) if self._runs else latest
        while self._runs and len(self._runs[-1].objects) <= 2 * len(new.objects):
            new = _merged(self._runs.pop(), new)
        self._runs.append(new)

    def expire(self, watermark: int) -> None:
        """Forgets the shares that nothing at or after the watermark can pair with. Cheap to call often."""
        cut = watermark - self._window
        if not self._runs or (cut - self._from) * _DEAD <= self._to - self._from:
            return
        alive = [run.take(run.times >= cut) for run in self._runs]
        self._runs = [run for run in alive if len(run.objects)]
        self._from = cut
