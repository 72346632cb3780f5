"""Where records enter a source partition: decoded, checked, counted once, placed in time."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar
from zlib import crc32

import msgspec

from pipeline.detect.clock import END
from pipeline.detect.people import People
from pipeline.detect.source_clock import SourceClock
from pipeline.text.fingerprint import text_key
from schemas.decode import Refusal, decode
from schemas.limits import MAX_BYTES
from schemas.records import Follow, Kind, Post, Record, event_time
from schemas.times import HOUR, Micros

R = TypeVar("R", bound=Record)


class Raw(NamedTuple):
    """A record as it came: its bytes, its source's clock if the source told it, and whether the source ends here.

    Without value it is the word of a source on the time alone. offset: its place in its partition's log; -1 for the
    next one. What is numbered may be read again, cut into other batches, and must then lead to the same words. entered:
    when it came into the log (microseconds; 0 where there is none).
    """

    value: bytes | None
    clock: Micros | None = None
    end: bool = False
    offset: int = -1
    entered: Micros = 0


class Refused(NamedTuple):
    """A record that was not taken: its place in the batch, and why."""

    place: int
    refusal: Refusal


class Counts(msgspec.Struct):
    """read = accepted + late + duplicates + refused + forgotten."""

    read: int = 0
    accepted: int = 0
    late: int = 0
    duplicates: int = 0
    refused: int = 0
    forgotten: int = 0

    def add(self, other: Counts) -> None:
        """Adds another batch's counts."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Look(NamedTuple):
    """A moment at which detectors are to say what is new: after so many of the accepted records, at this time of the
    source (`END` where it ends), caused by the record with this offset."""

    accepted: int
    clock: Micros
    offset: int


class Taken(msgspec.Struct, Generic[R]):
    """What came of a stretch of a batch. `ended`: the source ends after it.

    again: records that came before with another content (an edit, a deletion), each with whether its first was late.
    They count as duplicates and are no matter for the detectors, but the store takes the last word.
    versions: of `accepted`, `late` and `again`: order what is told of one thing by its place in the log, however often
    it is told; microseconds of wall time, about.
    reached: how far records of this partition have brought the clock, in the stream that ends where it ends.
    offsets: of `accepted`. first, last: offsets of the records that the stretch covers, both included.
    looks: after each numbered record, as what is told must not depend on how a batch is cut; else one, at the end.
    """

    accepted: list[R]
    late: list[R]
    again: list[tuple[R, bool]]
    refused: list[Refused]
    counts: Counts
    clock: Micros
    ended: bool = False
    versions: tuple[list[Micros], list[Micros], list[Micros]] = msgspec.field(
        default_factory=lambda: ([], [], [])
    )
    offsets: list[int] = []
    looks: list[Look] = []
    reached: Micros = 0
    first: int = 0
    last: int = -1


class Met(enum.Enum):
    """How a record stands to those before it."""

    NEW = enum.auto()
    SAME = enum.auto()
    CHANGED = enum.auto()
    CHANGED_LATE = enum.auto()
    """Changed, and the first of its kind was late."""


_LATE = 1
_DELETED = 1 << 33
"""Bits beside a content's 32, which stand from the second on."""


