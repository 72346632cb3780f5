"""Where a message between steps comes from, and which of them a step has had already.

A step is a function of the records of one partition in their order. Read again, they make it say the same again: after
a crash, or by a worker that was thought dead. What a step says therefore names the record that caused it, and who
receives it takes each word once. (Carbone et al., "Lightweight Asynchronous Snapshots for Distributed Dataflows", 2015,
discard what comes twice by sequence numbers from the sources, too.)
"""

from __future__ import annotations

import msgspec

UNNUMBERED = -1
"""The offset of a word that nobody can say twice: taken always."""


class Origin(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The record that caused a word.

    step: `posts`, `fans` or `shuffle`; partition: which of them. log: tells the present log of that partition from one
    before it, whose offsets began at 0 as well. offset: of the record; `part`: counts what one record caused.
    """

    step: str = ""
    partition: int = 0
    log: int = 0
    offset: int = UNNUMBERED
    part: int = 0


class Heard:
    """How far each partition of each step has been heard."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, int], tuple[int, tuple[int, int]]] = {}

    def take(self, origin: Origin) -> bool:
        """Whether this word is new; from then on it is not, nor is what came before it in the same log."""
        if origin.offset == UNNUMBERED:
            return True
        key, place = (origin.step, origin.partition), (origin.offset, origin.part)
        log, last = self._last.get(key, (origin.log, (UNNUMBERED, 0)))
        if log == origin.log and place <= last:
            return False
        self._last[key] = origin.log, place
        return True

    def holds(self, origin: Origin) -> bool:
        """Whether the partition has been heard no further than this: what its reader says of the present is true."""
        log, last = self._last.get((origin.step, origin.partition), (origin.log, (UNNUMBERED, 0)))
        return log != origin.log or origin.offset >= last[0]

    def last(self, step: str, partition: int, log: int) -> int:
        """The offset up to which this partition has been heard in this log; -1 where it has not."""
        known, place = self._last.get((step, partition), (log, (UNNUMBERED, 0)))
        return place[0] if known == log else UNNUMBERED
