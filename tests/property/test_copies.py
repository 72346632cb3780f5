"""The copy index reports the connected components of the graph that brute force finds, in whatever order posts come."""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect import buckets, copies, copy_blocks, full_buckets
from pipeline.detect.copies import Candidate, CopyIndex, CopyPost, Link
from pipeline.detect.copy_parameters import CopyParameters
from pipeline.text.alike import alike, comparable
from pipeline.text.fingerprint import fingerprints, text_key
from pipeline.text.normalise import normalise
from schemas.times import HOUR

_BASES = [
    "le nouveau parfum de la maison sent vraiment bon",
    "le nouveau parfum de la maison sent vraiment tres bon",
    "quelle honte ce service client personne ne repond jamais",
    "quelle honte ce service client personne ne repond",
    "il fait beau ce matin sur les quais de la ville",
]
_TAGS = ["", " #bonplan", " #lundi #vrai", " #choc"]


def candidate(number: int, text: str, hours: float) -> Candidate:
    forms = normalise(text)
    post = CopyPost("forum", f"p{number}", f"a{number % 7}", round(hours * HOUR), "", 0, text)
    return Candidate(post, text_key(forms.full), forms.full, "" if forms.bare == forms.full else forms.bare)


def components(rows: list[Candidate], edges: set[frozenset[str]]) -> set[frozenset[str]]:
    parent = {row.post.id: row.post.id for row in rows}

    def root(x: str) -> str:
        while parent[x] != x:
            x = parent[x]
        return x

    for edge in edges:
        a, b = edge
        parent[root(a)] = root(b)
    groups: dict[str, set[str]] = {}
    for x in parent:
        groups.setdefault(root(x), set()).add(x)
    return {frozenset(group) for group in groups.values()}


def brute(rows: list[Candidate], parameters: CopyParameters) -> set[frozenset[str]]:
    edges = set()
    for a, b in combinations(rows, 2):
        x, y = (comparable(one.full, one.bare or one.full, parameters.min_characters) for one in (a, b))
        near = alike(x, y, parameters.similarity)
        if near and abs(a.post.at - b.post.at) <= parameters.window_hours * HOUR:
            edges.add(frozenset((a.post.id, b.post.id)))
    return components(rows, edges)


def feed(index: CopyIndex, rows: list[Candidate], cuts: list[int]) -> set[frozenset[str]]:
    links: list[Link] = []
    for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        batch = rows[start:end]
        links += index.add(batch, *fingerprints([(row.full, row.bare) for row in batch]))
    return {frozenset((link.a.id, link.b.id)) for link in links}


@contextmanager
def soon_full(few: bool) -> Iterator[None]:
    """Buckets are full from two entries on, if so wished, and texts and posts are packed at once."""
    with pytest.MonkeyPatch.context() as patch:
        if few:
            patch.setattr(buckets, "FULL", 2)
            patch.setattr(full_buckets, "_TOGETHER", 2)
            patch.setattr(full_buckets, "_BEFORE", 2)
            patch.setattr(copies, "_FEW", 1)
            patch.setattr(copy_blocks, "KEPT", 0)
            patch.setattr(copy_blocks, "BLOCK", 16)
            patch.setattr(copy_blocks, "UNIT", 4)
        yield


posts = st.lists(
    st.tuples(st.sampled_from(_BASES), st.sampled_from(_TAGS), st.floats(0, 120)), min_size=1, max_size=25
)


@settings(max_examples=300, deadline=None)
@given(posts, st.integers(0, 2**32), st.integers(1, 25), st.booleans())
def test_components_equal_brute_force_in_any_order_and_any_batches(
    items: list[tuple[str, str, float]], seed: int, size: int, few: bool
) -> None:
    """Links of the index span exactly the components of the full graph."""
    parameters = CopyParameters()
    rows = [candidate(n, base + tag, hours) for n, (base, tag, hours) in enumerate(items)]
    expected = brute(rows, parameters)
    random.Random(seed).shuffle(rows)
    cuts = list(range(size, len(rows), size))
    with soon_full(few):
        edges = feed(CopyIndex(parameters), rows, cuts)
    assert components(rows, edges) == expected


late = st.lists(
    st.tuples(st.sampled_from(_BASES), st.sampled_from(_TAGS), st.floats(0, 1200), st.floats(0, 20)),
    min_size=1,
    max_size=40,
)
"""Texts over seven windows, each with the hours by which it comes late."""


