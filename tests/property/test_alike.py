"""Two texts are copies whichever comes first; order, cut ends and spaces do not hide them; strangers are not copies."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.alike import COVERED, LEAST_SQUEEZED, alike, comparable, same_pieces, weight

texts = st.text("abcdeéя水ท 1", max_size=90)
words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=9)
sentences = st.lists(words, min_size=14, max_size=20, unique=True)


@settings(max_examples=500)
@given(texts, texts, texts, texts, st.booleans())
def test_it_does_not_matter_which_comes_first(a: str, b: str, c: str, d: str, wide: bool) -> None:
    """The relation is symmetric, so links do not depend on the order of arrival."""
    assert same_pieces(a, b, wide) == same_pieces(b, a, wide)
    one, two = comparable(a, c, 20), comparable(b, d, 20)
    assert alike(one, two, 85.0) == alike(two, one, 85.0)


@given(sentences, st.data())
def test_halves_that_change_places_are_the_same_pieces(sentence: list[str], data: st.DataObject) -> None:
    """Wherever the text is parted, the parts may stand in either order."""
    place = data.draw(st.integers(0, len(sentence)))
    assert same_pieces(" ".join(sentence), " ".join(sentence[place:] + sentence[:place]))


@given(sentences)
def test_spaces_do_not_matter(sentence: list[str]) -> None:
    """Words run together and letters spelled apart are the same pieces."""
    text = " ".join(sentence)
    assert same_pieces(text, "".join(sentence))
    assert same_pieces(text, " ".join("".join(sentence)))


@given(sentences, st.floats(COVERED + 0.08, 1.0))
def test_a_cut_end_is_forgiven_down_to_what_must_be_covered(sentence: list[str], kept: float) -> None:
    """A text and its beginning are copies while the beginning is most of it."""
    text = "".join(sentence)
    cut = text[: round(kept * len(text))]
    assert same_pieces(text, cut) == (len(cut) >= LEAST_SQUEEZED)


@given(sentences, st.lists(words, min_size=14, max_size=20))
def test_half_of_a_text_does_not_make_a_copy(sentence: list[str], other: list[str]) -> None:
    """Two texts that begin alike and go on differently in their larger part are two texts."""
    half = sentence[: len(sentence) // 3]
    one = " ".join(half) + " " + "zqxj".join(sentence)
    two = " ".join(half) + " " + "kvwy".join(other)
    assert not same_pieces(one, two) or set(other) & set(sentence)


@given(st.text("abc ", max_size=20), st.text("水あ한", max_size=20))
def test_wide_letters_weigh_twice(narrow: str, wide: str) -> None:
    """Kana, ideographs and Hangul say as much as two letters."""
    assert weight(narrow) == len(narrow)
    assert weight(narrow + wide) == len(narrow) + 2 * len(wide)


def test_short_texts_have_too_few_pieces() -> None:
    """Below the least length only the ratio counts: short texts of one subject share most of their pieces."""
    assert not same_pieces("le velo de marie", "de marie le velo")
    marie, marion = "le velo de marie", "le velo de marion"
    assert alike(comparable(marie, marie, 20), comparable(marion, marion, 20), 85.0)
    one, two = (
        "坂道でも軽く進むし 電池も一週間は余裕で持ちます",
        "電池も一週間は余裕で持ちます 坂道でも軽く進むし",
    )
    assert same_pieces(one, two, wide=True)
    assert alike(comparable(one, one, 20), comparable(two, two, 20), 85.0)
