"""Words that somebody says are not theirs are recognised by the marks that people put."""

from __future__ import annotations

import pytest

from pipeline.text.normalise import visible
from pipeline.text.quotes import agency_credit, quotation


@pytest.mark.parametrize(
    "text",
    [
        "« On ne voit bien qu'avec le cœur » — Antoine de Saint-Exupéry",
        '"The only way out is through the river" - Ann Lowell',
        "“Be kind whenever it is possible.” #quote https://a.example/1",
        "@marie „Der Weg ist das Ziel, sagt man“",
        "「坂道でも軽く進むし、電池も一週間は持ちます」",
        "🎶 et la nuit s'en va danser sur les toits 🎶",
        "Paroles : et la nuit s'en va danser sur les toits",
    ],
)
def test_quotations_and_songs(text: str) -> None:
    """Quotation marks around all of it, with or without an author, and notes."""
    assert quotation(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "«»",
        "“bravo”",
        "Le maire a dit « nous verrons bien » et nous n'avons rien vu",
        "« nous verrons bien demain » a dit le maire, et je vous le dis : achetez ailleurs, chez le concurrent, vite",
        "c'est le velo de mon père, l'incroyable",
    ],
)
def test_words_of_ones_own(text: str) -> None:
    """A quotation within one's own words, or followed by them, is no quotation."""
    assert not quotation(text)


@pytest.mark.parametrize(
    "text",
    [
        "PARIS (AFP) - Un incendie a détruit un entrepôt",
        "Un incendie a détruit un entrepôt (avec AFP)",
        "Reuters - Fire destroys warehouse",
        "Fire destroys warehouse. Source: Reuters",
        "Пожар уничтожил склад в порту (ТАСС)",
    ],
)
def test_agency_copy(text: str) -> None:
    """The agency's name in brackets, in front, or as the source."""
    assert agency_credit(text)


@pytest.mark.parametrize(
    "text", ["l'AFP se trompe encore", "APRÈS (ap)rès", "I read Reuters every day", "AP"]
)
def test_talk_about_agencies(text: str) -> None:
    """An agency's name among other words is no credit."""
    assert not agency_credit(text)


def test_what_shows_counts() -> None:
    """Invisible characters take no room; a text short enough stays as it is."""
    assert visible("\u200b" * 500 + "abc" + "\ufeff" * 10 + "def", 4) == "abcd"
    assert visible("a\u200bb", 10) == "a\u200bb"


def test_hostile_texts_end() -> None:
    """Long runs of opening marks or near misses are looked through in no time worth speaking of."""
    for text in ("“" * 5000, "« " * 3000 + "x" * 3000, '"' + "a -" * 4000, "(AFP " * 3000):
        quotation(text[:240])
        agency_credit(text[:240])
