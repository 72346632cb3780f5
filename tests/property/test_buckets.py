"""The array index of band keys answers as a dictionary of lists would."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.buckets import BucketIndex


class Model:
    """Key -> owners. Keys are known by their upper 32 bits: a coincidence costs one comparison of texts."""

    def __init__(self) -> None:
        self.owners: dict[int, list[int]] = defaultdict(list)

    def insert(self, keys: list[int], owners: list[int]) -> set[tuple[int, int]]:
        pairs = set()
        for key, owner in zip(keys, owners, strict=True):
            pairs |= {(owner, other) for other in self.owners[key >> 32] if other != owner}
            self.owners[key >> 32].append(owner)
        return pairs

    def subset(self, renumbered: list[int]) -> Model:
        other = Model()
        for key, owners in self.owners.items():
            other.owners[key] = [renumbered[owner] for owner in owners if renumbered[owner] >= 0]
        return other


def insert(index: BucketIndex, keys: list[int], owners: list[int]) -> list[tuple[int, int]]:
    asking, earlier = index.insert(np.array(keys, dtype=np.uint64), np.array(owners, dtype=np.int64))
    return list(zip(asking.tolist(), earlier.tolist(), strict=True))


# Few upper halves, so that keys meet; any lower half, which must not matter.
keys = st.builds(
    lambda high, low: high << 32 | low,
    st.integers(0, 9) | st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
)
batches = st.lists(st.lists(st.lists(keys, max_size=5), max_size=6), max_size=6)
"""Batches of owners, each with its keys."""


def flat(batch: list[list[int]], first: int) -> tuple[list[int], list[int]]:
    return [key for own in batch for key in own], [first + n for n, own in enumerate(batch) for _ in own]


@settings(max_examples=300)
@given(batches, st.integers(1, 64))
def test_pairs_are_those_of_a_dictionary(rows: list[list[list[int]]], capacity: int) -> None:
    """Every earlier owner of the same key, once each and in order, while the index grows through its capacity."""
    index, model, first = BucketIndex(capacity), Model(), 0
    for batch in rows:
        own, owners = flat(batch, first)
        pairs = insert(index, own, owners)
        assert pairs == sorted(set(pairs))
        assert set(pairs) == model.insert(own, owners)
        first += len(batch)
    assert len(index) == sum(len(own) for batch in rows for own in batch)


@settings(max_examples=300)
@given(batches, batches, st.data())
def test_a_subset_knows_the_owners_that_stay(
    before: list[list[list[int]]], after: list[list[list[int]]], data: st.DataObject
) -> None:
    """Owners that were left out are forgotten, the others answer under their new numbers."""
    index, model, first = BucketIndex(), Model(), 0
    for batch in before:
        own, owners = flat(batch, first)
        insert(index, own, owners)
        model.insert(own, owners)
        first += len(batch)
    stay = data.draw(st.lists(st.booleans(), min_size=first, max_size=first))
    renumbered = [sum(stay[:n]) if keep else -1 for n, keep in enumerate(stay)]
    index, model, first = (
        index.subset(np.array(renumbered, dtype=np.int64)),
        model.subset(renumbered),
        sum(stay),
    )
    for batch in after:
        own, owners = flat(batch, first)
        assert set(insert(index, own, owners)) == model.insert(own, owners)
        first += len(batch)


def test_a_very_full_bucket_answers_with_its_latest() -> None:
    """Of a key with thousands of owners the latest are found: work is bounded."""
    index = BucketIndex()
    insert(index, [7 << 32] * 3000, list(range(3000)))
    earlier = [other for _, other in insert(index, [7 << 32], [3000])]
    assert 100 < len(earlier) < 1000
    assert earlier == list(range(3000 - len(earlier), 3000))


def test_memory_stays_near_twenty_bytes_a_key() -> None:
    """A million keys take some tens of megabytes."""
    index, rng = BucketIndex(), np.random.default_rng(1)
    for start in range(0, 1_000_000, 100_000):
        index.insert(
            rng.integers(0, 2**64, 100_000, dtype=np.uint64),
            np.arange(start, start + 100_000, dtype=np.int64),
        )
    assert len(index) == 1_000_000
    assert index.nbytes < 40 * len(index)
