"""Buckets that hold very many texts: copies salted each in its own way, or texts with a common phrase.

A look at all of such a bucket for each new text would cost the square of its size. But texts that are connected already
need no look: a link would change no component. So the bucket keeps the entries of one component together, and who
belongs to the component passes it by in one step. What is left out thereby follows from what is connected, never from
the order of arrival.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator

Root = Callable[[int], int]

_TOGETHER = 8
"""Entries of one component that make a group."""
_BEFORE = 32
"""Entries without a group, at the least, before groups are made anew."""


class _Bucket:
    """The entries of one key. groups: each of one component, in order of arrival; loose: all others."""

    __slots__ = ("groups", "limit", "loose")

    def __init__(self, entries: list[int]) -> None:
        self.groups: list[array[int]] = []
        self.loose = array("i", entries)
        self.limit = 0  # loose entries from which groups are made anew

    def regroup(self, root: Root) -> None:
        parts: dict[int, array[int]] = {}
        for group in self.groups:
            parts.setdefault(root(group[0]), array("i")).extend(group)
        for entry in self.loose:
            parts.setdefault(root(entry), array("i")).append(entry)
        self.groups = [part for part in parts.values() if len(part) >= _TOGETHER]
        self.loose = array("i", (entry for part in parts.values() if len(part) < _TOGETHER for entry in part))
        self.limit = max(_BEFORE, 2 * len(self.loose))


class FullBuckets:
    """The very full buckets, by key."""

    def __init__(self) -> None:
        self._buckets: dict[int, _Bucket] = {}

    def __contains__(self, key: int) -> bool:
        return key in self._buckets

    def __len__(self) -> int:
        return len(self._buckets)

    def open(self, key: int, entries: list[int]) -> None:
        """A bucket that has become so full, with what it holds so far."""
        self._buckets[key] = _Bucket(entries)

    def __iter__(self) -> Iterator[int]:
        return iter(self._buckets)

    def parts(self, key: int, root: Root) -> Iterator[array[int]]:
        """The entries of a bucket in parts: each component of many entries, and the others. `root` says what an entry
        is connected with; what belongs to the whole of a part may be asked of its first entry, except in the last."""
        bucket = self._buckets[key]
        if len(bucket.loose) >= bucket.limit:
            bucket.regroup(root)
        yield from bucket.groups
        yield bucket.loose

    def add(self, key: int, entry: int, root: Root) -> None:
        """Puts an entry into its bucket, once it is known what it is connected with."""
        bucket, own = self._buckets[key], root(entry)
        home = next((group for group in bucket.groups if root(group[0]) == own), bucket.loose)
        home.append(entry)

    def forget(self, entries: int) -> None:
        """Forgets the entries below a number; the numbers of the others become so much lower."""
        for key, bucket in list(self._buckets.items()):
            groups = [_lowered(group, entries) for group in bucket.groups]
            bucket.groups = [group for group in groups if group]
            bucket.loose = _lowered(bucket.loose, entries)
            if not bucket.groups and not bucket.loose:
                del self._buckets[key]


def _lowered(numbers: array[int], by: int) -> array[int]:
    return array("i", (number - by for number in numbers if number >= by))
