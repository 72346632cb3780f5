"""How operators make copies of one text look different: each salt changes one thing, and every copy differently."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from random import Random

from pipeline.scenario.speech import EMOJI
from tests.eval.evasion_texts import TAGS, WORDS

Salt = Callable[[str, str, Random], str]
"""(text, language, randomness) -> the salted text."""

_ID = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_GREEK = str.maketrans("ABEHIKMNOPTXZaiopuv", "ΑΒΕΗΙΚΜΝΟΡΤΧΖαιορυν")
_CYRILLIC = str.maketrans("ABCEHKMOPTXacehijopsxy", "АВСЕНКМОРТХасеһіјорѕху")
_LATIN = str.maketrans("АВСЕНКМОРТХасеорху", "ABCEHKMOPTXaceopxy")
_ARABIC = str.maketrans("يكىأإ", "یکیاا")
_HALF_KANA = {unicodedata.normalize("NFKC", chr(code)): chr(code) for code in range(0xFF66, 0xFF9E)}
_KANA = str.maketrans("へべぺりー二工口力夕", "ヘベペリ一ニエロカタ")
_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_SENTENCE = re.compile(r"(?<=[.!?…؟])\s+|(?<=[。！？])\s*")


def _between(text: str, pieces: Sequence[str], rng: Random) -> str:
    """The pieces at random places, not within a word where there are spaces."""
    for piece in pieces:
        places = [m.start() for m in re.finditer(r"\s", text)]
        place = rng.choice(places) if len(places) > 4 else rng.randrange(len(text) + 1)
        text = f"{text[:place]}{piece}{text[place:]}"
    return text


def _tag(lang: str, rng: Random) -> str:
    return f"#{rng.choice(TAGS[lang])}{rng.choice(('', str(rng.randrange(1000))))}"


def hashtag_before(text: str, lang: str, rng: Random) -> str:
    """One or two hashtags of the account's own in front."""
    return " ".join([*(_tag(lang, rng) for _ in range(rng.choice((1, 1, 2)))), text])


def hashtag_after(text: str, lang: str, rng: Random) -> str:
    """One to three hashtags of the account's own behind."""
    return " ".join([text, *(_tag(lang, rng) for _ in range(rng.choice((1, 1, 2, 3))))])


def mentions(text: str, lang: str, rng: Random) -> str:
    """One to three people called, at either end; plain handles, federated ones, or a forum's markup."""
    del lang
    names = []
    for _ in range(rng.choice((1, 2, 3))):
        name = "".join(rng.choices(_ID.lower(), k=rng.randrange(5, 13)))
        names.append(
            rng.choice(
                (
                    f"@{name}",
                    f"@{name}",
                    f"@{name}.bsky.social",
                    f"@{name}@exemple.social",
                    f"[id{rng.randrange(10**8)}|{name}]",
                )
            )
        )
    return f"{' '.join(names)} {text}" if rng.random() < 0.6 else f"{text} {' '.join(names)}"


def short_link(text: str, lang: str, rng: Random) -> str:
    """A short link of its own behind or in the middle, with or without a scheme."""
    del lang
    host = rng.choice(("lien.example", "s.example", "bit.example"))
    link = f"{rng.choice(('https://', 'http://', ''))}{host}/{''.join(rng.choices(_ID, k=7))}"
    return f"{text} {link}" if rng.random() < 0.8 else _between(text, [f" {link} "], rng)


def emoji(text: str, lang: str, rng: Random) -> str:
    """Up to five emoji, at the ends or between words."""
    del lang
    return _between(text, rng.choices(EMOJI, k=rng.randrange(1, 6)), rng)


def _some(text: str, change: Callable[[str], str], share: float, rng: Random) -> str:
    return "".join(change(c) if rng.random() < share else c for c in text)


def look_alikes(text: str, lang: str, rng: Random) -> str:
    """Letters of other alphabets that look the same, full-width or mathematical ones; a third or more of them."""
    share = rng.uniform(0.3, 1.0)
    if lang == "ru":
        return _some(text, lambda c: c.translate(_LATIN), share, rng)
    if lang == "ar":
        return _some(text, lambda c: c.translate(_ARABIC), share, rng)
    if lang == "ja":
        return _some(text, lambda c: _HALF_KANA.get(c, c.translate(_KANA)), share, rng)
    if lang == "th":
        return text.replace("แ", "เเ").replace("ำ", "ํา")
    manner = rng.choice(("cyrillic", "greek", "wide", "mathematical"))
    if manner == "wide":
        return _some(text, lambda c: chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c, share, rng)
    if manner == "mathematical":
        start = rng.choice((0x1D400, 0x1D5D4, 0x1D670))  # bold, sans-serif bold, monospace

        def styled(c: str) -> str:
            if "A" <= c <= "Z":
                return chr(start + ord(c) - ord("A"))
            return chr(start + 26 + ord(c) - ord("a")) if "a" <= c <= "z" else c

        return _some(text, styled, share, rng)
    table = _CYRILLIC if manner == "cyrillic" else _GREEK
    return _some(text, lambda c: c.translate(table), share, rng)


