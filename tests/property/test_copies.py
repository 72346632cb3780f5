"""The copy index reports the connected components of the graph that brute force finds, in whatever order posts come."""

from __future__ import annotations

import random
from itertools import combinations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

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


posts = st.lists(
    st.tuples(st.sampled_from(_BASES), st.sampled_from(_TAGS), st.floats(0, 120)), min_size=1, max_size=25
)


@settings(max_examples=300, deadline=None)
@given(posts, st.integers(0, 2**32), st.integers(1, 25))
def test_components_equal_brute_force_in_any_order_and_any_batches(
    items: list[tuple[str, str, float]], seed: int, size: int
) -> None:
    """Links of the index span exactly the components of the full graph."""
    parameters = CopyParameters()
    rows = [candidate(n, base + tag, hours) for n, (base, tag, hours) in enumerate(items)]
    expected = brute(rows, parameters)
    random.Random(seed).shuffle(rows)
    cuts = list(range(size, len(rows), size))
    edges = feed(CopyIndex(parameters), rows, cuts)
    assert components(rows, edges) == expected


@settings(max_examples=100, deadline=None)
@given(posts, st.integers(1, 5))
def test_expiry_changes_nothing_that_the_watermark_allows(
    items: list[tuple[str, str, float]], size: int
) -> None:
    """Posts in order of time, with expiry after every batch, give the same components."""
    parameters = CopyParameters()
    rows = [candidate(n, base + tag, hours) for n, (base, tag, hours) in enumerate(items)]
    rows.sort(key=lambda row: row.post.at)
    index = CopyIndex(parameters)
    edges: set[frozenset[str]] = set()
    for start in range(0, len(rows), size):
        batch = rows[start : start + size]
        edges |= feed(index, batch, [])
        index.expire(batch[-1].post.at)
    assert components(rows, edges) == brute(rows, parameters)


def test_memory_is_bounded_and_the_latest_stay() -> None:
    """Of more posts than `max_posts` the latest are kept, whatever the batches, and still meet their copies."""
    index = CopyIndex(CopyParameters(max_posts=100))
    rows = [candidate(n, f"{n} {n * 7919} quelle belle soirée numéro {n * n}", n / 60) for n in range(1000)]
    for start in range(0, len(rows), 60):
        feed(index, rows[start : start + 60], [])
        assert len(index) <= 125 + 60
    again = [msgspec.structs.replace(row, post=msgspec.structs.replace(row.post, id="again")) for row in rows]
    assert len(feed(index, [again[0]], [])) == 0
    assert feed(index, [again[-1]], []) == {frozenset((rows[-1].post.id, "again"))}
