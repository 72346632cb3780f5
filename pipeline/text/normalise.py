"""What is left of a text when everything that a copyist changes cheaply is taken away.

Two forms are kept. `full` has no links, mentions, emoji, punctuation, accents or case, but keeps the words of hashtags;
`bare` has no hashtags either. Operators salt each copy with a hashtag of its own, so copies agree in `bare`; other
campaigns are little but hashtags, so they agree in `full`.

Look-alike letters (Cyrillic "а" for Latin "a"), full-width letters and zero-width characters are folded after
Unicode TR39 by `disarm`. The result serves comparison alone and is never shown.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from unicodedata import normalize

from disarm import canonicalize, strip_accents

MAX_COMPARED = 2000
"""Characters of a text that are compared; a copy of a longer text is recognised by its beginning."""

_LINK_OR_MENTION = re.compile(r"https?://\S+|www\.\S+|@\w[\w.\-]*")
_BARE_LINK = re.compile(r"\b(?:[\w-]+\.)+[a-z]{2,}/\S*")
"""A link without a scheme. Only with a path: "etc.bref" is no link."""
_LINK = re.compile(r"https?://\S+|www\.\S+")
_WIKI_MENTION = re.compile(r"\[(?:id|club|public|event)\w+\|[^\]\n]{1,100}\]")
"""VK writes whom a comment answers as [id1|Name]: one such name is longer than many an answer."""
_MENTION = re.compile(r"@\w[\w.\-]*")
_LISTED = 3
_LITTLE = 20
"""A post of fewer characters beside three different mentions or more is a list of people ("#ff @one @two @three"): it
says their names. One that begins with a mention is an answer, which carries the names of all who take part."""
_HASHTAG = re.compile(r"#\w+")
_NOT_WORD = re.compile(r"[\W_]+")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]+"
)
"""Characters that show nothing (Unicode: Default_Ignorable_Code_Point)."""
_GREEK = re.compile("[\u0370-\u03ff]")
_MIXED = re.compile("[A-Za-z][\u0370-\u03ff]|[\u0370-\u03ff][A-Za-z]")
_WORD = re.compile("[A-Za-z\u0370-\u03ff]+")
_VARIANT = re.compile("[œæøđłıſ\u0640\u06cc\u0649\u06a9\u0629\u06c1\u06beヘリニエロカター]|เเ")
_VARIANTS = {
    "œ": "oe",
    "æ": "ae",
    "ø": "o",
    "đ": "d",
    "ł": "l",
    "ı": "i",
    "ſ": "s",
    "\u0640": "",  # tatweel, which only makes a word longer
    "\u06cc": "\u064a",  # yeh
    "\u0649": "\u064a",
    "\u06a9": "\u0643",  # kaf
    "\u0629": "\u0647",  # heh
    "\u06c1": "\u0647",
    "\u06be": "\u0647",
    "เเ": "แ",
    "ヘ": "へ",
    "リ": "り",
    "ニ": "二",
    "エ": "工",
    "ロ": "口",
    "カ": "力",
    "タ": "夕",
    "ー": "一",
}
"""Ways to write one letter that Unicode does not call the same."""


class Forms(NamedTuple):
    """The two comparable forms of a text. Either may be empty."""

    full: str
    bare: str


def visible(text: str, limit: int) -> str:
    """The first `limit` characters that show: invisible ones must not push a text out of what is looked at."""
    return _INVISIBLE.sub("", text)[:limit] if len(text) > limit else text


def _fold(text: str) -> str:
    """Case, accents and the ways to write one letter. Case goes before look-alikes are folded: small letters and
    capitals are like different ones. But in a word that mixes Greek and Latin a capital stands for the Latin letter
    that it looks like."""
    text = normalize("NFKC", text)
    if _GREEK.search(text) and _MIXED.search(text):
        text = _WORD.sub(lambda word: canonicalize(word[0]) if _MIXED.search(word[0]) else word[0], text)
    text = strip_accents(text.casefold())
    if _VARIANT.search(text):
        text = _VARIANT.sub(lambda letter: _VARIANTS[letter[0]], text)
    return str(canonicalize(text)).casefold()


def normalise(text: str) -> Forms:
    """Both forms of a text."""
    text = visible(text, MAX_COMPARED)
    if "[" in text and "|" in text:
        text = _WIKI_MENTION.sub(" ", text)
    # Look-alikes first: a link or a hashtag may be written with them too.
    text = text.lower() if text.isascii() else _fold(text)
    whole = text
    if "/" in text or "www." in text or "@" in text:
        text = _without_links(_LINK_OR_MENTION, text)
    forms = _words(text)
    if (
        len(forms.full) < _LITTLE
        and not whole.startswith("@")
        and len(set(_MENTION.findall(whole))) >= _LISTED
    ):
        return _words(_without_links(_LINK, whole))
    return forms


def _without_links(links: re.Pattern[str], text: str) -> str:
    text = links.sub(" ", text)
    return _BARE_LINK.sub(" ", text) if "/" in text else text


def _words(text: str) -> Forms:
    full = _NOT_WORD.sub(" ", text).strip()
    if "#" not in text:
        return Forms(full, full)
    return Forms(full, _NOT_WORD.sub(" ", _HASHTAG.sub(" ", text)).strip())
