"""The clock of one source: how far its records have come, proof against single wrong dates."""

from __future__ import annotations

from schemas.times import DAY, Micros

LEAP: Micros = DAY
"""A jump ahead by more than this counts only once a second record confirms it."""


class SourceClock:
    """The greatest event time seen, less any that stood alone.

    One record from the year 2099 must not make late all that follow it, and a source that was silent for a week must
    not be held to the week before. So a record far ahead waits, the very first one too: if the next one is far ahead
    as well, time has moved; if it is not, the date was wrong.
    """

    __slots__ = ("_waiting", "now")

    def __init__(self) -> None:
        self.now: Micros = 0
        self._waiting: Micros | None = None

    def see(self, at: Micros) -> Micros:
        """Takes the event time of the next record; where the clock stands after it (0 until two have agreed)."""
        if self.now and at <= self.now + LEAP:
            self._waiting = None
            self.now = max(self.now, at)
        elif self._waiting is None:
            self._waiting = at
        else:
            low, high = sorted((at, self._waiting))
            if high - low <= LEAP:
                self.now, self._waiting = high, None
            else:
                self.now, self._waiting = low, high
        return self.now
