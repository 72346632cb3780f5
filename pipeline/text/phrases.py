"""Texts that many people write without having agreed on it, told by their words, as a set of bits."""

from __future__ import annotations

import re
from typing import Final

from pipeline.text.normalise import Forms, normalise

GREETING: Final = 1
GIVEAWAY: Final = 2
BOILERPLATE: Final = 4
REPLY: Final = 8
MANUAL_REPOST: Final = 16

# Normalised text has its look-alike letters folded, Russian words too.
_RUSSIAN = "|".join(
    normalise(phrase).full
    for phrase in (
        "с новым годом",
        "с днем рождения",
        "с днём рождения",
        "с добрым утром",
        "с рождеством",
        "доброе утро",
    )
)

# Written against normalised text: no case, no punctuation, words apart by one space.
_GREETING = re.compile(
    r"\b(joyeux (noel|anniversaire)|joyeuses (fetes|fêtes|paques|pâques)|"
    r"bonne (annee|année|journee|journée|nuit|fete|fête|semaine|soiree|soirée)"
    r"|bon (anniversaire|week end|weekend|courage)|meilleurs v(œ|oe)ux|joyeux noël"
    r"|happy (new year|birthday|thanksgiving|easter|mother s day|father s day|halloween|holidays|friday)"
    r"|merry christmas|good (morning|night)|rest in peace|rip)\b"
    rf"|\b({_RUSSIAN})\b"
)
_GIVEAWAY = re.compile(
    r"\b(concours|giveaway|(rt|retweet\w*|repost\w*|partage\w*|like\w*) "
    r"(and|et|plus|to|pour|\w+ ){0,3}(follow|win|gagner|tenter)"
    r"|(follow|suivez?|abonne\w*) .{0,40}\b(rt|retweet\w*|partage\w*)|tirage au sort|chance to win)\b"
)
_BOILERPLATE = re.compile(
    r"\b(i (just )?(activated|earned|unlocked|signed|voted|liked a|added a video|posted a "
    r"(new )?(photo|video)|checked in)"
    r"|j ai (signe|signé|vote|voté|aime une|aimé une) .{0,20}(petition|pétition|video|vidéo)"
    r"|(signez|sign) (la|the|cette|this) (petition|pétition)"
    r"|my (daily|week on) (stats|twitter)|via (youtube|change org|lemonde))\b"
)
_MANUAL_REPOST = re.compile(r"^\W*RT\s*:?\s*@", re.IGNORECASE)


def post_flags(text: str, reply: bool) -> int:
    """The bits that each post has of its own."""
    flags = REPLY if reply else 0
    return flags | MANUAL_REPOST if _MANUAL_REPOST.match(text) else flags


def phrase_flags(forms: Forms) -> int:
    """The bits that a text's wording gives, the same for all its copies."""
    flags = GREETING if _GREETING.search(forms.full) else 0
    if _GIVEAWAY.search(forms.full):
        flags |= GIVEAWAY
    if _BOILERPLATE.search(forms.full):
        flags |= BOILERPLATE
    return flags
