"""One shuffle partition's part of co-sharing: who shared an object at the same time, once that is final.

Event time is cut into panes. A pane is looked at when the watermark has passed its end, so what is said of it is a
function of the set of its shares, and of those shortly before it. Popular objects are left out there: how popular
something is, is known only at the end, and pairs of a crowd would be very many.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby

import numpy as np

from pipeline.detect.coshare import CoShares
from pipeline.detect.parameters_sharing import SharingParameters
from pipeline.detect.sharing import CoShare, Share
from pipeline.text.fingerprint import text_key
from schemas.times import MINUTE, SECOND, Micros

_AGAIN = 3
"""Shares of one object by one account in a pane that are looked at, the first ones: more would say the same."""


class CoSharePanes:
    """Shares by pane. Memory: those within a pane and the lateness, and the last window's before them."""

    def __init__(self, parameters: SharingParameters) -> None:
        self._pane: Micros = parameters.pane_minutes * MINUTE
        self._window: Micros = round(parameters.window_seconds * SECOND)
        self._popular = parameters.popular_accounts
        self._waiting: defaultdict[int, list[Share]] = defaultdict(list)
        self._index = CoShares(self._window)
        self._held: dict[int, tuple[int, Share]] = {}  # by number, with the key of the object
        self._next = 0

    def __len__(self) -> int:
        return len(self._held) + sum(map(len, self._waiting.values()))

    def add(self, shares: Iterable[Share]) -> None:
        """Takes shares in any order, none from before the watermark."""
        for share in shares:
            self._waiting[share.at // self._pane].append(share)

    def advance(self, watermark: Micros) -> list[CoShare]:
        """The pairs of the panes that are complete now; of two accounts and an object the earliest in the pane."""
        done = sorted(pane for pane in self._waiting if (pane + 1) * self._pane <= watermark)
        return [pair for pane in done for pair in self._close(pane, self._waiting.pop(pane))]

    def _close(self, pane: int, shares: list[Share]) -> Iterator[CoShare]:
        accounts: dict[int, int] = {}
        first = self._next
        shares.sort(key=lambda share: (share.platform, share.object, *share.order))
        for (platform, thing), group in groupby(shares, lambda share: (share.platform, share.object)):
            same = list(group)
            count = len({share.author_id for share in same})
            if count > self._popular:
                continue
            key = text_key(f"{platform}\x1f{thing}")
            accounts[key] = count
            seen: defaultdict[str, int] = defaultdict(int)
            for share in same:
                seen[share.author_id] += 1
                if seen[share.author_id] <= _AGAIN:
                    self._held[self._next] = key, share
                    self._next += 1
        new = [self._held[number] for number in range(first, self._next)]
        objects = np.array([key for key, _ in new], dtype=np.int64)
        times = np.array([share.at for _, share in new], dtype=np.int64)
        older, newer = self._index.add(objects, times, np.arange(first, self._next, dtype=np.int64))
        told = set()
        # Numbers follow objects within a pane, and time within an object: so the earliest pair comes first.
        for n in np.lexsort((newer, older)).tolist():
            # A straggler behind the watermark (a partition thought quiet) may meet what is not held any more.
            one, other = self._held.get(int(older[n])), self._held.get(int(newer[n]))
            if one is None or other is None:
                continue
            (key, a), (_, b) = one, other
            pair = (key, *sorted((a.author_id, b.author_id)))
            if a.author_id != b.author_id and pair not in told:
                told.add(pair)
                yield CoShare(pane, max(2, accounts[key]), a, b)
        end = (pane + 1) * self._pane
        self._index.expire(end)
        self._held = {n: held for n, held in self._held.items() if held[1].at >= end - self._window}
