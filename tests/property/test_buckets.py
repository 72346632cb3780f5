"""The array index of keys answers as a dictionary of lists would."""

from __future__ import annotations

import pickle
from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.buckets import FULL, BucketIndex


class Model:
    """Key -> owners."""

    def __init__(self) -> None:
        self.owners: dict[int, list[int]] = defaultdict(list)

    def insert(self, keys: list[int], owners: list[int]) -> set[tuple[int, int]]:
        pairs = set()
        for key, owner in zip(keys, owners, strict=True):
            pairs |= {(owner, other) for other in self.owners[key] if other != owner}
            self.owners[key].append(owner)
        return pairs

    def find(self, keys: list[int]) -> set[tuple[int, int]]:
        return {(place, owner) for place, key in enumerate(keys) for owner in self.owners[key]}

    def forget(self, below: int) -> None:
        for key, owners in self.owners.items():
            self.owners[key] = [owner - below for owner in owners if owner >= below]


def insert(index: BucketIndex, keys: list[int], owners: list[int]) -> list[tuple[int, int]]:
    new, whose = np.array(keys, dtype=np.uint32), np.array(owners, dtype=np.int64)
    index.insert(new, whose)
    found = index.earlier(new, whose)
    assert not len(found.full)
    return list(zip(found.asking.tolist(), found.earlier.tolist(), strict=True))


def find(index: BucketIndex, keys: list[int]) -> set[tuple[int, int]]:
    asking, owners = index.find(np.array(keys, dtype=np.uint32))
    return set(zip(asking.tolist(), owners.tolist(), strict=True))


# Few of either half, so that keys meet and slots are shared; any other key.
keys = st.builds(lambda high, low: high << 16 | low, st.integers(0, 3), st.integers(0, 3)) | st.integers(
    0, 2**32 - 1
)
batches = st.lists(st.lists(st.lists(keys, max_size=5), max_size=6), max_size=6)
"""Batches of owners, each with its keys; owners without keys are among them."""


def flat(batch: list[list[int]], first: int) -> tuple[list[int], list[int]]:
    return [key for own in batch for key in own], [first + n for n, own in enumerate(batch) for _ in own]


@settings(max_examples=300, deadline=None)
@given(batches)
def test_pairs_are_those_of_a_dictionary(rows: list[list[list[int]]]) -> None:
    """Every earlier owner of the same key, once each and in order."""
    index, model, first = BucketIndex(), Model(), 0
    for batch in rows:
        own, owners = flat(batch, first)
        pairs = insert(index, own, owners)
        assert pairs == sorted(set(pairs))
        assert set(pairs) == model.insert(own, owners)
        assert find(index, own) == model.find(own)
        first += len(batch)
    assert len(index) == sum(len(own) for batch in rows for own in batch)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(batches, st.integers(0, 40)), max_size=4), st.booleans())
def test_what_is_forgotten_does_not_answer(
    rounds: list[tuple[list[list[list[int]]], int]], saved: bool
) -> None:
    """Owners below a number are forgotten, the others answer under lower numbers; so does what was pickled."""
    index, model, first = BucketIndex(), Model(), 0
    for rows, below in rounds:
        for batch in rows:
            own, owners = flat(batch, first)
            assert set(insert(index, own, owners)) == model.insert(own, owners)
            first += len(batch)
        below = min(below, first)
        index.forget(below)
        model.forget(below)
        first -= below
        if saved:
            index = pickle.loads(pickle.dumps(index))
        asked = list(model.owners)
        assert find(index, asked) == model.find(asked)


def test_many_keys_after_many_splits() -> None:
    """A quarter of a million keys, many of them shared, some forgotten: every answer is that of a dictionary."""
    index, model, rng, first = BucketIndex(), Model(), np.random.default_rng(1), 0
    for turn in range(12):
        own = rng.integers(0, 2**32, 24_000, dtype=np.uint32) & np.uint32(0xFFFF03FF)
        own[::2] = rng.integers(0, 2**32, 12_000, dtype=np.uint32)
        owners = np.sort(rng.integers(first, first + 700, len(own)))
        assert set(insert(index, own.tolist(), owners.tolist())) == model.insert(
            own.tolist(), owners.tolist()
        )
        first += 700
        if turn % 4 == 3:
            index.forget(1500)
            model.forget(1500)
            first -= 1500
    assert index.nbytes < 10 * len(index) + (1 << 20)


def test_a_very_full_bucket_is_handed_on() -> None:
    """A key with very many owners is named, and not all of them are looked at; other keys are found as ever."""
    index = BucketIndex()
    many = np.full(3000, 7, dtype=np.uint32)
    index.insert(many, np.arange(3000))
    new = np.array([7, 8], dtype=np.uint32)
    index.insert(new, np.array([3000, 3001]))
    found = index.earlier(new, np.array([3000, 3001]))
    assert found.full.tolist() == [0]
    assert found.earlier.tolist() == list(range(3000 - FULL, 3000))
    assert find(index, [7, 8]) == {(0, owner) for owner in range(3001)} | {(1, 3001)}


def test_owners_without_keys_may_lie_between() -> None:
    """Tens of thousands of owners that have no keys here do not confuse the others."""
    index = BucketIndex()
    for owner in (3, 70_000, 70_001, 400_000):
        insert(index, [1, 2], [owner, owner])
    assert {owner for _, owner in find(index, [2])} == {3, 70_000, 70_001, 400_000}
    index.forget(70_001)
    assert {owner for _, owner in find(index, [1])} == {0, 329_999}
