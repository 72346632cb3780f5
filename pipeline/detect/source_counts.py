"""How many posts each source brought, by the hour: what a source partition tells of its sources.

A source is what a connector brings of one platform: the pair of a post's `platform` and `source`. Records of fans name
no connector: theirs is the platform and the kind of record. Counts are cumulative, so a word may come twice, or after a
later one, and do no harm: the greater count holds.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from schemas.records import Post, Record, event_time, record_kind
from schemas.times import HOUR, Micros

SourceKey = tuple[str, str]
"""Platform and connector, which may be empty; or platform and kind of fan record, by the name of its table."""


class SourceCount(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Posts, or fan records, of one source in one hour (since 1970), in one partition so far. first, last: their least
    and greatest event times."""

    platform: str
    source: str
    hour: int
    posts: int
    first: Micros
    last: Micros


def _source(record: Record) -> SourceKey:
    if isinstance(record, Post):
        return record.platform, record.source or ""
    return record.platform, record_kind(record)


class SourceCounts:
    """The hours of one partition that may yet change."""

    def __init__(self) -> None:
        self._hours: dict[tuple[int, SourceKey], tuple[int, Micros, Micros]] = {}
        self._upto = 0

    def add(self, records: Iterable[Record]) -> list[SourceCount]:
        """Counts these; what has changed, in order of hour and source."""
        hours, changed = self._hours, set()
        for record in records:
            at = event_time(record)
            key = at // HOUR, _source(record)
            count, first, last = hours.get(key, (0, at, at))
            hours[key] = count + 1, min(first, at), max(last, at)
            changed.add(key)
        return [SourceCount(*key[1], key[0], *hours[key]) for key in sorted(changed)]

    def forget(self, watermark: Micros) -> None:
        """Drops the hours before the watermark, in which nothing that counts can come any more."""
        upto = watermark // HOUR
        if upto > self._upto:
            self._upto = upto
            self._hours = {key: value for key, value in self._hours.items() if key[0] >= upto}
