"""An index from band keys to their owners, in arrays: a key costs about 20 bytes.

A chained hash table. `heads[slot]` is the latest key of a slot, `following[key]` the one before it. Insertion and
look-up work on whole batches; a look-up follows all its chains at the same time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_SPREAD = np.uint32(2654435769)
_LONGEST = 512
"""Steps along a chain. A bucket so full holds copies of one another: they have met through its latest entries."""

Keys = npt.NDArray[np.uint64]
Owners = npt.NDArray[np.int64]


class BucketIndex:
    """Band keys, each with the number of the entry that owns it."""

    def __init__(self, capacity: int = 1 << 15) -> None:
        self._count = 0
        self._allocate(capacity)

    def _allocate(self, capacity: int) -> None:
        self._keys = np.zeros(capacity, dtype=np.uint32)
        self._owners = np.zeros(capacity, dtype=np.int32)
        self._following = np.full(capacity, -1, dtype=np.int32)
        self._bits = min(31, capacity.bit_length())
        self._heads = np.full(1 << self._bits, -1, dtype=np.int32)

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._keys.nbytes + self._owners.nbytes + self._following.nbytes + self._heads.nbytes

    def insert(self, keys: Keys, owners: Owners) -> tuple[Owners, Owners]:
        """Adds keys, and returns the pairs (owner, earlier owner) that share one, each once, in that order.

        Args:
            keys: shape (n,).
            owners: shape (n,), ascending, not below any owner inserted before.
        """
        self._store((keys >> np.uint64(32)).astype(np.uint32), owners.astype(np.int32))
        return self._earlier(self._count - len(keys))

    def subset(self, renumbered: Owners) -> BucketIndex:
        """A new index of the keys of some owners. `renumbered[old]` is an owner's new number, or -1 to leave it out."""
        owners = renumbered[self._owners[: self._count]]
        kept = owners >= 0
        index = BucketIndex(max(1 << 15, int(kept.sum())))
        index._store(self._keys[: self._count][kept], owners[kept].astype(np.int32))
        return index

    def _store(self, keys: npt.NDArray[np.uint32], owners: npt.NDArray[np.int32]) -> None:
        first, last = self._count, self._count + len(keys)
        if last > len(self._keys):
            old_keys, old_owners = self._keys[:first], self._owners[:first]
            self._allocate(max(last, 2 * len(self._keys)))
            self._keys[:first], self._owners[:first] = old_keys, old_owners
            self._keys[first:last], self._owners[first:last] = keys, owners
            self._link(0, last)
        else:
            self._keys[first:last], self._owners[first:last] = keys, owners
            self._link(first, last)
        self._count = last

    def _link(self, first: int, last: int) -> None:
        if first == last:
            return
        slots = (self._keys[first:last] * _SPREAD) >> np.uint32(32 - self._bits)
        order = np.argsort(slots, kind="stable")
        slots = slots[order]
        numbers = (order + first).astype(np.int32)
        starts = np.ones(len(order), dtype=bool)
        starts[1:] = slots[1:] != slots[:-1]
        before = np.empty(len(order), dtype=np.int32)
        before[1:] = numbers[:-1]
        before[starts] = self._heads[slots[starts]]
        self._following[numbers] = before
        ends = np.append(starts[1:], True)
        self._heads[slots[ends]] = numbers[ends]

    def _earlier(self, first: int) -> tuple[Owners, Owners]:
        asking = np.arange(first, self._count, dtype=np.int64)
        at = self._following[asking]
        found: list[Owners] = []
        for _ in range(_LONGEST):
            alive = at >= 0
            asking, at = asking[alive], at[alive]
            if not len(at):
                break
            same = (self._keys[at] == self._keys[asking]) & (self._owners[at] != self._owners[asking])
            found.append((self._owners[asking[same]].astype(np.int64) << 32) | self._owners[at[same]])
            at = self._following[at]
        pairs = np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)
        return pairs >> 32, pairs & 0xFFFFFFFF