def zero_width(text: str, lang: str, rng: Random) -> str:
    """Invisible characters between a fifth of the letters."""
    del lang
    return "".join(c + (rng.choice(_ZERO_WIDTH) if rng.random() < 0.2 else "") for c in text)


def zero_width_padding(text: str, lang: str, rng: Random) -> str:
    """Thousands of invisible characters in front of the text and within."""
    del lang
    place = rng.randrange(len(text))
    pads = ["".join(rng.choices(_ZERO_WIDTH, k=rng.randrange(800, 3000))) for _ in range(2)]
    return f"{pads[0]}{text[:place]}{pads[1]}{text[place:]}"


def case(text: str, lang: str, rng: Random) -> str:
    """All small, all capitals, every word with a capital, or letters at random."""
    del lang
    manner = rng.randrange(4)
    if manner == 3:
        return _some(text, str.swapcase, 0.5, rng)
    return (text.lower(), text.upper(), text.title())[manner]


def accents(text: str, lang: str, rng: Random) -> str:
    """Accents taken away, or put where none belong; vowel signs in Arabic."""
    if lang == "ar":
        return "".join(c + (rng.choice("َُِّ") if c.isalpha() and rng.random() < 0.4 else "") for c in text)
    if rng.random() < 0.5 and lang in ("fr", "ru"):
        plain = unicodedata.normalize("NFD", text)
        return unicodedata.normalize("NFC", "".join(c for c in plain if not unicodedata.combining(c)))
    vowels = "aeiouаеиоуэюяы"
    marked = "".join(
        c + (rng.choice("\u0300\u0301\u0302\u0308") if c in vowels and rng.random() < 0.3 else "")
        for c in text
    )
    return unicodedata.normalize(rng.choice(("NFC", "NFD")), marked)


def punctuation(text: str, lang: str, rng: Random) -> str:
    """Other marks at the ends, and more or fewer between words."""
    manner = rng.randrange(3)
    if manner == 0:
        return re.sub(r"[.,!?…;:、。؟،'’\-]", "", text)
    if manner == 1:
        end = rng.choice(("!!!", "...", " —", " :)", "؟!", "。。"))
        return re.sub(r"[.!?…。؟]", end, text)
    marks = "、。・" if lang == "ja" else ",.-;"
    return _between(text, [rng.choice(marks) for _ in range(rng.randrange(2, 6))], rng)


def word_added(text: str, lang: str, rng: Random) -> str:
    """One or two words more."""
    apart = "" if lang in ("ja", "th") else " "
    return _between(
        text, [f"{apart}{rng.choice(WORDS[lang])}" for _ in range(rng.choice((1, 1, 2)))], rng
    ).strip()


def word_dropped(text: str, lang: str, rng: Random) -> str:
    """One word less; in texts without spaces two to five characters."""
    words = text.split(" ")
    if lang in ("ja", "th") or len(words) < 5:
        place, length = rng.randrange(len(text) - 5), rng.randrange(2, 6)
        return text[:place] + text[place + length :]
    del words[rng.randrange(len(words))]
    return " ".join(words)


def sentences_swapped(text: str, lang: str, rng: Random) -> str:
    """The text begins with any of its sentences, and goes round; where spaces alone part them, with its second half.
    About half of the copies of a text of two sentences are therefore as it was."""
    sentences = [one for one in _SENTENCE.split(text) if one]
    if len(sentences) < 2:
        words = text.split(" ")
        middle = (len(words) + 1) // 2
        sentences = [" ".join(words[:middle]), " ".join(words[middle:])]
    first = rng.randrange(len(sentences))
    return ("" if lang == "ja" else " ").join([*sentences[first:], *sentences[:first]]).strip()


def end_cut(text: str, lang: str, rng: Random) -> str:
    """A tenth to a third of the text is missing behind, as where a platform cuts it."""
    del lang
    return text[: round(len(text) * rng.uniform(0.68, 0.9))].rstrip() + rng.choice(("…", "...", ""))


SALTS: dict[str, Salt] = {
    salt.__name__: salt
    for salt in (
        hashtag_before,
        hashtag_after,
        mentions,
        short_link,
        emoji,
        look_alikes,
        zero_width,
        zero_width_padding,
        case,
        accents,
        punctuation,
        word_added,
        word_dropped,
        sentences_swapped,
        end_cut,
    )
}

_ORDER = (
    "sentences_swapped",
    "word_dropped",
    "word_added",
    "end_cut",
    "punctuation",
    "case",
    "accents",
    "look_alikes",
)
"""What changes the words comes first and what hides letters comes last, as people would do it."""

_NOT_IN = {"case": ("ar", "ja", "th"), "accents": ("ja", "th")}


def applies(salt: str, lang: str) -> bool:
    """Whether a script has what this salt changes."""
    return lang not in _NOT_IN.get(salt, ())


def salted(text: str, lang: str, salts: Sequence[str], rng: Random) -> str:
    """The text after these salts."""
    ranks = {name: rank for rank, name in enumerate(_ORDER)}
    for name in sorted(salts, key=lambda name: ranks.get(name, len(ranks))):
        text = SALTS[name](text, lang, rng)
    return text
