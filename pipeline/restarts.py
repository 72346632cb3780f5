"""How long a part that has ended stays down, and when it is given up. Pure: the time is an argument."""

from __future__ import annotations

WITHIN = 600.0
"""Seconds in which restarts are counted."""

_FIRST, _LONGEST = 1.0, 30.0


class Restarts:
    """`most` restarts of one part within `WITHIN` seconds; the pause doubles from one to the next."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._ends: dict[str, list[float]] = {}

    def ended(self, name: str, now: float) -> float | None:
        """The part has ended at `now` (seconds, from any origin): seconds until it is started again, or None when it
        has ended too often."""
        ends = [at for at in self._ends.get(name, []) if now - at < WITHIN]
        self._ends[name] = [*ends, now]
        return None if len(ends) >= self.most else min(_LONGEST, _FIRST * 2.0 ** len(ends))