class SeenIds:
    """Which records came before, and with which content, for as long as one that is not late could come again. Of a
    post that was deleted nothing comes again but what is deleted too."""

    def __init__(self, horizon: Micros) -> None:
        self._horizon = horizon
        self._content: dict[int, int] = {}
        self._hours: dict[int, list[int]] = {}
        self._last = 0  # hours before this one are forgotten

    def meet(self, record: Record, at: Micros, content: int, late: bool) -> Met:
        """NEW once for each record; a record is known by what identifies it. `content`: a hash of all of it, 32
        bits."""
        deleted = 0
        if isinstance(record, Post):
            deleted = _DELETED if record.deleted else 0
            # Not by its time: the notice of a deletion may carry its own.
            mark = text_key(f"{record.platform}\x1f{record.author_id}\x1f{record.id}")
        elif isinstance(record, Follow):
            mark = text_key(
                f"{record.platform}\x1f{record.page_id}\x1f{record.actor_id}\x1f{record.action}\x1f{at}"
            )
        else:
            mark = text_key(f"{record.platform}\x1f{record.page_id}\x1f{record.followers}\x1f{at}")
        before = self._content.get(mark)
        if before is None:
            self._content[mark] = deleted | content << 1 | late
            self._hours.setdefault(at // HOUR, []).append(mark)
            return Met.NEW
        now = deleted | content << 1 | before & _LATE
        if now == before or (before & _DELETED and not deleted):
            return Met.SAME  # the words of a post that is deleted do not come back
        self._content[mark] = now
        return Met.CHANGED_LATE if before & _LATE else Met.CHANGED

    def forget(self, clock: Micros) -> None:
        """Drops what lies further back than the horizon, of which nobody may ask any more."""
        last = (clock - self._horizon) // HOUR
        if last <= self._last:
            return
        self._last = last
        for hour in [hour for hour in self._hours if hour < last]:
            for mark in self._hours.pop(hour):
                del self._content[mark]


class Intake:
    """One source partition. `lateness` and `horizon` in microseconds; `kind` is posts, or None for fan records."""

    def __init__(self, lateness: Micros, horizon: Micros, kind: Kind | None = None) -> None:
        self._lateness = lateness
        self._horizon = horizon
        self._kind = kind
        self._version: Micros = 0
        self.last = -1  # offset of the last record taken
        self.people = People()  # whoever feeds the step says who they are
        self.clear()

    def clear(self) -> None:
        """A new stream begins."""
        self.clock: Micros = 0
        self.reached: Micros = (
            0  # the clock as records of its own brought it, the source's other streams apart
        )
        self._own = SourceClock()
        self._seen = SeenIds(self._horizon)

    def take(self, batch: Sequence[Raw]) -> list[Taken[Record]]:
        """Sorts a batch out. It is cut where a source ends, so that what follows belongs to the next stream."""
        out = [self._begin()]
        for place, raw in enumerate(batch):
            taken = out[-1]
            offset = taken.last = self.last = self.last + 1 if raw.offset < 0 else raw.offset
            self._version = max(self._version + 1, raw.entered)
            if raw.end:
                taken.ended = True
                taken.clock, taken.reached = END, self.reached
                taken.looks.append(Look(len(taken.accepted), END, offset))
                self.clear()
                out.append(self._begin())
                continue
            if raw.value is None and raw.clock is not None:
                self.clock = max(self.clock, raw.clock)
            else:
                self._one(place, raw, taken)
            self._seen.forget(self.clock)
            if raw.offset >= 0:
                taken.looks.append(Look(len(taken.accepted), self.clock, offset))
        if batch and batch[-1].end:
            out.pop()
        for taken in out:
            if not taken.ended:
                taken.clock, taken.reached = self.clock, self.reached
                if not taken.looks:
                    taken.looks.append(Look(len(taken.accepted), self.clock, taken.last))
        return out

    def _begin(self) -> Taken[Record]:
        return Taken([], [], [], [], Counts(), self.clock, first=self.last + 1, last=self.last)

    def _one(self, place: int, raw: Raw, taken: Taken[Record]) -> None:
        counts = taken.counts
        counts.read += 1
        value = raw.value or b""
        record: Record | Refusal
        if len(value) > MAX_BYTES:
            record = Refusal("too_long", "", f"the record has {len(value)} bytes; {MAX_BYTES} are allowed")
        else:
            record = decode(value, self._kind)
        if self._kind is None and isinstance(record, Post):
            record = Refusal("unknown_kind", "", "a post where follower counts and follow events belong")
        if isinstance(record, Refusal):
            counts.refused += 1
            taken.refused.append(Refused(place, record))
            return
        admitted = self.people.admit(record, raw.entered)
        if admitted is None:
            counts.forgotten += 1
            return
        record = admitted
        at = event_time(record)
        told = self._own.see(at) if raw.clock is None else raw.clock
        self.reached = max(self.reached, told)
        self.clock = clock = max(self.clock, told)
        late = at < clock - self._lateness
        met = Met.NEW
        if at >= clock - self._horizon:
            met = self._seen.meet(record, at, crc32(value), late)
        if met is not Met.NEW:
            counts.duplicates += 1
            if met is not Met.SAME:
                taken.again.append((record, met is Met.CHANGED_LATE))
                taken.versions[2].append(self._version)
        elif late:
            counts.late += 1
            taken.late.append(record)
            taken.versions[1].append(self._version)
        else:
            counts.accepted += 1
            taken.accepted.append(record)
            taken.offsets.append(self.last)
            taken.versions[0].append(self._version)
