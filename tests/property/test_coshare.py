"""Pairs of shares: what streams in any order and any batches is what looking at all pairs finds."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.coshare import CoShares
from pipeline.lab.coordinated import ShareTable, coordinated

Pairs = Counter[tuple[int, int]]


def array(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Whole numbers as the index takes them."""
    return np.array(values, dtype=np.int64)


def all_pairs(shares: list[tuple[int, int]], window: int) -> Pairs:
    """Every pair (older, newer) of one object at most `window` apart; of two at once the lower number is older."""
    found: Pairs = Counter()
    for a, b in combinations(range(len(shares)), 2):
        (one, at), (other, later) = shares[a], shares[b]
        if one == other and abs(at - later) <= window:
            found[(a, b) if at <= later else (b, a)] += 1
    return found


def streamed(
    shares: list[tuple[int, int]], window: int, lateness: int, rng: random.Random, most: int
) -> tuple[Pairs, CoShares]:
    """The same shares, each at most `lateness` behind the latest before it, in batches, with expiry in between."""
    order = sorted(range(len(shares)), key=lambda n: shares[n][1] + rng.uniform(0, lateness))
    index, found, clock = CoShares(window), Counter[tuple[int, int]](), 0
    while order:
        batch = [order.pop(0) for _ in range(min(len(order), rng.randint(1, most)))]
        objects, times = [shares[n][0] for n in batch], [shares[n][1] for n in batch]
        older, newer = index.add(array(objects), array(times), array(batch))
        found.update(zip(older.tolist(), newer.tolist(), strict=True))
        clock = max(clock, *times)
        index.expire(clock - lateness)
    return found, index


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 300)), max_size=80),
    st.integers(0, 60),
    st.integers(0, 120),
    st.randoms(use_true_random=False),
    st.integers(1, 30),
)
def test_streaming_finds_all_pairs(
    shares: list[tuple[int, int]], window: int, lateness: int, rng: random.Random, most: int
) -> None:
    """Any order within the lateness and any batches give each pair once, the older share first."""
    assert streamed(shares, window, lateness, rng, most)[0] == all_pairs(shares, window)


@given(st.integers(0, 1 << 40), st.integers(0, 1 << 40), st.integers(0, 1 << 40))
def test_far_apart_in_time(start: int, gap: int, window: int) -> None:
    """Nothing depends on the unit: microseconds over years are as good as seconds."""
    found, _ = streamed([(-7, start), (-7, start + gap)], window, 0, random.Random(0), 2)
    assert found == ({(0, 1): 1} if gap <= window else {})


def test_memory_is_bounded_by_the_window() -> None:
    """Over a long stream at an even pace the index holds no more than a third beyond window, lateness and batch."""
    index, held = CoShares(60), 0
    for start in range(0, 100_000, 50):
        times = np.arange(start, start + 50, dtype=np.int64)
        index.add(times % 7, times, times)
        index.expire(start + 50 - 100)
        held = max(held, len(index))
    assert 160 <= held <= (60 + 100 + 50) * 4 / 3


class Share(NamedTuple):
    """One row of a table."""

    object_id: str
    account_id: str
    content_id: str
    timestamp_share: int


def detect_groups(rows: list[Share], window: int, least: int) -> Counter[tuple[str, str, str, str, str, int]]:
    """CooRTweet's `detect_groups`, step by step, over all pairs."""
    count = Counter(row.account_id for row in rows)
    accounts = list(dict.fromkeys(row.account_id for row in rows if count[row.account_id] >= least))
    x = [row for account in accounts for row in rows if row.account_id == account]
    result = [
        (a, b)
        for a, b in combinations(x, 2)
        if a.object_id == b.object_id
        and abs(a.timestamp_share - b.timestamp_share) <= window
        and a.object_id not in (a.content_id, b.content_id)
        and a.content_id != b.content_id
        and a.account_id != b.account_id
    ]
    contents = {row.content_id for pair in result for row in pair}
    inside = [row for row in x if row.content_id in contents]
    count = Counter(row.account_id for row in inside)
    strong = {row.content_id for row in inside if count[row.account_id] >= least}
    found: Counter[tuple[str, str, str, str, str, int]] = Counter()
    for a, b in result:
        if a.content_id in strong or b.content_id in strong:
            one, other = (b, a) if a.timestamp_share > b.timestamp_share else (a, b)
            found[
                one.object_id,
                one.account_id,
                other.account_id,
                one.content_id,
                other.content_id,
                other.timestamp_share - one.timestamp_share,
            ] += 1
    return found


def table(rows: list[Share]) -> ShareTable:
    """Rows as numbers."""
    coded = []
    for column in zip(*rows, strict=True) if rows else ((), (), (), ()):
        names = list(dict.fromkeys(column))
        coded.append((array([names.index(value) for value in column]), names))
    (objects, object_names), (accounts, account_names), (contents, content_names), _ = coded
    posted = [content_names.index(name) if name in content_names else -1 for name in object_names]
    times = array([row.timestamp_share for row in rows])
    return ShareTable(
        objects,
        accounts,
        contents,
        times,
        pa.array(object_names, pa.string()),
        pa.array(account_names, pa.string()),
        pa.array(content_names, pa.string()),
        array(posted),
    )


# A content may share several objects, or be an object itself; rows may repeat.
rows = st.lists(
    st.builds(
        Share,
        st.sampled_from(["o1", "o2", "c1", "c2"]),
        st.sampled_from("abcde"),
        st.sampled_from([f"c{n}" for n in range(1, 12)]),
        st.integers(0, 40),
    ),
    max_size=30,
)


@settings(max_examples=300, deadline=None)
@given(rows, st.integers(0, 20), st.integers(1, 5))
def test_the_filters_are_those_of_detect_groups(rows: list[Share], window: int, least: int) -> None:
    """The pairs of any table are CooRTweet's, with its order of older and newer, and as often as it gives them."""
    pairs = coordinated(table(rows), window, least)
    found = Counter(
        (
            a.object_id,
            a.account_id,
            b.account_id,
            a.content_id,
            b.content_id,
            b.timestamp_share - a.timestamp_share,
        )
        for a, b in (
            (rows[i], rows[j]) for i, j in zip(pairs.older.tolist(), pairs.newer.tolist(), strict=True)
        )
    )
    assert found == detect_groups(rows, window, least)
