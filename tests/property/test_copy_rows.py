"""What the copy index keeps of its entries comes back as it was, and what it passes over could not be alike."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Indel

from pipeline.detect import copy_blocks
from pipeline.detect.columns import distinct, empty, grown, shift
from pipeline.detect.copy_blocks import Posts, Texts
from pipeline.detect.copy_generations import Generations
from pipeline.detect.copy_post import CopyPost
from pipeline.detect.copy_rows import CopyRows, looks_of
from pipeline.text.alike import (
    BY_PIECES,
    BY_RATIO,
    Comparable,
    alike,
    comparable,
    compared,
    sizes_of,
    ways_alike,
)
from pipeline.text.fingerprint import SKETCH
from pipeline.text.outline import letters_apart, outlines, pieces_apart

words = st.text(st.sampled_from("abcé жя花 の\ud800"), max_size=40).map(lambda text: " ".join(text.split()))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(words, words), min_size=1, max_size=12), st.integers(60, 300), st.integers(0, 3))
def test_texts_and_posts_come_back(forms: list[tuple[str, str]], count: int, gone: int) -> None:
    """Packed or not, before and after the first blocks are forgotten, and out of a snapshot."""
    texts, posts = Texts(), Posts()
    kept = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copy_blocks, "KEPT", 20)
        patch.setattr(copy_blocks, "BLOCK", 32)
        patch.setattr(copy_blocks, "UNIT", 8)
        for n in range(count):
            full, bare = forms[n % len(forms)]
            kept.append(
                (comparable(full, bare, 20), CopyPost("p", f"{n}", "a", n, "", n % 8, f"texte {n} é"))
            )
            texts.append(kept[-1][0])
            posts.append(kept[-1][1])
        assert [(texts[n], posts[n]) for n in range(count)] == kept
        texts.forget(gone)
        posts.forget(gone)
        texts, posts = pickle.loads(pickle.dumps((texts, posts)))
        left = kept[gone * 32 :]
        assert [(texts[n], posts[n]) for n in range(len(left))] == left


texts = st.one_of(
    st.text(st.sampled_from("ab cd"), min_size=1, max_size=90),
    st.text(st.sampled_from("花見の 春"), min_size=1, max_size=60),
    st.text(st.sampled_from("ab 花"), min_size=1, max_size=60),
)


@settings(max_examples=500, deadline=None)
@given(texts, texts, texts, st.integers(0, 60), st.integers(0, 30), st.sampled_from([60.0, 85.0, 100.0]))
def test_sizes_pass_over_nothing_alike(
    one: str, bare: str, other: str, cut: int, begin: int, cutoff: float
) -> None:
    """Where two texts are alike, their sizes leave open the way in which they are; in either order."""
    pairs = [
        (one, one, one[cut:] + one[:cut], one),
        (one, bare, one, other),
        (one, bare, one[begin:], bare[: len(bare) - begin // 3]),
        (one, one, one + other[:begin], one + other[:begin]),
    ]
    for full_a, bare_a, full_b, bare_b in pairs:
        a, b = comparable(full_a, bare_a, 20), comparable(full_b, bare_b, 20)
        for way in (BY_RATIO, BY_PIECES):
            if alike(a, b, cutoff, way):
                assert _ways(a, b, cutoff) & way
                assert _ways(b, a, cutoff) & way
        assert alike(a, b, cutoff) == (alike(a, b, cutoff, BY_RATIO) or alike(a, b, cutoff, BY_PIECES))


def _ways(a: Comparable, b: Comparable, cutoff: float) -> int:
    some, others = (sizes_of([text]) for text in (a, b))
    return int(ways_alike(some, others, outlines([compared(a)]), outlines([compared(b)]), cutoff)[0])


def test_sizes_tell_texts_apart() -> None:
    """A short text is no copy of one ten times as long."""
    few, many = "un mot bref et rien", "un mot " * 30
    assert not _ways(comparable(few, few, 10), comparable(many, many, 10), 85.0)


def test_outlines_tell_texts_apart() -> None:
    """Two texts of one length and of different words are no copies; a text and itself with another word may be."""
    one = "le conseil municipal a vote hier soir le budget de la nouvelle bibliotheque du quartier"
    two = "mon voisin joue du violon chaque nuit quand tout dort et personne ose lui parler encore"
    three = one.replace("budget", "projet")
    forms = [comparable(text, text, 20) for text in (one, two, three)]
    assert not _ways(forms[0], forms[1], 85.0)
    assert _ways(forms[0], forms[2], 85.0) == BY_RATIO | BY_PIECES


loose = st.text(st.sampled_from("abcdé #жя花\ud800"), max_size=60)


@given(st.lists(st.tuples(loose, loose), min_size=1, max_size=5))
def test_outlines_never_say_more_than_is_so(pairs: list[tuple[str, str]]) -> None:
    """Letters apart: at most the insertions and deletions between two texts; pieces apart: at most those of one that
    the other has not, spaces apart. Of many texts at a time as of one."""
    some, others = (outlines([pair[n] for pair in pairs]) for n in (0, 1))
    assert (outlines([pairs[0][0]])[0] == some[0]).all()
    letters, (first, second) = letters_apart(some, others), pieces_apart(some, others)
    for n, (a, b) in enumerate(pairs):
        assert letters[n] <= Indel.distance(a, b)
        of_a, of_b = (
            {s[i : i + 4] for i in range(len(s) - 3)} for s in (a.replace(" ", ""), b.replace(" ", ""))
        )
        assert first[n] <= len(of_a - of_b)
        assert second[n] <= len(of_b - of_a)


@given(st.integers(0, SKETCH), st.integers(0, SKETCH), st.integers(0, 2**32))
def test_looks_are_counted_by_half_bytes(full: int, bare: int, seed: int) -> None:
    """Two entries look alike from 12 equal half-bytes on, of the full or of the bare form."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 256, (1, 2, SKETCH), dtype=np.uint8)
    second = first ^ rng.integers(0, 16, (1, 2, SKETCH), dtype=np.uint8) << 4
    for form, same in ((0, full), (1, bare)):
        places = rng.permutation(SKETCH)[same:]
        second[0, form, places] ^= rng.integers(1, 16, len(places), dtype=np.uint8)
    rows = CopyRows(1, 85.0)
    for n in range(2):
        rows.append(
            n,
            comparable("une phrase quelconque", "une phrase quelconque", 10),
            CopyPost("p", "1", "a", 0, "", 0, ""),
        )
    rows.draw(0, [rows.texts[0], rows.texts[1]], looks_of(np.concatenate((first, second))))
    assert rows.similar(np.array([1]), np.array([0]))[0].tolist() == [0] * (max(full, bare) >= 12)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40))