@settings(max_examples=200, deadline=None)
@given(late, st.integers(1, 5), st.booleans(), st.booleans())
def test_expiry_changes_nothing_that_the_watermark_allows(
    items: list[tuple[str, str, float, float]], size: int, few: bool, saved: bool
) -> None:
    """Posts over many windows, some of them late, with expiry after every batch, give the same components; so does an
    index that is pickled after every batch."""
    parameters = CopyParameters()
    arrivals = sorted((hours + delay, n) for n, (_, _, hours, delay) in enumerate(items))
    rows = [candidate(n, items[n][0] + items[n][1], items[n][2]) for _, n in arrivals]
    index = CopyIndex(parameters)
    edges: set[frozenset[str]] = set()
    with soon_full(few):
        for start in range(0, len(rows), size):
            edges |= feed(index, rows[start : start + size], [])
            index.expire(round((arrivals[min(start + size, len(rows)) - 1][0] - 20) * HOUR))
            if saved:
                index = pickle.loads(pickle.dumps(index))
    assert components(rows, edges) == brute(rows, parameters)


_WORDS = [
    "tram",
    "ligne",
    "quai",
    "retard",
    "matin",
    "soir",
    "ville",
    "gare",
    "pont",
    "marche",
    "place",
    "rue",
]


def crowd(seed: int, count: int) -> list[tuple[str, float]]:
    """Texts that fill buckets, with their hours: copies of a few sentences, each with a salt of its own; texts that
    have only the beginning in common with them; and what is posted again and again."""
    rng = random.Random(seed)
    rows = []
    for n in range(count):
        base = _BASES[rng.randrange(3)]
        kind = rng.random()
        if kind < 0.6:
            text = f"{base} {rng.choice(_WORDS)} {n}"
        elif kind < 0.8:
            text = f"{base[:24]} {' '.join(rng.choices(_WORDS, k=9))}"
        else:
            text = base
        rows.append((text, n / 2 + rng.random() * 3))
    return rows


@pytest.mark.parametrize(("seed", "count", "few"), [(1, 500, False), (2, 260, True), (3, 420, True)])
def test_a_crowd_is_connected_as_by_brute_force(seed: int, count: int, few: bool) -> None:
    """Hundreds of posts in the same buckets, over more than a window, in two orders and cuts, with expiry: the same
    components, those of brute force."""
    parameters = CopyParameters(window_hours=48.0)
    rows = [candidate(n, text, hours) for n, (text, hours) in enumerate(crowd(seed, count))]
    expected = brute(rows, parameters)
    with soon_full(few):
        for size in (7, 90):
            index, edges = CopyIndex(parameters), set()
            for start in range(0, count, size):
                edges |= feed(index, rows[start : start + size], [])
                index.expire(round((start / 2 - 3) * HOUR))
            assert components(rows, edges) == expected
        random.Random(seed).shuffle(rows)
        edges = feed(CopyIndex(parameters), rows, list(range(50, count, 50)))
        assert components(rows, edges) == expected


def test_what_is_connected_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of copies, each salted in its own way: comparisons of texts grow no faster than the posts."""
    calls = 0

    def counted(*arguments: object) -> bool:
        nonlocal calls
        calls += 1
        return alike(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(copies, "alike", counted)
    rng = random.Random(1)
    rows = [candidate(n, f"{_BASES[0]} {rng.choice(_WORDS)} {n}", n / 100) for n in range(4000)]
    index = CopyIndex(CopyParameters())
    done = [0]
    for start in range(0, 4000, 500):
        feed(index, rows[start : start + 500], [])
        done.append(calls)
    assert done[-1] < 3 * len(rows)
    assert done[-1] - done[-2] < 2 * (done[2] - done[1])


def test_memory_is_bounded_and_the_latest_stay() -> None:
    """Of more posts than `max_posts` the latest are kept, whatever the batches, and still meet their copies."""
    index = CopyIndex(CopyParameters(max_posts=2000))
    rows = [candidate(n, f"{n} {n * 7919} quelle belle soirée numéro {n * n}", n / 600) for n in range(5000)]
    for start in range(0, len(rows), 600):
        feed(index, rows[start : start + 600], [])
        assert min(2000, start) <= len(index) <= 2500
    again = [msgspec.structs.replace(row, post=msgspec.structs.replace(row.post, id="again")) for row in rows]
    assert len(feed(index, [again[0]], [])) == 0
    assert feed(index, [again[-1]], []) == {frozenset((rows[-1].post.id, "again"))}
