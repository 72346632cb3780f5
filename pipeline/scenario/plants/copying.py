"""How the copies of a campaign are made to look different."""

from __future__ import annotations

from random import Random

from pipeline.scenario.authors import Author
from pipeline.scenario.names import FIRST_FR, LAST
from pipeline.scenario.speech import EMOJI, without_accents

_SHORT = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def short_link(rng: Random) -> str:
    """A link of a shortener; each leads to the same place, which nobody sees."""
    return f"https://lien.example/{''.join(rng.choices(_SHORT, k=7))}"


def own_hashtag(rng: Random) -> str:
    """A hashtag that one account uses and no other."""
    return f"#{without_accents(rng.choice(FIRST_FR) + rng.choice(LAST))}{rng.randrange(10, 99)}"


def disguise(core: str, author: Author, tag: str, friends: list[str], rng: Random) -> str:
    """One copy: mentions, link, emoji, hashtag of its own, sometimes another case, no accents."""
    text = core
    manner = rng.random()
    if manner < 0.15:
        text = without_accents(text)
    elif manner < 0.30:
        text = text.lower()
    elif manner < 0.36:
        text = text.upper()
    if rng.random() < 0.3:
        text = text.replace(",", "").replace(" !", "!!").replace(".", "…")
    if rng.random() < 0.55:
        emoji = "".join(rng.choices(EMOJI, k=rng.randrange(1, 4)))
        text = f"{emoji} {text}" if rng.random() < 0.3 else f"{text} {emoji}"
    if rng.random() < 0.5:
        text = f"@{rng.choice([name for name in friends if name != author.handle])} {text}"
    text = f"{tag} {text}" if rng.random() < 0.35 else f"{text} {tag}"
    return f"{text} {short_link(rng)}" if rng.random() < 0.8 else text