def test_roots_stand_for_components(pairs: list[tuple[int, int]]) -> None:
    """Entries have one root exactly if pairs connect them, and it is the latest of them."""
    rows = CopyRows(1, 85.0)
    for n in range(31):
        rows.append(n, comparable("x", "x", 1), CopyPost("p", "1", "a", 0, "", 0, ""))
    groups = [{n} for n in range(31)]
    for a, b in pairs:
        assert rows.connect(a, b) == (groups[a] is not groups[b])
        if groups[a] is not groups[b]:
            groups[a] |= groups[b]
            for n in groups[b]:
                groups[n] = groups[a]
    assert [rows.root(n) for n in range(31)] == [max(groups[n]) for n in range(31)]


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000)), max_size=6))
def test_columns_grow_and_forget(steps: list[tuple[int, int]]) -> None:
    """What is put at the end and not yet forgotten is there."""
    column = empty(np.int64)
    kept: list[int] = []
    for more, gone in steps:
        column = grown(column, len(kept) + more)
        column[len(kept) : len(kept) + more] = range(len(kept), len(kept) + more)
        kept += range(len(kept), len(kept) + more)
        gone = min(gone, len(kept))
        column = shift(column, gone, len(kept))
        del kept[:gone]
        assert column[: len(kept)].tolist() == kept


@given(st.lists(st.lists(st.integers(-5, 5)), max_size=4))
def test_distinct_are_a_sorted_set(parts: list[list[int]]) -> None:
    """All numbers, each once, in order."""
    arrays = [np.array(part, dtype=np.int64) for part in parts]
    assert distinct(arrays).tolist() == sorted({number for part in parts for number in part})


def test_generations_end_by_time_and_by_number() -> None:
    """Generations go when all their posts are too old, or when enough posts are left without them."""
    generations = Generations()
    for turn in range(4):
        for at in range(10):
            generations.count(1, 100 * turn + at)
        generations.begin(5 * (turn + 1))
    generations.begin(99)  # nothing came: there is no new one
    assert (len(generations), generations.start, generations.present) == (40, 0, 20)
    generations.end_before(109)
    assert (len(generations), generations.start) == (30, 5)
    generations.end_beyond(20)
    assert (len(generations), generations.start) == (20, 10)
    generations.lower(10)
    assert (generations.start, generations.present) == (0, 10)
    generations.end_before(10**9)
    assert (len(generations), generations.start) == (0, 10)
