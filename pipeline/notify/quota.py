"""How many messages people get in an hour. Alerts beyond that are held back, counted, and said in one message.

Pure: the wall time is an argument. Like Alertmanager's grouping, but the first ones are told at once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import NamedTuple

from schemas.alerts import SEVERITIES, AlertKind, Severity
from schemas.times import HOUR, SECOND, Micros


class Held(NamedTuple):
    """What was held back between two moments: different alerts, by kind."""

    start: Micros
    end: Micros
    kinds: Counter[AlertKind]


class Quota:
    """`most` messages for each kind and UTC hour of the wall clock; 0 for no limit. Only messages that are as severe or
    more so count against one: many warnings hold back no critical alert."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._hour = -1
        self._told: Counter[tuple[AlertKind, int]] = Counter()
        self._held: defaultdict[AlertKind, set[str]] = defaultdict(set)
        self._over: Held | None = None

    def take(self, alert_id: str, kind: AlertKind, severity: Severity, now: float) -> bool:
        """Whether this message may be told at `now` (Unix seconds); if not, it is counted as held."""
        self._turn(now)
        rank = SEVERITIES.index(severity)
        if self._most and sum(self._told[kind, n] for n in range(rank, len(SEVERITIES))) >= self._most:
            self._held[kind].add(alert_id)
            return False
        self._told[kind, rank] += 1
        self._held[kind].discard(alert_id)
        return True

    def due(self, now: float, all_of_it: bool = False) -> Held | None:
        """What was held back in hours that are over, once; or all of it, at the end."""
        self._turn(now)
        if all_of_it:
            self._close(round(now * SECOND))
        over, self._over = self._over, None
        return over

    def _turn(self, now: float) -> None:
        hour = int(now) // 3600
        if hour > self._hour:
            if self._hour >= 0:
                self._close((self._hour + 1) * HOUR)
            self._hour = hour
            self._told.clear()

    def _close(self, end: Micros) -> None:
        kinds = Counter({kind: len(held) for kind, held in self._held.items() if held})
        self._held.clear()
        if not kinds:
            return
        start = self._hour * HOUR
        if self._over is not None:
            start, kinds = self._over.start, kinds + self._over.kinds
        self._over = Held(start, end, kinds)
