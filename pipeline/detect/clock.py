"""The stream's own time.

Every source partition has a clock: the latest event time that came through it. The stream's *progress* is the least of
the clocks of all partitions; its *watermark* lies `lateness` behind. A record older than the clock of its own source by
more than `lateness` is late: it is stored and counted, and no detector sees it. What is late is thereby decided where
the record enters, once, and is the same however many partitions and workers there are.

A partition without traffic must not hold the others back, yet a replay may send days of event time within
milliseconds, so a quiet partition cannot simply be left out. Its reader says, again and again, "nothing is waiting
here"; each time the partition is credited with the clock that the stream had `GRACE` seconds of wall time earlier.

A source may say that it has ended. When all partitions have, everything is final (`Tick.ended`); what a partition
sends of the next stream before the others have ended is held until then.

The method is that of Akidau et al., "The Dataflow Model", VLDB 2015 (low watermarks), with the alignment of barriers of
Carbone et al., "Lightweight Asynchronous Snapshots for Distributed Dataflows", 2015.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

import msgspec

from schemas.times import Micros

END: Micros = 1 << 62
"""The clock of a partition whose source said that nothing more will come."""

GRACE = 10.0
"""Seconds of wall time after which what a quiet partition has not shown is taken not to exist."""

T = TypeVar("T")


class Tick(msgspec.Struct, frozen=True):
    """What time it is: `progress`, the event time up to which all active partitions have spoken, and `watermark`,
    the event time before which nothing that counts can come any more."""

    progress: Micros
    watermark: Micros

    @property
    def ended(self) -> bool:
        """Every source has said that nothing more will come."""
        return self.watermark >= END


BEGINNING = Tick(0, 0)
FINAL = Tick(END, END)


class StreamClock:
    """Clocks of `partitions` partitions, merged. `lateness` in microseconds; `now` is wall time in seconds."""

    def __init__(self, partitions: int, lateness: Micros) -> None:
        self.lateness = lateness
        self._clocks: dict[int, Micros] = {}
        self._partitions = partitions
        self._progress: Micros = 0
        self._latest: Micros = 0
        self._history: deque[tuple[float, Micros]] = deque()

    def advance(self, partition: int, clock: Micros, now: float) -> None:
        """The partition has spoken and stands at `clock`."""
        self._clocks[partition] = max(self._clocks.get(partition, 0), clock)
        if clock != END and clock > self._latest:
            self._latest = clock
            self._history.append((now, clock))

    def quiet(self, partition: int, now: float) -> None:
        """Nothing was waiting in the partition at `now`."""
        history = self._history
        while len(history) > 1 and history[1][0] <= now - GRACE:
            history.popleft()
        if history and history[0][0] <= now - GRACE:
            self._clocks[partition] = max(self._clocks.get(partition, 0), history[0][1])

    def ended(self, partition: int) -> bool:
        """This partition's source has ended, in the present stream."""
        return self._clocks.get(partition) == END

    def tick(self) -> Tick:
        """The time now. It never runs backwards within a stream."""
        if len(self._clocks) == self._partitions:
            self._progress = max(self._progress, min(self._clocks.values()))
        if self._progress == END:
            return FINAL
        return Tick(self._progress, max(0, self._progress - self.lateness))

    def restart(self) -> None:
        """The stream has ended; the next one begins."""
        self._clocks.clear()
        self._history.clear()
        self._progress = self._latest = 0


class _Held(NamedTuple, Generic[T]):
    partition: int
    clock: Micros
    payload: T


class Aligner(Generic[T]):
    """Puts what several partitions send into streams: yields each payload with the time after it."""

    def __init__(self, partitions: int, lateness: Micros) -> None:
        self._clock = StreamClock(partitions, lateness)
        self._held: list[_Held[T]] = []

    def quiet(self, partition: int, now: float) -> Tick:
        """Nothing was waiting in the partition at `now` (wall seconds)."""
        if not self._clock.ended(partition):
            self._clock.quiet(partition, now)
        return self._clock.tick()

    def push(self, partition: int, clock: Micros, payload: T, now: float) -> Iterator[tuple[T, Tick]]:
        """Takes one message. A `FINAL` tick closes a stream; what was held for the next one follows it."""
        if self._clock.ended(partition):
            self._held.append(_Held(partition, clock, payload))
            return
        self._clock.advance(partition, clock, now)
        tick = self._clock.tick()
        yield payload, tick
        if tick.ended:
            self._clock.restart()
            held, self._held = self._held, []
            for item in held:
                yield from self.push(item.partition, item.clock, item.payload, now)
