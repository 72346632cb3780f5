"""An index from keys to their owners, in arrays: a key costs about 8 bytes with its share of the slots.

A chained hash table whose slots grow by linear hashing (Litwin, "Linear hashing", VLDB 1980): some slots are split
with each batch, so that no batch waits for all of them. Nodes lie in the order in which they came, and a chain leads
from the latest to earlier ones. What is forgotten is a beginning of all nodes: a chain ends where it would lead there.

Of a node two things are kept: how many nodes back the next one of its chain lies (32 bits, 0: none), and the upper
half of its key (16 bits). The lower half follows from the slot, of which there are at least 2^16. Owners ascend, so the
place of a node tells its owner.

Insertion and look-up work on whole batches; a look-up follows all its chains at the same time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.detect.columns import distinct, empty, grown, shift

FULL = 128
"""Owners of one key that a look-up finds before it hands the key on."""
_BITS = 16
_LOAD = 4
"""Keys for each slot."""
_STRIDE = 16
"""Nodes after which an owner is noted."""
_NEXT = 4
"""Owners after the noted one that are tried, before the owner is searched for."""
_16, _32 = np.uint32(16), np.uint64(32)
_WORD = np.uint64(0xFFFFFFFF)

Keys = npt.NDArray[np.uint32]
Owners = npt.NDArray[np.int64]


def _joined(parts: list[Owners]) -> Owners:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


class Found(NamedTuple):
    """Pairs (asking, earlier) that share a key, each once, in that order; and the places of the keys in the batch that
    have at least `FULL` earlier owners, of which not all were looked at."""

    asking: Owners
    earlier: Owners
    full: Owners


class BucketIndex:
    """32-bit keys, evenly spread, each with the number of the entry that owns it."""

    def __init__(self) -> None:
        self._count = 0
        self._back = empty(np.uint32)
        self._tags = empty(np.uint16)
        self._noted = empty(np.int32)  # owners of the nodes at multiples of `_STRIDE`
        self._starts = np.zeros(
            1, dtype=np.int32
        )  # the first node of each owner; at the end the number of nodes
        self._owners = 0
        self._bits, self._split = _BITS, 0  # slots below `_split` are told apart by one bit more
        self._heads = np.zeros(1 << _BITS, dtype=np.int32)  # a node's place + 1

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        columns = (self._back, self._tags, self._noted, self._starts, self._heads)
        return sum(column.nbytes for column in columns)

    def insert(self, keys: Keys, owners: Owners) -> None:
        """Adds keys.

        Args:
            keys: shape (n,).
            owners: shape (n,), ascending, none below or equal to an owner inserted before.
        """
        if not len(keys):
            return
        first, last = self._count, self._count + len(keys)
        self._note(owners, first, last)
        slots = self._slots(keys)
        ordered = np.sort((slots.astype(np.uint64) << _32) | np.arange(len(keys), dtype=np.uint64))
        order = (ordered & _WORD).astype(np.int64)
        slots = (ordered >> _32).astype(np.int64)
        places = order + first
        begins = np.ones(len(order), dtype=bool)
        np.not_equal(slots[1:], slots[:-1], out=begins[1:])
        before = np.empty(len(order), dtype=np.int64)
        before[1:] = places[:-1]
        before[begins] = self._heads[slots[begins]].astype(np.int64) - 1
        self._back = grown(self._back, last)
        self._back[places] = np.where(before < 0, 0, places - before)
        self._tags = grown(self._tags, last)
        self._tags[first:last] = keys >> _16
        ends = np.append(begins[1:], True)
        self._heads[slots[ends]] = places[ends] + 1
        self._count = last
        while (wanted := last // _LOAD - (1 << self._bits) - self._split) > 0:
            self._divide(min(wanted, (1 << self._bits) - self._split))

    def _note(self, owners: Owners, first: int, last: int) -> None:
        notes = np.arange(-(-first // _STRIDE), -(-last // _STRIDE))
        self._noted = grown(self._noted, -(-last // _STRIDE))
        self._noted[notes] = owners[notes * _STRIDE - first]
        new = np.arange(self._owners, int(owners[-1]) + 1)  # some may have no keys
        self._owners = int(owners[-1]) + 1
        self._starts = grown(self._starts, self._owners + 1)
        self._starts[new] = first + np.searchsorted(owners, new)
        self._starts[self._owners] = last

    def earlier(self, keys: Keys, owners: Owners) -> Found:
        """For keys that were the last to be inserted: the owners before them."""
        at = np.arange(self._count - len(keys), self._count)
        hits = np.zeros(len(at), dtype=np.int32)
        full: list[Owners] = []
        askers: list[Owners] = []
        nodes: list[Owners] = []
        tags = self._tags[at]
        asking, at = self._onward(np.arange(len(at)), at)
        steps = 0
        while len(at):
            same = np.flatnonzero(self._tags.take(at) == tags.take(asking))
            who = asking.take(same)
            askers.append(who)
            nodes.append(at.take(same))
            asking, at = self._onward(asking, at)
            hits[who] += 1
            steps += 1
            if steps >= FULL:  # only now a key may have found so many
                ends = hits[asking] >= FULL
                full.append(asking[ends])
                asking, at = asking[~ends], at[~ends]
        # Whose the nodes are is asked of all at once: most steps find few.
        asker = owners[_joined(askers)]
        whose = self._owner(_joined(nodes))
        pairs = distinct([((asker << 32) | whose)[whose != asker]])
        return Found(pairs >> 32, pairs & 0xFFFFFFFF, distinct(full))

    def find(self, keys: Keys) -> tuple[Owners, Owners]:
        """Pairs (place in the batch, owner) for all owners of some keys."""
        at = self._heads[self._slots(keys)].astype(np.int64) - 1
        asking = np.flatnonzero(at >= self._starts[0])
        at = at[asking]
        tags = (keys >> _16).astype(np.uint16)
        found: list[Owners] = []
        while len(at):
            same = self._tags[at] == tags[asking]
            found.append((asking[same] << 32) | self._owner(at[same]))
            asking, at = self._onward(asking, at)
        pairs = distinct(found)
        return pairs >> 32, pairs & 0xFFFFFFFF

    def _onward(self, asking: Owners, at: Owners) -> tuple[Owners, Owners]:
        """One step along the chains; those that end are left out."""
        back = self._back.take(at)
        following = at - back
        alive = np.flatnonzero((back != 0) & (following >= self._starts[0]))
        return asking.take(alive), following.take(alive)

    def _owner(self, at: Owners) -> Owners:
        """Whose nodes these are."""
        owners = self._noted.take(at // _STRIDE).astype(np.int64)
        for _ in range(_NEXT):
            beyond = self._starts.take(owners + 1) <= at
            if not beyond.any():
                return owners
            owners += beyond
        rest = np.flatnonzero(self._starts[owners + 1] <= at)
        owners[rest] = np.searchsorted(self._starts[: self._owners], at[rest], side="right") - 1
        return owners

    def _slots(self, keys: Keys) -> Keys:
        few = (1 << self._bits) - 1
        slots = keys & np.uint32(few)
        more = slots < self._split
        slots[more] = keys[more] & np.uint32(2 * few + 1)
        return slots

    def _divide(self, count: int) -> None:
        """Splits the next `count` slots: keys with the next bit set move to a new slot."""
        lower = np.arange(self._split, self._split + count)
        self._heads = grown(self._heads, (1 << self._bits) + self._split + count)
        at = self._heads[lower].astype(np.int64) - 1
        homes = np.stack((lower, lower + (1 << self._bits)))
        self._heads[homes] = 0
        latest = np.full((2, count), -1, dtype=np.int64)  # the last node so far of both chains of each slot
        asking = np.flatnonzero(at >= 0)
        at = at[asking]
        while len(at):
            side = ((self._tags[at] >> np.uint16(self._bits - 16)) & 1).astype(np.int64)
            before = latest[side, asking]
            begins = before < 0
            self._heads[homes[side[begins], asking[begins]]] = at[begins] + 1
            latest[side, asking] = at
            chained, before = at[~begins], before[~begins]
            asking, at = self._onward(asking, at)
            self._back[before] = before - chained
        self._back[latest[latest >= 0]] = 0
        self._split += count
        if self._split == 1 << self._bits:
            self._bits, self._split = self._bits + 1, 0

    def forget(self, owners: int) -> None:
        """Forgets the owners below a number. The others are called by numbers so much lower from now on."""
        gone = min(owners, self._owners)
        strides = int(self._starts[gone]) // _STRIDE
        drop = strides * _STRIDE
        self._noted = shift(self._noted, strides, -(-self._count // _STRIDE))
        self._noted -= np.int32(owners)
        np.maximum(self._noted, 0, out=self._noted)
        self._starts = shift(self._starts, gone, self._owners + 1)
        self._starts -= np.int32(drop)
        self._owners -= gone
        if drop:
            self._back = shift(self._back, drop, self._count)
            self._tags = shift(self._tags, drop, self._count)
            self._count -= drop
            self._heads -= np.int32(drop)
            np.maximum(self._heads, 0, out=self._heads)
