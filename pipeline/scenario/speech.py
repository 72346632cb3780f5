"""How somebody writes: a grammar for the matter, habits for the manner."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from random import Random
from typing import NamedTuple

from pipeline.scenario import english, french
from pipeline.scenario.grammar import Grammar, Rules
from pipeline.scenario.topics import things

EMOJI = tuple("😂🤣😭🙏🔥✨💪🎉😍🥲😡🙄👀🤔😎💙🍀☕🌧🌞🚲🐈🍕⚽🎶📦🌿🏠🎓🚆📺🛒🧦🥐🦆🪴")

_TAG = re.compile(r"#(\w+)")
_MENTION = re.compile(r"(?<!\w)@(\w[\w.\-]*\w)")
_URL = re.compile(r"https?://\S+")
_POLISH = {"fr": french.polish, "en": english.polish}


class Habits(NamedTuple):
    """The manner of an author. Shares are 0..1 of their posts."""

    lower: bool
    plain: bool  # without accents
    emoji: float
    hashtag: float
    brief: float


class Marks(NamedTuple):
    """What a text carries besides words."""

    hashtags: tuple[str, ...]
    mentions: tuple[str, ...]
    urls: tuple[str, ...]


def marks(text: str) -> Marks:
    """The hashtags, mentions (both without their sign) and links of a text, in order."""
    urls = tuple(_URL.findall(text)) if "://" in text else ()
    words = _URL.sub(" ", text) if urls else text
    tags = tuple(_TAG.findall(words)) if "#" in text else ()
    names = tuple(_MENTION.findall(words)) if "@" in text else ()
    return Marks(tags, names, urls)


def without_accents(text: str) -> str:
    """« été » as « ete »."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def capital(text: str) -> str:
    """The first letter of every sentence as a capital."""
    return re.sub(r"(^|[.!?…] )([a-zà-ÿ])", lambda m: m[1] + m[2].upper(), text)


@lru_cache(maxsize=256)
def grammar(lang: str, topic: str | None = None) -> Grammar:
    """The grammar of a language, on one topic or on all."""
    return Grammar({**(french.RULES if lang == "fr" else english.RULES), **things(lang, topic)})


def extended(lang: str, topic: str | None, rules: Rules) -> Grammar:
    """The same with further rules: an affair, a match, a broadcast."""
    base = french.RULES if lang == "fr" else english.RULES
    return Grammar({**base, **things(lang, topic), **rules})


def habits(rng: Random, platform: str) -> Habits:
    """The manner of one author."""
    return Habits(
        lower=rng.random() < 0.35,
        plain=rng.random() < 0.12,
        emoji=rng.random() ** 3,
        hashtag=0.0 if platform in ("forum", "youtube") else 0.5 * rng.random() ** 2,
        brief=0.1 + 0.5 * rng.random(),
    )


def form(platform: str, manner: Habits, rng: Random, reply: bool) -> str:
    """Which symbol of the grammar this post will be."""
    if rng.random() < manner.brief:
        return "short" if rng.random() < 0.45 else "reply" if reply else "middling"
    if reply:
        return "reply" if rng.random() < 0.6 else "post"
    return "long" if platform == "forum" and rng.random() < 0.5 else "post"


def speak(source: Grammar, symbol: str, lang: str, manner: Habits, rng: Random) -> str:
    """One text in somebody's manner."""
    text = _POLISH[lang](source.say(symbol, rng))
    text = text.lower() if manner.lower else capital(text)
    if manner.plain:
        text = without_accents(text)
    if rng.random() < manner.emoji:
        text = f"{text} {''.join(rng.choices(EMOJI, k=1 + int(2 * rng.random() ** 2)))}"
    return text
