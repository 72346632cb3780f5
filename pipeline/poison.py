"""When a reader meets nothing but records that it has to refuse, something is wrong with what is sent, or with us. Then
it stops, before a topic is emptied into its dead letters."""

from __future__ import annotations

from collections import deque

POISONED = 65
"""Exit code of a worker that stops for this (EX_DATAERR of sysexits.h): to start it again by itself is no use."""

OUTDATED = 76
"""Exit code of a worker that meets messages of a newer version (EX_PROTOCOL): it is to be upgraded."""


class PoisonLimit:
    """Watches the last records of each partition. `share`: of them refused, from which it is too much; `records`: how
    many are looked at, at least; 0 for no limit."""

    def __init__(self, share: float, records: int) -> None:
        self._share = share
        self._records = records
        self._last: dict[tuple[str, int], deque[tuple[int, int]]] = {}

    def exceeded(self, topic: str, partition: int, read: int, refused: int) -> tuple[int, int] | None:
        """A batch of so many records, so many of them to be refused. (refused, read) of the last ones when that is too
        much; None when it may go on."""
        if not self._records or not read:
            return None
        last = self._last.setdefault((topic, partition), deque())
        last.append((read, refused))
        total = sum(one for one, _ in last)
        while total - last[0][0] >= self._records:
            total -= last.popleft()[0]
        bad = sum(one for _, one in last)
        return (bad, total) if total >= self._records and bad >= self._share * total else None
