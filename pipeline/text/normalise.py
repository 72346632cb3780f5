"""What is left of a text when everything that a copyist changes cheaply is taken away.

Two forms are kept. `full` has no links, mentions, emoji, punctuation or case, but keeps the words of hashtags;
`bare` has no hashtags either. Operators salt each copy with a hashtag of its own, so copies agree in `bare`; other
campaigns are little but hashtags, so they agree in `full`.

Look-alike letters (Cyrillic "а" for Latin "a"), full-width letters and zero-width characters are folded after
Unicode TR39 by `disarm`. The result serves comparison alone and is never shown.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from disarm import canonicalize

MAX_COMPARED = 2000
"""Characters of a text that are compared; a copy of a longer text is recognised by its beginning."""

_LINK_OR_MENTION = re.compile(r"https?://\S+|www\.\S+|@\w[\w.\-]*")
_HASHTAG = re.compile(r"#\w+")
_NOT_WORD = re.compile(r"[\W_]+")
_FOREIGN = re.compile("[\u0370-\u052f]")
"""A Greek or Cyrillic letter."""
_MIXED = re.compile("[A-Za-z][\u0370-\u052f]|[\u0370-\u052f][A-Za-z]")
_WORD = re.compile("[A-Za-z\u0370-\u052f]+")


class Forms(NamedTuple):
    """The two comparable forms of a text. Either may be empty."""

    full: str
    bare: str


def _uncase(text: str) -> str:
    """Small letters and capitals are like different ones: case goes before look-alikes are folded. But in a word that
    mixes alphabets a capital stands for the Latin letter that it looks like."""
    if _FOREIGN.search(text) and _MIXED.search(text):
        text = _WORD.sub(lambda word: canonicalize(word[0]) if _MIXED.search(word[0]) else word[0], text)
    return text.casefold()


def normalise(text: str) -> Forms:
    """Both forms of a text."""
    if len(text) > MAX_COMPARED:
        text = text[:MAX_COMPARED]
    if not text.isascii():
        # Look-alikes first: a link or a hashtag may be written with them too.
        text = canonicalize(_uncase(text))
    text = text.casefold()
    if "/" in text or "www." in text or "@" in text:
        text = _LINK_OR_MENTION.sub(" ", text)
    full = _NOT_WORD.sub(" ", text).strip()
    if "#" not in text:
        return Forms(full, full)
    return Forms(full, _NOT_WORD.sub(" ", _HASHTAG.sub(" ", text)).strip())
