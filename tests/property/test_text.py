"""Text: nothing makes it raise, doing it twice does nothing more, and cheap changes never show."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.text.enrich import enrich
from pipeline.text.fingerprint import BANDS, SKETCH, band_keys, bands, fingerprints, text_key
from pipeline.text.normalise import normalise
from pipeline.text.phrases import phrase_flags, post_flags
from pipeline.text.urls import _parsed, canonical, domain, links
from schemas.records import Post

texts = st.text(st.characters(codec="utf-8"), max_size=120)
# Greek is left out where forms must be stable: its accents hide look-alikes that only a second pass would fold.
letters = st.one_of(
    st.characters(max_codepoint=0x2FF),
    st.characters(min_codepoint=0x400, max_codepoint=0x52F),
    st.characters(min_codepoint=0x1E00, max_codepoint=0x1EFF),
    st.characters(min_codepoint=0x2000, max_codepoint=0x206F),
    st.characters(min_codepoint=0x4E00, max_codepoint=0x4EFF),
    st.characters(min_codepoint=0xFF01, max_codepoint=0xFF5E),
    st.sampled_from("😀🔥👍🏽🇫🇷\ufe0f\u200d#@/"),
)
words = st.text("abcdefghijklmnopqrstuvwxyzéèàçœ0123456789", min_size=1, max_size=8)
sentences = st.lists(words, min_size=1, max_size=10).map(" ".join)


@settings(max_examples=1000)
@given(st.text(letters, max_size=120))
@example("İstanbul")
@example("ﬁancé ǅ ß ẞ ŉ Þór Āris")
@example("ſ K Å")
def test_normalising_twice_is_normalising_once(text: str) -> None:
    """What is left of a text stays as it is, in both forms."""
    full, bare = normalise(text)
    assert normalise(full).full == full
    assert normalise(bare).full == bare


alphabets = st.sampled_from([(0x41, 0x24F), (0x391, 0x3A1), (0x400, 0x52F)])
one_alphabet = alphabets.flatmap(
    lambda ends: st.text(
        st.characters(min_codepoint=ends[0], max_codepoint=ends[1], categories=["L"], exclude_characters="µ"),
        max_size=12,
    )
)


@given(st.lists(one_alphabet, max_size=6).map(" ".join))
def test_case_does_not_show(text: str) -> None:
    """Capitals and small letters are the same in every alphabet, as long as a word keeps to one."""
    shout = text.upper()
    assert normalise(shout) == normalise(shout.lower())


@given(texts)
def test_forms_are_words_apart_by_one_space(text: str) -> None:
    """No double spaces, no ends of space, no underscore; `bare` has no more words than `full`."""
    full, bare = normalise(text)
    assert "  " not in full + bare
    assert (full, bare) == (full.strip(), bare.strip())
    assert "_" not in full + bare
    assert len(bare.split()) <= len(full.split())


DECORATIONS = st.sampled_from([" 😀", "!!!", " @marie", " https://exemple.fr/x", "\u200b", " …", "\n"])


@given(sentences, st.lists(DECORATIONS, max_size=4), st.booleans())
def test_decorations_do_not_show(sentence: str, more: list[str], shout: bool) -> None:
    """Emoji, punctuation, mentions, links, zero-width letters and capitals make no difference."""
    text = (sentence.upper() if shout else sentence) + "".join(more)
    assert normalise(text) == normalise(sentence)


@given(sentences, st.lists(words, min_size=1, max_size=3))
def test_hashtags_do_not_show_in_the_bare_form(sentence: str, tags: list[str]) -> None:
    """Each copy may carry tags of its own."""
    assert normalise(sentence + "".join(f" #{tag}" for tag in tags)).bare == normalise(sentence).bare


@given(sentences)
def test_look_alike_letters_do_not_show(sentence: str) -> None:
    """Cyrillic letters in the place of Latin ones, and full-width ones, are folded."""
    cyrillic = sentence.translate(str.maketrans("aeopcx", "аеорсх"))
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in sentence)
    assert normalise(cyrillic) == normalise(wide) == normalise(sentence)


@settings(max_examples=300)
@given(texts, st.lists(texts, max_size=3), st.none() | texts)
def test_any_post_can_be_enriched(text: str, urls: list[str], reply: str | None) -> None:
    """No text and no link makes enrichment raise; equal full forms have equal keys."""
    enriched = enrich(Post("1", "forum", "a", 0, text, urls=tuple(urls), reply_to=reply))
    assert enriched.key == text_key(enriched.forms.full) < 1 << 63
    assert phrase_flags(enriched.forms) | post_flags(text, reply=False) < 32


@settings(max_examples=300)
@given(
    st.text(max_size=40), st.sampled_from(["https://", "http://www.", "HTTPS://EXEMPLE.fr/", "http://[", ""])
)
def test_any_link_has_one_form_and_one_domain(rest: str, start: str) -> None:
    """Canonical links of anything exist, stay as they are, and have a domain."""
    link = canonical(start + rest)
    assert canonical(link) == link
    assert isinstance(domain(link), str)
    assert all(isinstance(found, str) for found in links(start + rest))


hosts = st.sampled_from(["lemonde.fr", "a.exemple.org", "bbc.co.uk"])
paths = st.lists(st.text("abcdefgh123-", min_size=1, max_size=6), max_size=3).map(
    lambda parts: "".join(f"/{p}" for p in parts)
)


@given(
    hosts,
    paths,
    st.sampled_from(["", "www."]),
    st.sampled_from(["http", "https", "HTTPS"]),
    st.booleans(),
    st.booleans(),
)
def test_the_same_page_has_the_same_link(
    host: str, path: str, www: str, scheme: str, tracked: bool, slash: bool
) -> None:
    """However it is written down, a link leads to one page."""
    link = f"{scheme}://{www}{host.upper() if slash else host}{path}{'/' if slash else ''}"
    link += "?utm_source=lettre&fbclid=abc#bas" if tracked else ""
    assert canonical(link) == host + path


@settings(max_examples=200)
@given(st.lists(texts, max_size=6))
def test_bands_of_a_text_do_not_depend_on_its_neighbours(rows: list[str]) -> None:
    """A text has the same band keys alone and in any batch; equal texts, equal keys."""
    together = bands(rows)
    assert together.shape == (len(rows), BANDS)
    for row, text in zip(together, rows, strict=True):
        assert np.array_equal(row, bands([text])[0])


@given(st.lists(st.tuples(sentences, st.just("") | sentences), max_size=5))
def test_two_forms_have_twice_the_keys(forms: list[tuple[str, str]]) -> None:
    """Keys are counted by form: one set where the forms are equal, two where they differ."""
    keys, counts = band_keys(forms)
    assert counts.tolist() == [BANDS * (2 if bare else 1) for _, bare in forms]
    assert len(keys) == counts.sum()


@settings(max_examples=1000)
@given(
    st.sampled_from(["http://", "https://", "HTTP://", ""]),
    st.text("abW.w-Z0é@:[]", max_size=8) | st.sampled_from(["www.", "www.a.b", "WWW.x", "."]),
    st.sampled_from(["", "/", "//"]) | st.text('/a;=&+%~?#: \t\\"é|^`{}', max_size=8),
    st.sampled_from(["", "/", "?a=1", "?utm_source=1", "#x"]),
)
def test_the_short_way_for_links_is_the_long_way(scheme: str, host: str, path: str, rest: str) -> None:
    """Links that are plain enough to be read by one pattern come out as the parser has them."""
    link = scheme + host + path + rest
    assert canonical(link) == _parsed(link)


@settings(max_examples=100)
@given(st.lists(st.tuples(sentences, st.just("") | sentences), min_size=1, max_size=5))
def test_a_sketch_is_of_its_text_alone(forms: list[tuple[str, str]]) -> None:
    """The same text has the same sketch beside any others; without a bare form both are of the full one."""
    sketches = fingerprints(forms).sketches
    assert sketches.shape == (len(forms), 2, SKETCH)
    for own, (full, bare) in zip(sketches, forms, strict=True):
        assert np.array_equal(own[0], fingerprints([(full, "")]).sketches[0, 1])
        assert np.array_equal(own[1], fingerprints([(bare or full, "")]).sketches[0, 0])
